package io.javatorch.streaming.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.javatorch.streaming.StreamingDataset;
import io.javatorch.streaming.TemporaryFiles;
import io.javatorch.streaming.storage.MiniHdfs;
import io.javatorch.streaming.storage.RetryPolicy;
import io.javatorch.streaming.storage.Storages;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith(MiniHdfs.Extension.class)
@Timeout(120)
class RemoteOutputTest {
  private static final RetryPolicy QUICK =
      new RetryPolicy(3, Duration.ofMillis(300), Duration.ofMillis(1));
  private static final int SAMPLES = 40;

  @TempDir private Path root;
  private Path remote;
  private Path local;

  @BeforeEach
  void places() throws IOException {
    remote = Files.createDirectory(root.resolve("remote"));
    local = root.resolve("local");
  }

  private String faulty(String faults) {
    return "faulty:" + remote + "?" + faults;
  }

  private static MdsWriter.Builder described(MdsWriter.Builder builder) {
    return builder
        .columns(Map.of("id", "int", "text", "str"))
        .compression("zstd")
        .hashes("sha1")
        .sizeLimit(300)
        .uploadThreads(2)
        .uploadRetries(QUICK);
  }

  private static MdsWriter.Builder builder(String out) {
    return described(MdsWriter.builder(out));
  }

  private static MdsWriter.Builder builder(Path out) {
    return described(MdsWriter.builder(out));
  }

  private static void write(MdsWriter writer, int from, int to) throws IOException {
    for (int i = from; i < to; i++) {
      writer.write(Map.of("id", i, "text", "sample " + i));
    }
  }

  private static ShardIndex writeAll(MdsWriter.Builder builder) throws IOException {
    try (var writer = builder.open()) {
      write(writer, 0, SAMPLES);
      return writer.finish();
    }
  }

