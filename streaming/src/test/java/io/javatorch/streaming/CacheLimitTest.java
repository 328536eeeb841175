package io.javatorch.streaming;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.javatorch.streaming.format.MdsWriter;
import io.javatorch.streaming.format.Sample;
import io.javatorch.streaming.format.ShardFiles;
import io.javatorch.streaming.format.ShardIndex;
import io.javatorch.streaming.format.ShardInfo;
import io.javatorch.streaming.storage.RetryPolicy;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Caches with a limit, a slow store, and processes that are killed. */
@Timeout(240)
class CacheLimitTest {
  private static final int SAMPLES_OF_SHARD = 512;
  private static final int PAYLOAD = 120;
  private static final int SHARDS = 16;
  private static final long SAMPLES = SAMPLES_OF_SHARD * SHARDS;

  @TempDir Path root;

  /** Shards of about 70 kB that do not compress. */
  private Path write(String compression) throws IOException {
    Path directory = root.resolve("remote");
    byte[] payload = new byte[PAYLOAD];
    var random = new Random(5);
    var builder =
        MdsWriter.builder(directory)
            .column("id", "int")
            .column("payload", "bytes")
            .hashes("sha1")
            .sizeLimit(SAMPLES_OF_SHARD * (PAYLOAD + 16L) + 400);
    if (compression != null) {
      builder.compression(compression);
    }
    try (var writer = builder.open()) {
      for (long id = 0; id < SAMPLES; id++) {
        random.nextBytes(payload);
        writer.row().set("id", id).set("payload", payload).write();
      }
      writer.finish();
    }
    assertThat(ShardIndex.read(directory).shards()).hasSize(SHARDS);
    return directory;
  }

  private static long largest(Path directory) throws IOException {
    return ShardIndex.read(directory).shards().stream()
        .mapToLong(s -> s.rawBytes() + (s.compression().isPresent() ? s.storedBytes() : 0))
        .max()
        .orElseThrow();
  }

  /** What the shards take on the disk, those that have no name any more included. */
  private static long blocks(Path local) throws IOException {
    long bytes = 0;
    try (var files = Files.newDirectoryStream(local, "shard.*")) {
      for (Path file : files) {
        try {
          bytes += Files.size(file);
        } catch (NoSuchFileException e) {
          // Evicted meanwhile.
          bytes += 0;
        }
      }
    }
    String inside = local.toRealPath().toString();
    for (String line : Files.readAllLines(Path.of("/proc/self/maps"))) {
      if (line.contains(inside) && line.endsWith("(deleted)")) {
        String[] range = line.substring(0, line.indexOf(' ')).split("-");
        bytes += Long.parseLong(range[1], 16) - Long.parseLong(range[0], 16);
      }
    }
    try (var descriptors = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
      for (Path descriptor : descriptors) {
        try {
          String target = Files.readSymbolicLink(descriptor).toString();
          if (target.contains(inside) && target.endsWith("(deleted)")) {
            bytes += Files.size(descriptor);
          }
        } catch (NoSuchFileException e) {
          // Closed meanwhile.
          bytes += 0;
        }
      }
    }
    return bytes;
  }

  @ParameterizedTest
  @CsvSource({",512", "zstd,512", ",2400"})
  void evictedShardsTakeNoRoomEvenWhereTheirSamplesAreKept(String compression, long block)
      throws IOException {
    Path remote = write(compression);
    Path local = root.resolve("local");
    long limit = 5 * largest(remote);
    var kept = new ArrayList<Sample>();
    try (var dataset =
            StreamingDataset.builder()
                .remote(remote.toString())
                .local(local)
                .batchSize(16)
                .shuffle(true)
                .shuffleBlockSize(block)
                .cacheLimit(limit)
                .build();
        var loader = StreamingDataLoader.builder(dataset).workers(2).build()) {
      for (List<Sample> batch : loader) {
        kept.addAll(batch);
        // One look can count a shard that goes and the one that comes for it.
        long least = Long.MAX_VALUE;
        for (int look = 0; look < 5 && least > limit; look++) {
          least = Math.min(least, blocks(local));
        }
        assertThat(least).isLessThanOrEqualTo(limit);
      }
      assertThat(dataset.metrics().evictedShards()).isGreaterThanOrEqualTo(SHARDS - 10);
    }
    assertThat(kept.stream().mapToLong(s -> s.getLong("id")).distinct().count()).isEqualTo(SAMPLES);
    assertThat(kept).allMatch(sample -> sample.getBytes("payload").length == PAYLOAD);
  }

