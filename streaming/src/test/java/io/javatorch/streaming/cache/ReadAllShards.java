package io.javatorch.streaming.cache;

import io.javatorch.streaming.format.ShardIndex;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A process of its own that reads every sample of a data set. */
final class ReadAllShards {
  private ReadAllShards() {}

  public static void main(String[] args) throws Exception {
    var directory = Path.of(args[0]);
    var shards = ShardIndex.read(directory).shards();
    long sum = 0;
    try (var cache =
        new ShardCache(
            List.of(
                new StreamFiles(
                    directory, Path.of(args[1]), Optional.empty(), shards, List.of(), false)),
            0,
            1)) {
      // Every process starts elsewhere, so that they meet in all states of a shard.
      int first = Integer.parseInt(args[2]);
      for (int i = 0; i < shards.size(); i++) {
        int shard = (i + first) % shards.size();
        for (int index = 0; index < shards.get(shard).samples(); index++) {
          sum += cache.get(shard, index).getLong("id");
        }
      }
      System.out.println("sum " + sum + " decompressed " + cache.metrics().decompressedShards());
    }
  }
}
