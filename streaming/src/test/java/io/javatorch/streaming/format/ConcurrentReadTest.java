package io.javatorch.streaming.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.javatorch.streaming.TestShards;
import io.javatorch.streaming.format.ShardReader.Access;
import io.javatorch.streaming.format.ShardReader.Pickles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class ConcurrentReadTest {
  private static final int THREADS = 4;

  @TempDir private Path root;

  private static void inThreads(int threads, Callable<Void> work) throws Exception {
    var pool = Executors.newFixedThreadPool(threads);
    try {
      var all = new ArrayList<Future<Void>>();
      for (int i = 0; i < threads; i++) {
        all.add(pool.submit(work));
      }
      for (var one : all) {
        one.get();
      }
    } finally {
      pool.shutdownNow();
    }
  }

  /** More shards than are kept open, so that threads close each other's all the time. */
  @ParameterizedTest
  @NullSource
  @ValueSource(strings = "snappy")
  void threadsThatEvictEachOthersShardsReadEverySample(String compression) throws Exception {
    int samples = 40 * 5;
    TestShards.write(root, compression, IntStream.range(0, 40).map(i -> 5).toArray());
    try (var set = LocalDataSet.open(root)) {
      inThreads(
          THREADS,
          () -> {
            var random = new Random(Thread.currentThread().getId());
            for (int i = 0; i < 300; i++) {
              int id = random.nextInt(samples);
              assertThat(set.get(id).getLong("id")).isEqualTo(id);
            }
            return null;
          });
    }
  }

  @Test
  void aClosedDataSetSaysSoAndItsSamplesStay() throws IOException {
    TestShards.write(root, "zstd", 3, 3);
    var set = LocalDataSet.open(root);
    var sample = set.get(4);
    set.close();
    assertThat(sample.getString("text")).isEqualTo("sample 4");
    assertThatThrownBy(() -> set.get(0))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining(root.toString());
  }

  @ParameterizedTest
  @EnumSource(Access.class)
  void anInterruptOfOneThreadFailsNoReadOfAnother(Access access) throws Exception {
    TestShards.write(root, null, 200);
    var directory = root.resolve("00000");
    var shard = ShardIndex.read(directory).shards().get(0);
    var done = new CountDownLatch(THREADS);
    try (var reader = ShardReader.open(directory, shard, Pickles.REFUSED, access)) {
      var interrupted =
          new Thread(
              () -> {
                while (done.getCount() > 0) {
                  Thread.currentThread().interrupt();
                  try {
                    reader.get(7);
                  } catch (UncheckedIOException e) {
                    assertThat(e).hasCauseInstanceOf(ClosedByInterruptException.class);
                  }
                  assertThat(Thread.interrupted()).isTrue();
                }
              });
      interrupted.start();
      inThreads(
          THREADS,
          () -> {
            try {
              for (int i = 0; i < 5_000; i++) {
                assertThat(reader.get(i % 200).getLong("id")).isEqualTo(i % 200);
              }
            } finally {
              done.countDown();
            }
            return null;
          });
      interrupted.join();
    }
  }

  @Test
  void anInterruptWhileALargeRangeIsMappedLeavesTheFileOpen() throws IOException {
    var file = Files.write(root.resolve("file"), new byte[1000]);
    try (var raw = RawFile.open(file, 100)) {
      Thread.currentThread().interrupt();
      assertThatThrownBy(() -> raw.range(0, 300)).isInstanceOf(ClosedByInterruptException.class);
      assertThat(Thread.interrupted()).isTrue();
      assertThat(raw.range(0, 300).capacity()).isEqualTo(300);
    }
  }

  @Test
  void anotherFileInItsPlaceIsNotTakenForTheFile() throws IOException {
    var file = Files.write(root.resolve("file"), new byte[1000]);
    try (var raw = RawFile.openUnmapped(file, 0)) {
      Files.move(file, root.resolve("away"));
      Files.write(file, new byte[1000]);
      Thread.currentThread().interrupt();
      assertThatThrownBy(() -> raw.range(0, 10)).isInstanceOf(ClosedByInterruptException.class);
      assertThat(Thread.interrupted()).isTrue();
      assertThatThrownBy(() -> raw.range(0, 10))
          .isInstanceOf(IOException.class)
          .hasMessageContaining(file.toString());
    }
  }
}
