package io.javatorch.streaming;

import io.javatorch.streaming.format.MdsWriter;
import io.javatorch.streaming.format.ShardIndex;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Writes small data sets whose samples hold their own id. */
public final class TestShards {
  private TestShards() {}

  /** One sub-directory with one shard for each size, merged as a conversion leaves them. */
  public static Path write(Path root, String compression, int... sizes) throws IOException {
    long id = 0;
    for (int part = 0; part < sizes.length; part++) {
      Path directory = root.resolve(String.format("%05d", part));
      Files.createDirectories(directory);
      var builder =
          MdsWriter.builder(directory)
              .column("id", "int")
              .column("text", "str")
              .column("half", "float32")
              .hashes("sha1");
      if (compression != null) {
        builder.compression(compression);
      }
      try (var writer = builder.open()) {
        for (int i = 0; i < sizes[part]; i++, id++) {
          writer.row().set("id", id).set("text", "sample " + id).set("half", id / 2f).write();
        }
        writer.finish();
      }
    }
    ShardIndex.merge(root);
    return root;
  }
}
