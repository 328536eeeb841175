package io.javatorch.streaming.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.javatorch.streaming.TestShards;
import io.javatorch.streaming.format.MalformedShardException;
import io.javatorch.streaming.format.MdsWriter;
import io.javatorch.streaming.format.ShardIndex;
import io.javatorch.streaming.format.ShardInfo;
import io.javatorch.streaming.storage.Cancellation;
import io.javatorch.streaming.storage.Downloader;
import io.javatorch.streaming.storage.RetryPolicy;
import io.javatorch.streaming.storage.Storages;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class ShardCacheTest {
  @TempDir Path root;

  @Test
  void processesOfAHostDecompressEachShardOnce() throws Exception {
    int[] sizes = IntStream.range(0, 24).map(i -> 40 + i).toArray();
    Path directory = TestShards.write(root.resolve("data"), "zstd", sizes);
    Path raw = root.resolve("raw");
    var processes = new ArrayList<Process>();
    for (int i = 0; i < 4; i++) {
      processes.add(start(directory, raw, 7 * i));
    }
    long samples = IntStream.of(sizes).sum();
    int decompressed = 0;
    for (Process process : processes) {
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor()).as(output).isZero();
      String[] words = output.strip().split(" ");
      assertThat(Long.parseLong(words[1])).isEqualTo(samples * (samples - 1) / 2);
      decompressed += Integer.parseInt(words[3]);
    }
    assertThat(decompressed).isEqualTo(sizes.length);
    assertThat(temporaries(raw)).isEmpty();
  }

  @Test
  void processesWithSeveralThreadsWaitForOneAnother() throws Exception {
    int[] sizes = IntStream.range(0, 150).map(i -> 2000).toArray();
    Path directory = TestShards.write(root.resolve("data"), "zstd", sizes);
    Path raw = root.resolve("raw");
    var processes = new ArrayList<Process>();
    for (int i = 0; i < 2; i++) {
      processes.add(start(8, directory, raw, 0));
    }
    long samples = IntStream.of(sizes).sum();
    int decompressed = 0;
    for (Process process : processes) {
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor()).as(output).isZero();
      String[] words = output.strip().split(" ");
      assertThat(Long.parseLong(words[1])).isEqualTo(samples * (samples - 1) / 2);
      decompressed += Integer.parseInt(words[3]);
    }
    assertThat(decompressed).isEqualTo(sizes.length);
  }

  @Test
  void aShardThatIsNotWantedAnyMoreIsNotBroughtAhead() throws IOException {
    Path remote = TestShards.write(root.resolve("remote"), null, 100, 100, 100);
    Path local = root.resolve("local");
    var asked = new AtomicInteger();
    var policy = new RetryPolicy(1, Duration.ofSeconds(30), Duration.ZERO);
    var files =
        new StreamFiles(
            Files.createDirectory(local),
            local,
            Optional.of(new Downloader(Storages.connect(remote.toString()), policy)),
            ShardIndex.read(remote).shards(),
            List.of(),
            false);
    try (var cache = new ShardCache(List.of(files), 0, 1)) {
      var cancellation = new Cancellation();
      assertThat(cache.makeReady(0, () -> false, cancellation)).isFalse();
      // As where its last sample is read while this waits for its turn.
      assertThat(cache.makeReady(1, () -> asked.incrementAndGet() == 1, cancellation)).isFalse();
      assertThat(asked).hasValue(2);
      assertThat(cache.metrics().downloadedShards()).isZero();
      assertThat(cache.makeReady(2, () -> true, cancellation)).isTrue();
      assertThat(cache.get(0, 0).getLong("id")).isZero();
      assertThat(cache.metrics().downloadedShards()).isEqualTo(2);
    }
  }

  @Test
  void processesOfAHostEvictWithoutHarmToOneAnother() throws Exception {
    int[] sizes = IntStream.range(0, 20).map(i -> 200 + i).toArray();
    Path directory = TestShards.write(root.resolve("data"), "zstd", sizes);
    Path raw = root.resolve("raw");
    long largest = 0;
    for (ShardInfo shard : ShardIndex.read(directory).shards()) {
      largest = Math.max(largest, shard.rawBytes() + shard.storedBytes());
    }
    var processes = new ArrayList<Process>();
    for (int i = 0; i < 3; i++) {
      processes.add(start(directory, raw, 7 * i, Long.toString(6 * largest), "3"));
    }
    long samples = IntStream.of(sizes).sum();
    long evicted = 0;
    for (Process process : processes) {
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor()).as(output).isZero();
      String[] words = output.strip().split(" ");
      assertThat(Long.parseLong(words[1])).isEqualTo(samples * (samples - 1) / 2);
      evicted += Long.parseLong(words[5]);
    }
    assertThat(evicted).isGreaterThan(10);
    long left = 0;
    try (var files = Files.walk(raw)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        left += Files.size(file);
      }
    }
    assertThat(left).isLessThanOrEqualTo(6 * largest);
    assertThat(temporaries(raw)).isEmpty();
  }

  @Test
  void aProcessKilledWhileDecompressingLeavesNothingThatHarms() throws Exception {
    Path directory = root.resolve("data");
    byte[] payload = new byte[1 << 20];
    try (var writer =
        MdsWriter.builder(directory)
            .column("id", "int")
            .column("payload", "bytes")
            .compression("zstd:1")
            .sizeLimit(40L << 20)
            .open()) {
      var random = new Random(5);
      for (long id = 0; id < 70; id++) {
        random.nextBytes(payload);
        writer.row().set("id", id).set("payload", payload).write();
      }
      writer.finish();
    }
    var shards = ShardIndex.read(directory).shards();
    assertThat(shards).hasSize(2);
    Path raw = root.resolve("raw");
    Files.createDirectories(raw);

    boolean left = false;
    for (int attempt = 0; attempt < 20 && !left; attempt++) {
      Process process = start(directory, raw, 0);
      while (process.isAlive() && temporaries(raw).isEmpty()) {
        TimeUnit.MILLISECONDS.sleep(1);
      }
      process.destroyForcibly().waitFor();
      left = !temporaries(raw).isEmpty();
      if (!left) {
        Files.deleteIfExists(raw.resolve("shard.00000.mds"));
        Files.deleteIfExists(raw.resolve("shard.00001.mds"));
      }
    }
    assertThat(left).as("killed in the middle of a shard").isTrue();

    try (var cache = cache(directory, raw, shards)) {
      for (int i = 0; i < 70; i++) {
        int first = shards.get(0).samples();
        var sample = i < first ? cache.get(0, i) : cache.get(1, i - first);
        assertThat(sample.getLong("id")).isEqualTo(i);
      }
    }
    assertThat(temporaries(raw)).isEmpty();
  }

  @Test
  void closingEndsTheWaitForAnotherProcess() throws Exception {
    Path directory = TestShards.write(root.resolve("data"), "zstd", 20);
    var shards = ShardIndex.read(directory).shards();
    try (var locks =
            new HostLock(directory.resolve(".javatorch-shards.lock"), Duration.ofMinutes(1));
        var held = locks.acquire(0, "a test", new Cancellation())) {
      var cache = cache(directory, directory, shards);
      var waiting = CompletableFuture.supplyAsync(() -> catchThrowable(() -> cache.get(0, 0)));
      while (cache.waitingFor().isEmpty()) {
        Thread.onSpinWait();
      }
      var closing =
          CompletableFuture.runAsync(() -> assertThatCode(cache::close).doesNotThrowAnyException());
      closing.get(20, TimeUnit.SECONDS);
      assertThat(waiting.get(20, TimeUnit.SECONDS)).isInstanceOf(UncheckedIOException.class);
      assertThat(held).isNotNull();
    }
  }

  @Test
  void aDamagedRawFileIsMadeAnew() throws IOException {
    Path directory = TestShards.write(root.resolve("data"), "zstd", 20);
    var shards = ShardIndex.read(directory).shards();
    Path raw = directory.resolve("00000/shard.00000.mds");
    try (var cache = cache(directory, directory, shards)) {
      assertThat(cache.get(0, 19).getLong("id")).isEqualTo(19);
    }
    byte[] whole = Files.readAllBytes(raw);
    Files.write(raw, java.util.Arrays.copyOf(whole, whole.length - 5));
    try (var cache = cache(directory, directory, shards)) {
      assertThat(cache.get(0, 19).getLong("id")).isEqualTo(19);
      assertThat(cache.metrics().decompressedShards()).isOne();
    }
    assertThat(raw).hasBinaryContent(whole);
  }

  @Test
  void twoObjectsOfOneProcessShareADirectory() throws Exception {
    int[] sizes = IntStream.range(0, 30).map(i -> 20).toArray();
    Path directory = TestShards.write(root.resolve("data"), "zstd", sizes);
    var shards = ShardIndex.read(directory).shards();
    var failures = new ArrayList<Throwable>();
    var threads = new ArrayList<Thread>();
    for (int i = 0; i < 4; i++) {
      var thread =
          new Thread(
              () -> {
                try (var cache = cache(directory, root.resolve("raw"), shards)) {
                  for (int shard = 0; shard < sizes.length; shard++) {
                    assertThat(cache.get(shard, 3).getLong("id")).isEqualTo(20L * shard + 3);
                  }
                } catch (IOException | RuntimeException | AssertionError e) {
                  synchronized (failures) {
                    failures.add(e);
                  }
                }
              });
      thread.start();
      threads.add(thread);
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(failures).isEmpty();
  }

  @Test
  void keepsNoMoreShardsOpenThanItMayWithoutALimit() throws Exception {
    int[] sizes = IntStream.range(0, 40).map(i -> 20).toArray();
    Path directory = TestShards.write(root.resolve("data"), null, sizes);
    var shards = ShardIndex.read(directory).shards();
    var files = new StreamFiles(directory, directory, Optional.empty(), shards, List.of(), false);
    try (var cache = new ShardCache(List.of(files), 0, 1, 8, Duration.ofSeconds(10))) {
      var failures = new ArrayList<Throwable>();
      var threads = new ArrayList<Thread>();
      for (int t = 0; t < 4; t++) {
        int first = 7 * t;
        var thread =
            new Thread(
                () -> {
                  try {
                    for (int i = 0; i < 5 * sizes.length; i++) {
                      int shard = (first + i) % sizes.length;
                      assertThat(cache.get(shard, 3).getLong("id")).isEqualTo(20L * shard + 3);
                    }
                  } catch (RuntimeException | AssertionError e) {
                    synchronized (failures) {
                      failures.add(e);
                    }
                  }
                });
        thread.start();
        threads.add(thread);
      }
      for (Thread thread : threads) {
        thread.join();
      }
      assertThat(failures).isEmpty();
      assertThat(IntStream.range(0, sizes.length).filter(cache::isReady).count()).isBetween(1L, 8L);
      // What is in use stays: only the shard that was left longest ago goes.
      for (int i = 0; i < 100; i++) {
        cache.get(i % 7, 0);
      }
      long opened = cache.metrics().openedShards();
      for (int i = 0; i < 100; i++) {
        cache.get(i % 7, 0);
      }
      assertThat(cache.metrics().openedShards()).isEqualTo(opened);
    }
  }

  @Test
  void aMissingOrDamagedShardIsNamed() throws IOException {
    Path directory = TestShards.write(root.resolve("data"), "zstd", 20, 20);
    var shards = ShardIndex.read(directory).shards();
    Files.delete(directory.resolve("00000/shard.00000.mds.zstd"));
    Path second = directory.resolve("00001/shard.00000.mds.zstd");
    byte[] bytes = Files.readAllBytes(second);
    Files.write(second, java.util.Arrays.copyOf(bytes, bytes.length / 2));
    try (var cache = cache(directory, directory, shards)) {
      assertThatThrownBy(() -> cache.get(0, 0))
          .isInstanceOf(UncheckedIOException.class)
          .hasMessageContaining("00000/shard.00000.mds.zstd");
      assertThatThrownBy(() -> cache.get(1, 0))
          .isInstanceOf(MalformedShardException.class)
          .hasMessageContaining("00001/shard.00000.mds.zstd");
      assertThat(temporaries(directory)).isEmpty();
    }
    assertThatThrownBy(
            () -> {
              var cache = cache(directory, directory, shards);
              cache.close();
              cache.get(0, 0);
            })
        .hasMessageContaining("closed");
  }

  private static ShardCache cache(Path directory, Path raw, List<ShardInfo> shards) {
    return new ShardCache(
        List.of(new StreamFiles(directory, raw, Optional.empty(), shards, List.of(), false)), 0, 1);
  }

  private static List<Path> temporaries(Path directory) throws IOException {
    try (var files = Files.walk(directory)) {
      return files.filter(file -> file.toString().endsWith(".tmp")).toList();
    } catch (UncheckedIOException e) {
      // A file went away while it was looked at.
      return List.of();
    }
  }

  private static Process start(Path directory, Path raw, int first, String... limit)
      throws IOException {
    return start(1, directory, raw, first, limit);
  }

  private static Process start(int threads, Path directory, Path raw, int first, String... limit)
      throws IOException {
    var command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-Dthreads=" + threads,
                "-cp",
                System.getProperty("java.class.path"),
                ReadAllShards.class.getName(),
                directory.toString(),
                raw.toString(),
                Integer.toString(first)));
    command.addAll(List.of(limit));
    return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
  }
}
