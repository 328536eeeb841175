package io.javatorch.conversion;

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

  public static List<String> entries(Path directory) throws IOException {
    try (var entries = Files.list(directory)) {
      return entries.map(entry -> entry.getFileName().toString()).sorted().toList();
    }
  }
}
