package io.javatorch.streaming.cache;

import io.javatorch.streaming.format.ShardIndex;
import io.javatorch.streaming.format.ShardInfo;
import io.javatorch.streaming.storage.Downloader;
import io.javatorch.streaming.storage.RetryPolicy;
import io.javatorch.streaming.storage.Storages;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.LongAdder;

/**
 * A process of its own that reads every sample of a data set. Arguments: the data set, a directory
 * for its shards, the shard to begin with, and for a cache with a limit the limit and how many
 * processes share it. The system property threads says how many threads read.
 */
final class ReadAllShards {
  private ReadAllShards() {}

  public static void main(String[] args) throws Exception {
    var directory = Path.of(args[0]);
    var own = Path.of(args[1]);
    // Every process starts elsewhere, so that they meet in all states of a shard.
    int first = Integer.parseInt(args[2]);
    boolean limited = args.length > 3;
    var shards = ShardIndex.read(directory).shards();
    var files =
        limited
            ? new StreamFiles(
                own,
                own,
                Optional.of(
                    new Downloader(Storages.connect(directory.toString()), RetryPolicy.DEFAULT)),
                shards,
                List.of("sha1"),
                false)
            : new StreamFiles(directory, own, Optional.empty(), shards, List.of(), false);
    int threads = Integer.getInteger("threads", 1);
    var sums = new LongAdder();
    try (var cache =
        new ShardCache(
            List.of(files),
            limited ? Long.parseLong(args[3]) : 0,
            limited ? Integer.parseInt(args[4]) : 1)) {
      var pool = Executors.newFixedThreadPool(threads);
      var readers = new ArrayList<Future<?>>();
      for (int thread = 0; thread < threads; thread++) {
        // Threads of one process begin apart, but read all shards too.
        int start = first + 13 * thread;
        readers.add(pool.submit(() -> sums.add(sum(cache, shards, start))));
      }
      for (Future<?> reader : readers) {
        reader.get();
      }
      pool.shutdown();
      System.out.println(
          "sum "
              + sums.sum() / threads
              + " decompressed "
              + cache.metrics().decompressedShards()
              + " evicted "
              + cache.metrics().evictedShards());
    }
  }

  private static long sum(ShardCache cache, List<ShardInfo> shards, int first) {
    long sum = 0;
    for (int i = 0; i < shards.size(); i++) {
      int shard = (i + first) % shards.size();
      for (int index = 0; index < shards.get(shard).samples(); index++) {
        sum += cache.get(shard, index).getLong("id");
      }
    }
    return sum;
  }
}
