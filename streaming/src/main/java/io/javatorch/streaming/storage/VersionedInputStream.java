package io.javatorch.streaming.storage;

import java.io.FilterInputStream;
import java.io.InputStream;
import java.util.Objects;

/**
 * A stream of a file that knows which version of it is read. A {@link Storage} returns one where it
 * can, so that nobody puts parts of two versions together.
 */
public final class VersionedInputStream extends FilterInputStream {
  private final String version;

  /**
   * Closes the given stream with this one.
   *
   * @param version equal for parts of one version of the file, and likely for no others, such as an
   *     ETag, or a time of change and a size
   */
  public VersionedInputStream(InputStream in, String version) {
    super(in);
    this.version = Objects.requireNonNull(version, "version");
  }

  /** What tells the version from others. */
  public String version() {
    return version;
  }
}