  private record Read(long sum, long samples, long downloaded) {
    static Read of(String line) {
      String[] words = line.split(" ");
      return new Read(Long.parseLong(words[1]), Long.parseLong(words[2]), Long.parseLong(words[3]));
    }
  }

  private static Process start(Object... arguments) throws IOException {
    var command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                ReadEpoch.class.getName()));
    for (Object argument : arguments) {
      command.add(argument.toString());
    }
    return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
  }

  private static Read result(Process process) throws IOException, InterruptedException {
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return Read.of(output.strip());
  }

  /** As in training, where the ranks take their batches together. */
  private static List<Read> inStep(List<Process> processes) throws Exception {
    var reads = new ArrayList<Read>();
    var running = new ArrayList<>(processes);
    while (!running.isEmpty()) {
      for (Process process : running) {
        process.getOutputStream().write('\n');
        process.getOutputStream().flush();
      }
      for (Process process : List.copyOf(running)) {
        String line = process.inputReader(StandardCharsets.UTF_8).readLine();
        assertThat(line).as("what a rank says").isNotNull();
        if (line.startsWith("end ")) {
          reads.add(Read.of(line));
          running.remove(process);
          assertThat(process.waitFor()).isZero();
        }
      }
    }
    return reads;
  }

  @ParameterizedTest
  @CsvSource({"1,1024,4,true", "2,512,4,true", "4,0,4,true", "2,0,4,false", "4,512,4,false"})
  void ranksOfAHostDownloadLittleTwiceAtALimitOfAFewShards(
      int ranks, long block, int shards, boolean inStep) throws Exception {
    Path remote = write(null);
    long bytes = ShardIndex.read(remote).shards().stream().mapToLong(ShardInfo::rawBytes).sum();
    Path local = root.resolve("local");
    long limit = shards * largest(remote);
    var processes = new ArrayList<Process>();
    for (int rank = 0; rank < ranks; rank++) {
      processes.add(start(remote, local, limit, rank, ranks, block, inStep));
    }
    var reads = new ArrayList<Read>();
    if (inStep) {
      reads.addAll(inStep(processes));
    } else {
      for (Process process : processes) {
        reads.add(result(process));
      }
    }
    long downloaded = reads.stream().mapToLong(Read::downloaded).sum();
    System.out.printf(
        "%d ranks %s, limit of %d shards, blocks of %d: downloaded %.2f times the data set%n",
        ranks, inStep ? "in step" : "apart", shards, block, (double) downloaded / bytes);
    assertThat(reads.stream().mapToLong(Read::samples).sum()).isEqualTo(SAMPLES);
    assertThat(reads.stream().mapToLong(Read::sum).sum()).isEqualTo(SAMPLES * (SAMPLES - 1) / 2);
    // Ranks of their own pace need each shard at different times.
    assertThat(downloaded).isLessThan((inStep ? 1 : ranks) * bytes * 3 / 2);
    assertThat(blocks(local)).isLessThanOrEqualTo(limit);
  }

  @Test
  void processesKilledWhileTheyDownloadLeaveNothingThatHarms() throws Exception {
    Path remote = write(null);
    Path local = root.resolve("local");
    var random = new Random(11);
    int midway = 0;
    long limit = 6 * largest(remote);
    for (int kill = 0; kill < 4; kill++) {
      // A shard takes some 70 ms to come.
      Process one = start("slow:" + remote + "?1", local, limit, 0, 2, 0, false);
      Process two = start("slow:" + remote + "?1", local, limit, 1, 2, 0, false);
      while (one.isAlive() && temporaries(local).isEmpty()) {
        TimeUnit.MILLISECONDS.sleep(1);
      }
      TimeUnit.MILLISECONDS.sleep(random.nextInt(400));
      one.destroyForcibly();
      two.destroyForcibly();
      assertThat(one.waitFor()).as("killed").isEqualTo(137);
      two.waitFor();
      midway += temporaries(local).isEmpty() ? 0 : 1;
      checkFiles(remote, local);
    }
    assertThat(midway).as("kills in the middle of a download").isPositive();
    Read read = result(start("slow:" + remote + "?64", local, limit, 0, 1, 0, false));
    assertThat(read.samples()).isEqualTo(SAMPLES);
    assertThat(read.sum()).isEqualTo(SAMPLES * (SAMPLES - 1) / 2);
    checkFiles(remote, local);
    assertThat(blocks(local)).isLessThanOrEqualTo(limit);
    assertThat(temporaries(local)).as("left by those that were killed").isEmpty();
  }

  @Test
  void processesKilledWhileTheyDownloadIntoMemoryLeaveNothingThatHarms() throws Exception {
    Path remote = write("zstd:1");
    Path local = root.resolve("local");
    var random = new Random(12);
    int killed = 0;
    long limit = 6 * largest(remote);
    for (int kill = 0; kill < 3; kill++) {
      var before = state(local);
      Process process = start("slow:" + remote + "?1", local, limit, 0, 1, 0, false);
      while (process.isAlive() && state(local).equals(before)) {
        TimeUnit.MILLISECONDS.sleep(1);
      }
      TimeUnit.MILLISECONDS.sleep(random.nextInt(150));
      process.destroyForcibly();
      killed += process.waitFor() == 137 ? 1 : 0;
      checkFiles(remote, local);
      try (var files = Files.newDirectoryStream(local, "*.zstd*")) {
        assertThat(files).as("compressed files").isEmpty();
      }
    }
    assertThat(killed).isPositive();
    Read read = result(start("slow:" + remote + "?64", local, limit, 0, 1, 0, false));
    assertThat(read.samples()).isEqualTo(SAMPLES);
    assertThat(read.sum()).isEqualTo(SAMPLES * (SAMPLES - 1) / 2);
    checkFiles(remote, local);
    assertThat(blocks(local)).isLessThanOrEqualTo(limit);
    assertThat(temporaries(local)).as("left by those that were killed").isEmpty();
  }

  /** The shards that lie here, and when they were last used. */
  private static Map<Path, FileTime> state(Path local) throws IOException {
    var state = new HashMap<Path, FileTime>();
    if (Files.exists(local)) {
      try (var files = Files.newDirectoryStream(local, "shard.*")) {
        for (Path file : files) {
          try {
            state.put(file, Files.getLastModifiedTime(file));
          } catch (NoSuchFileException e) {
            // Evicted meanwhile.
            state.remove(file);
          }
        }
      }
    }
    return state;
  }

  private static List<Path> temporaries(Path directory) throws IOException {
    if (!Files.exists(directory)) {
      return List.of();
    }
    try (var files = Files.newDirectoryStream(directory, ".*.tmp")) {
      var found = new ArrayList<Path>();
      files.forEach(found::add);
      return found;
    }
  }

  /** Whatever has a shard's name is that shard, whole. */
  private static void checkFiles(Path remote, Path local) throws IOException {
    for (ShardInfo shard : ShardIndex.read(remote).shards()) {
      for (var info : List.of(shard.data().raw(), shard.data().stored())) {
        Path file = info.in(local);
        if (Files.exists(file)) {
          ShardFiles.verify(info, file, List.of("sha1"));
        }
      }
    }
  }

  @Test
  void theRanksOfAHostFetchTheIndexOnce() throws IOException {
    Path remote = write(null);
    Path local = root.resolve("local");
    try (var first = dataset(remote, local, World.of(0, 1, 2)).build()) {
      assertThat(first.size()).isEqualTo(SAMPLES);
      Path index = remote.resolve("index.json");
      Path away = remote.resolve("away.json");
      Files.move(index, away);
      try (var second = dataset(remote, local, World.of(1, 1, 2)).build()) {
        assertThat(second.size()).isEqualTo(SAMPLES);
      }
      Files.move(away, index);
    }
  }

  private static StreamingDataset.Builder dataset(Path remote, Path local, World world) {
    return StreamingDataset.builder().remote(remote.toString()).local(local).world(world);
  }

  @Test
  void aLoaderThatWaitsTooLongSaysForWhat() throws IOException {
    Path remote = write(null);
    var err = new ByteArrayOutputStream();
    var before = System.err;
    try (var dataset =
            StreamingDataset.builder()
                .remote("faulty:" + remote + "?stall,stall,stall,stall,stall,stall")
                .local(root.resolve("local"))
                .batchSize(8)
                .retries(new RetryPolicy(1, Duration.ofSeconds(60), Duration.ZERO))
                .slowNotice(Duration.ofMillis(200))
                .build();
        var loader = StreamingDataLoader.builder(dataset).timeout(Duration.ofSeconds(1)).build()) {
      System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
      assertThatThrownBy(() -> loader.iterator().hasNext())
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("waited 1.0 s for the next batch of worker 0")
          .hasMessageContaining("shard 0 (shard.00000.mds) of faulty:" + remote)
          .hasMessageContaining("received 0 bytes");
    } finally {
      System.setErr(before);
    }
    assertThat(err.toString(StandardCharsets.UTF_8))
        .containsPattern(
            "WARN .*waiting for shard 0 \\(shard.00000.mds\\) of faulty:.*since \\d+ s");
  }

  @Test
  void countsWhatItGivesAndReportsIt() throws IOException {
    Path remote = write(null);
    var reports = new ArrayList<StreamingMetrics>();
    try (var dataset =
            dataset(remote, root.resolve("local"), World.single()).batchSize(16).build();
        var loader =
            StreamingDataLoader.builder(dataset)
                .metricsInterval(Duration.ofNanos(1))
                .metricsListener(reports::add)
                .build(s -> s.getLong("id"))) {
      for (int epoch = 0; epoch < 2; epoch++) {
        for (List<Long> batch : loader) {
          assertThat(batch).hasSize(16);
        }
      }
      StreamingMetrics all = loader.metrics();
      assertThat(all.samples()).isEqualTo(2 * SAMPLES);
      assertThat(all.batches()).isEqualTo(2 * SAMPLES / 16);
      assertThat(all.sampleBytes()).isEqualTo(2 * SAMPLES * (PAYLOAD + 8));
      assertThat(all.cache().downloadedShards()).isEqualTo(SHARDS);
      assertThat(all.cache().downloadedBytes()).isGreaterThan(SAMPLES * PAYLOAD);
      assertThat(all.cache().misses()).isLessThanOrEqualTo(SHARDS);
      assertThat(all.cacheHitShare()).isBetween(0.98, 1.0);
      assertThat(all.waitShare()).isBetween(0.0, 1.0);
      assertThat(all.samplesPerSecond()).isPositive();
      assertThat(all.toString()).contains("samples").contains("MB/s").contains("cache hits");
      assertThat(reports.stream().mapToLong(StreamingMetrics::samples).sum())
          .isEqualTo(2 * SAMPLES);
      assertThat(reports.stream().mapToLong(r -> r.cache().downloadedShards()).sum())
          .isEqualTo(SHARDS);
    }
  }
}
