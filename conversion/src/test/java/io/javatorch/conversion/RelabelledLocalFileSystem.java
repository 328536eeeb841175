package io.javatorch.conversion;

import java.net.URI;
import org.apache.hadoop.fs.RawLocalFileSystem;

/** The local disk under a scheme that only Hadoop knows. */
public final class RelabelledLocalFileSystem extends RawLocalFileSystem {
  @Override
  public URI getUri() {
    return URI.create("viafs:///");
  }

  @Override
  public String getScheme() {
    return "viafs";
  }
}
