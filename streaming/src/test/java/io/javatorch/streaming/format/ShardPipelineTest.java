package io.javatorch.streaming.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.javatorch.streaming.codec.Compression;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class ShardPipelineTest {
  private static final int SHARDS = 12;
  private static final int MIB = 1 << 20;
  private static final long PLENTY = 1 << 30;
  private static final byte[] CONFIG = {1, 2, 3};

  @TempDir private Path root;

  private static ShardPipeline pipeline(Path out, String compression, int threads, long memory) {
    return pipeline(out, compression, List.of("xxh64"), threads, memory);
  }

  private static ShardPipeline pipeline(
      Path out, String compression, List<String> hashes, int threads, long memory) {
    var method =
        compression.isEmpty()
            ? Optional.<Compression>empty()
            : Optional.of(Compression.parse(compression));
    return new ShardPipeline(out, CONFIG, method, hashes, false, 1 << 28, threads, memory);
  }

  private static void end(ShardPipeline pipeline, int shard, int bytes) throws IOException {
    var full = pipeline.begin();
    var value = new byte[bytes];
    new Random(shard).nextBytes(value);
    full.put(value);
    full.endSample();
    pipeline.end(full, String.format(Locale.ROOT, "shard.%05d.mds", shard));
  }

  private static List<Path> files(Path directory) throws IOException {
    try (var files = Files.list(directory)) {
      return files.sorted().toList();
    }
  }

  private static long workers() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().equals("mds-shard"))
        .count();
  }

  private static void awaitNoWorkers() throws InterruptedException {
    // Those of a pipeline that is closed are on their way out.
    while (workers() > 0) {
      Thread.sleep(5);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "zstd", "gz:1", "br:1"})
  void theFilesDoNotDependOnThreadsOrMemory(String compression) throws IOException {
    Path expected = null;
    for (int threads : new int[] {0, 1, 2, 8}) {
      for (long memory : new long[] {0, 3 * MIB, PLENTY}) {
        var out = Files.createDirectory(root.resolve(threads + "-" + memory));
        var written = new ArrayList<String>();
        try (var pipeline = pipeline(out, compression, threads, memory)) {
          for (int i = 0; i < SHARDS; i++) {
            end(pipeline, i, 1_000 + (i % 3) * 20_000);
          }
          pipeline.awaitAll();
          for (var one = pipeline.poll(); one.isPresent(); one = pipeline.poll()) {
            written.add(one.get().files().stored().basename());
          }
        }
        assertThat(written).hasSize(SHARDS).isSorted();
        assertThat(files(out)).map(file -> file.getFileName().toString()).isEqualTo(written);
        if (expected == null) {
          expected = out;
        }
        for (var file : files(out)) {
          assertThat(file).hasSameBinaryContentAs(expected.resolve(file.getFileName()));
        }
      }
    }
  }

  @Test
  void worksInTheBackgroundIfThereIsMemoryForTheNextShardToo() throws Exception {
    for (boolean fits : new boolean[] {true, false}) {
      awaitNoWorkers();
      var out = Files.createDirectory(root.resolve("fits-" + fits));
      // 2 MiB for the work on one, and two shards of 1 MiB and 256 KiB.
      try (var pipeline = pipeline(out, "zstd:19", 2, fits ? 5 * MIB : 4 * MIB)) {
        end(pipeline, 0, MIB);
        assertThat(workers()).isEqualTo(fits ? 1 : 0);
        // There is no room for two at once in either case.
        end(pipeline, 1, MIB);
        assertThat(pipeline.poll()).isPresent();
      }
    }
  }

  @Test
  void aShardAfterOneThatFailedDoesNotGetItsName() throws IOException {
    Files.createDirectories(root.resolve("shard.00000.mds.zstd/in-its-way"));
    try (var pipeline = pipeline(root, "zstd", 3, PLENTY)) {
      assertThatThrownBy(
              () -> {
                end(pipeline, 0, 4 * MIB);
                end(pipeline, 1, 10);
                end(pipeline, 2, 10);
                pipeline.awaitAll();
              })
          .isInstanceOf(IOException.class)
          .hasMessageContaining("shard.00000.mds");
    }
    assertThat(files(root)).containsExactly(root.resolve("shard.00000.mds.zstd"));
  }

  @Test
  void closingWaitsForTheShardsUnderWay() throws Exception {
    try (var pipeline = pipeline(root, "zstd:19", 2, PLENTY)) {
      end(pipeline, 0, MIB);
      end(pipeline, 1, MIB);
    }
    assertThat(files(root)).hasSize(2).allMatch(file -> file.toString().endsWith(".mds.zstd"));
    awaitNoWorkers();
  }

  @Test
  void writesNothingThatIsDiscarded() throws Exception {
    try (var pipeline = pipeline(root, "bz2", 2, PLENTY)) {
      end(pipeline, 0, 4 * MIB);
      end(pipeline, 1, 4 * MIB);
      pipeline.discard();
    }
    assertThat(files(root)).isEmpty();
    awaitNoWorkers();
  }

  /** No hashes, and an error for those who ask for them in the background. */
  private static final class Failing extends AbstractList<String> {
    @Override
    public String get(int index) {
      throw new IndexOutOfBoundsException(index);
    }

    @Override
    public int size() {
      if (Thread.currentThread().getName().equals("mds-shard")) {
        throw new OutOfMemoryError("for the test");
      }
      return 0;
    }
  }

  @Test
  void closingReleasesAllEvenAfterAnError() throws Exception {
    var pipeline = pipeline(root, "", new Failing(), 3, PLENTY);
    end(pipeline, 0, 10);
    assertThatThrownBy(pipeline::awaitAll).isInstanceOf(OutOfMemoryError.class);
    pipeline.close();
    awaitNoWorkers();

    var second = pipeline(root, "", new Failing(), 3, PLENTY);
    end(second, 0, 10);
    second.close();
    awaitNoWorkers();
    assertThat(files(root)).isEmpty();
  }

  @Test
  void anInterruptLosesNoShardAndIsNotLost() throws IOException {
    try (var pipeline = pipeline(root, "zstd:19", 1, PLENTY)) {
      end(pipeline, 0, MIB);
      Thread.currentThread().interrupt();
      end(pipeline, 1, MIB);
      pipeline.awaitAll();
      assertThat(Thread.interrupted()).isTrue();
      assertThat(pipeline.poll()).isPresent();
      assertThat(pipeline.poll()).isPresent();
    } finally {
      Thread.interrupted();
    }
    assertThat(files(root)).hasSize(2);
  }
}