  private static List<String> names(Path directory) throws IOException {
    try (var files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  private static List<Long> ids(Path directory) throws IOException {
    try (var set = LocalDataSet.open(directory)) {
      var ids = new ArrayList<Long>();
      set.forEach(sample -> ids.add(sample.getLong("id")));
      return ids;
    }
  }

  private void assertIsWhole(Path directory) throws IOException {
    var plain = root.resolve("plain");
    writeAll(builder(plain).existOk(true));
    assertThat(names(directory)).isEqualTo(names(plain)).hasSizeGreaterThan(5);
    for (var name : names(plain)) {
      assertThat(directory.resolve(name)).hasSameBinaryContentAs(plain.resolve(name));
    }
  }

  @Test
  void uploadsWhatALocalWriterWritesAndLeavesNothingHere() throws Exception {
    var before = TemporaryFiles.now();
    writeAll(builder(faulty("put-slow")));
    assertIsWhole(remote);
    writeAll(builder(local).remote(faulty("none")).existOk(true));
    assertIsWhole(remote);
    assertThat(local).doesNotExist();
    before.assertNothingIsLeft();
  }

  @Test
  void keepsTheLocalFilesWhereItIsTold() throws IOException {
    writeAll(builder(local).remote(remote.toString()).keepLocal(true));
    assertIsWhole(remote);
    assertIsWhole(local);
  }

  @ParameterizedTest
  @ValueSource(strings = {"put-refuse,put-refuse", "put-hang", "put-wait,put-refuse"})
  void getsOverFaultsOfTheStore(String faults) throws IOException {
    writeAll(builder(faulty(faults)));
    assertIsWhole(remote);
  }

  @ParameterizedTest
  @ValueSource(strings = {"put-refuse,put-refuse,put-refuse", "put-denied", "all-puts-wait"})
  void theFirstFailureEndsTheWriterAndNothingStays(String faults) throws Exception {
    var before = TemporaryFiles.now();
    for (var builder : List.of(builder(faulty(faults)), builder(local).remote(faulty(faults)))) {
      try (var writer = builder.open()) {
        assertThatThrownBy(
                () -> {
                  for (int i = 0; i < 1_000_000; i++) {
                    writer.write(Map.of("id", i, "text", "sample " + i));
                  }
                })
            .isInstanceOf(IOException.class)
            .hasMessageContaining("shard.0000")
            .satisfies(
                e -> {
                  if (faults.equals("put-denied")) {
                    assertThat(e).hasCauseInstanceOf(AccessDeniedException.class);
                  } else {
                    assertThat(e).hasMessageContaining("3 attempts");
                  }
                });
        assertThatThrownBy(writer::finish).isInstanceOf(IOException.class);
      }
      assertThat(remote).isEmptyDirectory();
      assertThat(local).doesNotExist();
    }
    before.assertNothingIsLeft();
  }

  @ParameterizedTest
  @ValueSource(strings = {"index-refuse", "index-wait"})
  void withoutItsIndexNothingIsPublished(String fault) throws IOException {
    try (var writer = builder(local).remote(faulty(fault)).keepLocal(true).open()) {
      write(writer, 0, SAMPLES);
      assertThatThrownBy(writer::finish)
          .isInstanceOf(IOException.class)
          .hasMessageContaining("index.json");
    }
    assertThat(remote).isEmptyDirectory();
    assertThat(names(local)).isNotEmpty().doesNotContain("index.json");
  }

  @Test
  void doesNotFillTheDiskWhileTheStoreIsSlow() throws Exception {
    var retries = new RetryPolicy(1, Duration.ofMinutes(10), Duration.ZERO);
    var ended = new CompletableFuture<Throwable>();
    var thread =
        new Thread(
            () -> {
              try (var writer =
                  builder(local).remote(faulty("all-puts-wait")).uploadRetries(retries).open()) {
                write(writer, 0, 1_000_000);
                ended.complete(null);
              } catch (IOException | RuntimeException e) {
                ended.complete(e);
              }
            });
    thread.start();
    while (!Files.isDirectory(local) || names(local).size() < 5) {
      Thread.onSpinWait();
    }
    while (thread.getState() != Thread.State.TIMED_WAITING) {
      Thread.onSpinWait();
    }
    assertThat(names(local)).hasSizeBetween(5, 5 + MdsWriter.DEFAULT_SHARD_THREADS);
    thread.interrupt();
    assertThat(ended.get()).isInstanceOf(InterruptedIOException.class);
    thread.join();
    assertThat(local).doesNotExist();
  }

  @Test
  void refusesADirectoryThatIsNotEmptyUnlessItMayReplaceTheDataSet() throws IOException {
    Files.writeString(remote.resolve("shard.00017.mds"), "old");
    Files.writeString(remote.resolve("index.json"), "old");
    Files.writeString(remote.resolve("notes.txt"), "mine");
    assertThatThrownBy(() -> builder(local).remote(remote.toString()).open())
        .isInstanceOf(FileAlreadyExistsException.class)
        .hasMessageContaining(remote.toString())
        .hasMessageContaining("existOk");
    try (var writer = builder(local).remote(remote.toString()).existOk(true).open()) {
      assertThat(names(remote)).containsExactly("notes.txt");
      write(writer, 0, SAMPLES);
      writer.finish();
    }
    Files.delete(remote.resolve("notes.txt"));
    assertIsWhole(remote);
  }

  @Test
  void appendsToARemoteDataSet() throws IOException {
    writeAll(builder(faulty("none")));
    var old = names(remote);
    try (var writer = builder(faulty("none")).append().open()) {
      assertThat(writer.samples()).isEqualTo(SAMPLES);
      write(writer, SAMPLES, 2 * SAMPLES);
    }
    assertThat(names(remote)).isEqualTo(old);
    try (var writer = builder(faulty("none")).append().open()) {
      write(writer, SAMPLES, 2 * SAMPLES);
      writer.finish();
    }
    assertThat(ids(remote)).hasSize(2 * SAMPLES).isSorted().endsWith(2L * SAMPLES - 1);
    assertThatThrownBy(() -> builder(faulty("none")).append().column("other", "int").open())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("cannot be appended");
    assertThatThrownBy(() -> builder("faulty:" + root.resolve("no") + "?none").append().open())
        .isInstanceOf(NoSuchFileException.class);
  }

  @Test
  void refusesWhatMakesNoSense() throws IOException {
    assertThatThrownBy(() -> builder(faulty("none")).resume().open())
        .hasMessageContaining("cannot be resumed");
    assertThatThrownBy(() -> builder(faulty("none")).keepLocal(true).open())
        .hasMessageContaining("local directory");
    assertThatThrownBy(() -> builder(local).keepLocal(true).open())
        .hasMessageContaining("keepLocal");
    assertThatThrownBy(() -> builder(local).remote(local.toString()).open())
        .hasMessageContaining("both");
    var link = Files.createSymbolicLink(root.resolve("link"), remote);
    assertThatThrownBy(() -> builder(link).remote(remote.toString()).open())
        .hasMessageContaining("both");
    assertThatThrownBy(() -> builder(remote).remote(link.resolve("in/it").toString()).open())
        .hasMessageContaining("one lies in the other");
    assertThatThrownBy(() -> builder(link.resolve("new")).remote(remote.toString()).open())
        .hasMessageContaining("one lies in the other");
    assertThat(remote).isEmptyDirectory();
    assertThatThrownBy(() -> builder("nowhere://a/b").open())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("nowhere");
    assertThat(local).doesNotExist();
  }

  @Test
  void reportsHowFarItIs() throws IOException {
    var heard = new ArrayList<WriteProgress.Snapshot>();
    var index = writeAll(builder(faulty("put-slow")).progress(heard::add));
    var last = heard.get(heard.size() - 1);
    assertThat(heard).hasSizeGreaterThan(index.shards().size());
    assertThat(heard).extracting(WriteProgress.Snapshot::samples).isSorted();
    assertThat(heard).filteredOn(WriteProgress.Snapshot::finished).containsExactly(last);
    assertThat(last.shards()).isEqualTo(index.shards().size());
    assertThat(last.samples()).isEqualTo(SAMPLES);
    assertThat(last.uploadedFiles()).isEqualTo(index.shards().size() + 1);
    assertThat(last.storedBytes())
        .isEqualTo(index.shards().stream().mapToLong(ShardInfo::storedBytes).sum());
    assertThat(last.uploadedBytes())
        .isEqualTo(last.storedBytes() + Files.size(remote.resolve("index.json")));

    var text = new ByteArrayOutputStream();
    var progress = WriteProgress.printing(new PrintStream(text, true, StandardCharsets.UTF_8));
    writeAll(builder(local).progress(progress));
    assertThat(text.toString(StandardCharsets.UTF_8))
        .contains("40 samples")
        .contains("samples/s")
        .endsWith("\n");
  }

  /** Writes to the location of its argument and dies before it has finished. */
  static final class Killed {
    public static void main(String[] arguments) throws IOException {
      var writer = builder(arguments[0]).open();
      write(writer, 0, SAMPLES);
      while (names(Path.of(arguments[1])).size() < 3) {
        Thread.onSpinWait();
      }
      Runtime.getRuntime().halt(9);
    }
  }

  @Test
  void aWriterThatIsKilledLeavesNoIndex() throws Exception {
    var process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Killed.class.getName(),
                faulty("put-slow"),
                remote.toString())
            .redirectErrorStream(true)
            .start();
    var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isEqualTo(9);
    assertThat(names(remote)).isNotEmpty().doesNotContain("index.json");
    writeAll(builder(remote.toString()).existOk(true));
    assertThat(ids(remote)).hasSize(SAMPLES);
  }

  @Test
  void writesToHdfsAndStreamsFromThere(MiniHdfs hdfs) throws IOException {
    var location = hdfs.location();
    var retries = new RetryPolicy(3, Duration.ofSeconds(30), Duration.ofMillis(1));
    writeAll(builder(location).uploadRetries(retries));
    try (var writer = builder(location).uploadRetries(retries).append().open()) {
      write(writer, SAMPLES, SAMPLES + 10);
      writer.finish();
    }
    try (var storage = Storages.connect(location)) {
      assertThat(storage.list("")).noneMatch(file -> file.name().endsWith(".tmp"));
    }
    try (var data =
        StreamingDataset.builder()
            .remote(location)
            .local(local)
            .batchSize(4)
            .validateHash("sha1")
            .build()) {
      for (int i = 0; i < SAMPLES + 10; i++) {
        assertThat(data.get(i).getString("text")).isEqualTo("sample " + i);
      }
      assertThat(data.metrics().downloadedShards()).isPositive();
    }
  }

  @Test
  void anInterruptedThreadTakesAwayWhatItUploaded() throws Exception {
    var before = TemporaryFiles.now();
    try (var writer = builder(local).remote(faulty("none")).shardThreads(0).open()) {
      write(writer, 0, SAMPLES);
      // Each file goes from here when it is there.
      while (!names(local).isEmpty()) {
        Thread.sleep(1);
      }
      assertThat(names(remote)).hasSizeGreaterThan(3);
      Thread.currentThread().interrupt();
    } finally {
      assertThat(Thread.interrupted()).isTrue();
    }
    assertThat(remote).isEmptyDirectory();
    before.assertNothingIsLeft();
  }

  @Test
  void uploadsAShardWhileTheNextIsFilled() throws Exception {
    try (var writer = builder(faulty("none")).sizeLimit(100_000).open()) {
      var large = "x".repeat(60_000);
      writer.write(Map.of("id", 0, "text", large));
      writer.write(Map.of("id", 1, "text", large));
      var first = remote.resolve("shard.00000.mds.zstd");
      for (int i = 0; i < 1_000 && !Files.exists(first); i++) {
        writer.write(Map.of("id", i, "text", ""));
        Thread.sleep(5);
      }
      assertThat(names(remote)).containsExactly(first.getFileName().toString());
    }
    assertThat(remote).isEmptyDirectory();
  }
}
