package io.javatorch.streaming.format;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * Writes one shard of a given size and reads all of it, in a process whose heap is far smaller.
 * Arguments: a directory, the shard's size, the writer's buffer in bytes, and a compression if any.
 */
final class BigShardMain {
  private static final int SAMPLE_BYTES = 1 << 20;

  private BigShardMain() {}

  public static void main(String[] args) throws IOException {
    var directory = Path.of(args[0]);
    long bytes = Long.parseLong(args[1]);
    var builder =
        MdsWriter.builder(directory)
            .column("n", "int")
            .column("x", "bytes")
            .hashes("xxh64")
            .bufferBytes(Long.parseLong(args[2]))
            .noSizeLimit();
    if (args.length > 3) {
      builder.compression(args[3]);
    }
    var noise = new byte[2 * SAMPLE_BYTES];
    new Random(1).nextBytes(noise);
    int samples = Math.toIntExact(bytes / SAMPLE_BYTES);
    try (var writer = builder.open()) {
      for (int i = 0; i < samples; i++) {
        writer.row().set("n", i).set("x", value(noise, i)).write();
      }
      writer.finish();
    }
    var shard = ShardIndex.read(directory).shards().get(0);
    var file = shard.data();
    ShardFiles.verify(file.stored(), file.stored().in(directory), shard.hashes());
    if (file.zip().isPresent()) {
      ShardFiles.decompress(
          shard, file, file.stored().in(directory), file.raw().in(directory), shard.hashes());
    }
    long sum = 0;
    try (var reader = ShardReader.open(directory, shard)) {
      for (int i = samples - 1; i >= 0; i--) {
        var sample = reader.get(i);
        if (sample.getLong("n") != i || !Arrays.equals(sample.getBytes("x"), value(noise, i))) {
          throw new AssertionError("sample " + i + " is another");
        }
        sum += sample.size(1);
      }
    }
    System.out.printf(
        "scale: %s: one shard of %d bytes, stored in %d, written and read with a heap of %d%n",
        args.length > 3 ? args[3] : "uncompressed",
        file.raw().bytes(),
        file.stored().bytes(),
        Runtime.getRuntime().maxMemory());
    if (sum != (long) samples * SAMPLE_BYTES) {
      throw new AssertionError("bytes are missing");
    }
    // Nothing of the writer's temporary files is left.
    try (var files = Files.list(directory)) {
      var names = files.map(path -> path.getFileName().toString()).sorted().toList();
      var expected =
          file.zip().isPresent()
              ? List.of("index.json", "shard.00000.mds", "shard.00000.mds." + args[3])
              : List.of("index.json", "shard.00000.mds");
      if (!names.equals(expected)) {
        throw new AssertionError("there are " + names);
      }
    }
  }

  /** Half of it noise, half of it zeros. */
  private static byte[] value(byte[] noise, int sample) {
    var value = new byte[SAMPLE_BYTES];
    System.arraycopy(noise, (sample * 7_919) % SAMPLE_BYTES, value, 0, SAMPLE_BYTES / 2);
    return value;
  }
}
