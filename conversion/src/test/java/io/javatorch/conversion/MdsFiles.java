package io.javatorch.conversion;

import io.javatorch.conversion.schema.SchemaSidecar;
import io.javatorch.streaming.format.ShardFiles;
import io.javatorch.streaming.format.ShardIndex;
import io.javatorch.streaming.format.ShardReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/** Reads what a conversion wrote, as any reader of the merged index would. */
public final class MdsFiles {
  private MdsFiles() {}

  public static List<Map<String, Object>> samples(Path root) throws IOException {
    var raw = Files.createTempDirectory("mds-raw-");
    try {
      var samples = new ArrayList<Map<String, Object>>();
      for (var shard : ShardIndex.read(root).shards()) {
        for (var file : shard.files()) {
          var target = file.raw().in(raw);
          Files.createDirectories(target.getParent());
          var stored = file.stored().in(root);
          ShardFiles.verify(file.stored(), stored, shard.hashes());
          if (file.zip().isPresent()) {
            ShardFiles.decompress(shard, file, stored, target, List.of());
          } else {
            Files.copy(stored, target);
          }
        }
        try (var reader = ShardReader.open(raw, shard)) {
          reader.forEach(sample -> samples.add(sample.toMap()));
        }
      }
      return samples;
    } finally {
      try (var files = Files.walk(raw)) {
        for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }

  /** What lies in a directory; the hash in the name of a data set's types is shown as a star. */
  public static List<String> entries(Path directory) throws IOException {
    try (var entries = Files.list(directory)) {
      return entries
          .map(
              entry ->
                  entry
                      .getFileName()
                      .toString()
                      .replaceAll("_spark-schema\\.[0-9a-f]{16}\\.json", "_spark-schema.*.json"))
          .sorted()
          .toList();
    }
  }

  /** The file of the types of a data set. */
  public static Path sidecar(Path root) throws IOException {
    return root.resolve(SchemaSidecar.basename(ShardIndex.read(root).shards()));
  }
}
