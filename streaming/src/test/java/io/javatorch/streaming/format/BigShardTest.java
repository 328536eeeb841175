package io.javatorch.streaming.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.javatorch.streaming.format.ShardReader.Pickles;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ReadOnlyBufferException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Shards larger than the heap and than what Java maps at once, and views of them that copy nothing.
 * Small in the build; set {@code -Djavatorch.scale.shardBytes=2700000000} for a true one.
 */
class BigShardTest {
  @TempDir private Path directory;

  @ParameterizedTest
  @ValueSource(strings = {"", "zstd"})
  void writesAndReadsAShardOfSeveralTimesTheHeap(String compression)
      throws IOException, InterruptedException {
    long bytes = Long.getLong("javatorch.scale.shardBytes", 96L << 20);
    var log = directory.resolve("log");
    var command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx64m",
                "-XX:+ExitOnOutOfMemoryError",
                "-cp",
                System.getProperty("java.class.path"),
                BigShardMain.class.getName(),
                directory.resolve("data").toString(),
                Long.toString(bytes),
                Integer.toString(16 << 20)));
    if (!compression.isEmpty()) {
      command.add(compression);
    }
    var process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    try {
      assertThat(process.waitFor(5, TimeUnit.MINUTES)).isTrue();
    } finally {
      process.destroyForcibly();
    }
    var text = Files.readString(log);
    text.lines().filter(line -> line.startsWith("scale:")).forEach(System.out::println);
    assertThat(process.exitValue()).as(text).isZero();
  }

  @Test
  void writesTheSameShardWithAndWithoutTheHelpOfAFile() throws IOException {
    for (var compression : List.of("", "br:1", "gz", "zstd:3")) {
      var files = new ArrayList<byte[]>();
      for (long buffer : new long[] {1 << 28, 1}) {
        var data = directory.resolve("data-" + compression.replace(':', '-') + buffer);
        var builder =
            MdsWriter.builder(data).column("x", "bytes").bufferBytes(buffer).noSizeLimit();
        if (!compression.isEmpty()) {
          builder.compression(compression);
        }
        try (var writer = builder.open()) {
          for (int i = 0; i < 400; i++) {
            var value = ("sample " + i + " ").repeat(1_000);
            writer.write(Map.of("x", value.getBytes(StandardCharsets.US_ASCII)));
          }
          var shard = writer.finish().shards().get(0);
          var raw = data.resolve("raw");
          if (shard.compression().isPresent()) {
            var file = shard.data();
            ShardFiles.decompress(shard, file, file.stored().in(data), raw, List.of());
          } else {
            Files.copy(shard.data().raw().in(data), raw);
          }
          files.add(Files.readAllBytes(raw));
        }
      }
      // What is compressed as a stream names itself the same, and holds the same.
      assertThat(files.get(1)).as(compression).isEqualTo(files.get(0));
    }
  }

  @Test
  void readsAcrossThePartsInWhichALargeFileIsMapped() throws IOException {
    ShardInfo shard;
    try (var writer = MdsWriter.builder(directory).column("x", "bytes").noSizeLimit().open()) {
      for (int i = 0; i < 300; i++) {
        var value = new byte[i];
        java.util.Arrays.fill(value, (byte) i);
        writer.write(Map.of("x", value));
      }
      shard = writer.finish().shards().get(0);
    }
    // Samples that fit in a part at any place of it, and samples longer than a part.
    for (int step : new int[] {64, 257, 1_000, 4_096, 1 << 20}) {
      try (var reader = ShardReader.open(directory, shard, Pickles.REFUSED, step)) {
        for (int i = 0; i < 300; i++) {
          var expected = new byte[i];
          java.util.Arrays.fill(expected, (byte) i);
          assertThat(reader.get(i).getBytes("x")).isEqualTo(expected);
        }
      }
    }
  }

  @Test
  void givesViewsThatOutliveTheReaderAndTheFile() throws IOException {
    try (var writer =
        MdsWriter.builder(directory).column("a", "ndarray:int64").column("x", "bytes").open()) {
      for (int i = 0; i < 3; i++) {
        writer.write(Map.of("a", new long[] {i, 7}, "x", new byte[] {(byte) i, 9}));
      }
      writer.finish();
    }
    NdArray array;
    ByteBuffer bytes;
    Sample sample;
    try (var reader = ShardReader.open(directory, ShardIndex.read(directory).shards().get(0))) {
      sample = reader.get(2);
      array = sample.getNdArray("a");
      bytes = sample.getBuffer("x");
      assertThat(bytes.isDirect()).isTrue();
      assertThat(array.data().isDirect()).isTrue();
      reader.close();
      assertThatThrownBy(() -> reader.get(0)).isInstanceOf(IllegalStateException.class);
    }
    Files.delete(directory.resolve("shard.00000.mds"));
    System.gc();
    assertThat(array.toLongArray()).containsExactly(2, 7);
    assertThat(bytes).isEqualTo(ByteBuffer.wrap(new byte[] {2, 9}));
    assertThat(sample.getBytes("x")).containsExactly(2, 9);
    assertThatThrownBy(() -> bytes.put(0, (byte) 1)).isInstanceOf(ReadOnlyBufferException.class);
    assertThatThrownBy(() -> array.data().put(0, (byte) 1))
        .isInstanceOf(ReadOnlyBufferException.class);
  }

  @Test
  void readsNumbersWithoutBoxingAndViewsWithoutCopying() throws IOException {
    try (var writer =
        MdsWriter.builder(directory)
            .column("f", "float32")
            .column("i", "int32")
            .column("l", "int")
            .column("x", "bytes")
            .open()) {
      writer.write(Map.of("f", 0.5f, "i", 123_456, "l", 1L << 40, "x", new byte[10_000_000]));
      writer.finish();
    }
    try (var reader = ShardReader.open(directory, ShardIndex.read(directory).shards().get(0))) {
      var sample = reader.get(0);
      double sum = numbers(sample, 20_000);
      long views = viewed(sample, 1_000);
      long before = allocated();
      sum += numbers(sample, 20_000);
      long numbers = allocated() - before;
      before = allocated();
      views += viewed(sample, 1_000);
      long buffers = allocated() - before;
      assertThat(sum).isGreaterThan(0);
      assertThat(views).isEqualTo(2L * 1_000 * 10_000_000);
      // A Long for each would take 16 bytes or more, and a copy of each 10 MB.
      assertThat(numbers).isLessThan(16 * 20_000);
      assertThat(buffers).isLessThan(1_000 * 1_000);
    }
  }

  private static double numbers(Sample sample, int times) {
    double sum = 0;
    for (int i = 0; i < times; i++) {
      sum += sample.getFloat(0) + sample.getInt(1) + sample.getLong(2) + sample.getDouble(0);
    }
    return sum;
  }

  private static long viewed(Sample sample, int times) {
    long bytes = 0;
    for (int i = 0; i < times; i++) {
      bytes += sample.getBuffer(3).remaining();
    }
    return bytes;
  }

  private static long allocated() {
    var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    return threads.getCurrentThreadAllocatedBytes();
  }
}
