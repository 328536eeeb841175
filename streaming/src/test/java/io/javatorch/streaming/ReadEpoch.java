package io.javatorch.streaming;

import io.javatorch.streaming.storage.RetryPolicy;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;

/**
 * A rank of its own process that reads one epoch. Arguments: the remote and the local directory,
 * the cache's limit in bytes (0 for none), rank, ranks of the host, shuffle block size (0 for no
 * shuffle), and whether to wait for a line of input before each batch and to write one after it.
 * Prints the samples' sum, their number, and the bytes that it downloaded.
 */
final class ReadEpoch {
  private ReadEpoch() {}

  public static void main(String[] args) throws IOException {
    long limit = Long.parseLong(args[2]);
    long block = Long.parseLong(args[5]);
    var builder =
        StreamingDataset.builder()
            .remote(args[0])
            .local(Path.of(args[1]))
            .batchSize(16)
            .validateHash("sha1")
            .retries(new RetryPolicy(3, Duration.ofSeconds(60), Duration.ofMillis(10)))
            .world(World.of(Integer.parseInt(args[3]), 1, Integer.parseInt(args[4])));
    if (limit > 0) {
      builder.cacheLimit(limit);
    }
    if (block > 0) {
      builder.shuffle(true).shuffleBlockSize(block);
    }
    try (var dataset = builder.build();
        var loader = StreamingDataLoader.builder(dataset).workers(2).build(s -> s.getLong("id"))) {
      long sum = 0;
      long samples = 0;
      boolean inStep = Boolean.parseBoolean(args[6]);
      var batches = loader.iterator();
      for (pause(inStep); batches.hasNext(); pause(inStep)) {
        var batch = batches.next();
        for (long id : batch) {
          sum += id;
          samples++;
        }
        if (inStep) {
          System.out.println("batch");
        }
      }
      System.out.println("end " + sum + " " + samples + " " + dataset.metrics().downloadedBytes());
    }
  }

  private static void pause(boolean inStep) throws IOException {
    if (inStep && System.in.read() < 0) {
      throw new IOException("nobody leads the ranks any more");
    }
  }
}
