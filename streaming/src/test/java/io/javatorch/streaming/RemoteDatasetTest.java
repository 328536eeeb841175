package io.javatorch.streaming;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.javatorch.streaming.order.BatchingMethod;
import io.javatorch.streaming.storage.RetryPolicy;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class RemoteDatasetTest {
  private static final int[] SIZES = IntStream.range(0, 14).map(i -> 30 + i).toArray();
  private static final int SAMPLES = IntStream.of(SIZES).sum();

  @TempDir Path root;

  private StreamingDataset.Builder dataset(String remote) {
    return StreamingDataset.builder()
        .remote(remote)
        .local(root.resolve("local"))
        .batchSize(8)
        .validateHash("sha1")
        .retries(new RetryPolicy(4, Duration.ofSeconds(20), Duration.ofMillis(1)));
  }

  private static List<Long> epoch(StreamingDataset dataset) {
    try (var loader =
        StreamingDataLoader.builder(dataset).workers(2).build(sample -> sample.getLong("id"))) {
      var ids = new ArrayList<Long>();
      loader.forEach(ids::addAll);
      return ids;
    }
  }

  private static List<Long> all(int samples) {
    return LongStream.range(0, samples).boxed().toList();
  }

  private List<String> files(String directory, String ending) throws IOException {
    try (var files = Files.walk(root.resolve(directory))) {
      return files.map(Path::toString).filter(name -> name.endsWith(ending)).toList();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void bringsEachShardOnceAndKeepsIt(boolean keepZip) throws IOException {
    Path remote = TestShards.write(root.resolve("remote"), "zstd", SIZES);
    for (int run = 0; run < 2; run++) {
      try (var dataset = dataset(remote.toString()).keepZip(keepZip).shuffle(true).build()) {
        assertThat(epoch(dataset)).containsExactlyInAnyOrderElementsOf(all(SAMPLES));
        assertThat(dataset.metrics().downloadedShards()).isEqualTo(run == 0 ? SIZES.length : 0);
        assertThat(dataset.metrics().decompressedShards()).isEqualTo(run == 0 ? SIZES.length : 0);
      }
    }
    assertThat(files("local", ".mds")).hasSize(SIZES.length);
    assertThat(files("local", ".zstd")).hasSize(keepZip ? SIZES.length : 0);
    assertThat(files("local", ".tmp")).isEmpty();
    assertThat(files("remote", ".mds")).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      value = {
        "short|zstd",
        "drop|zstd",
        "corrupt|zstd",
        "long|zstd",
        "refuse,drop,corrupt|zstd",
        "short,short,short|zstd",
        "drop,corrupt,short|"
      },
      delimiter = '|')
  void getsOverFaultsOfTheStore(String faults, String compression) throws IOException {
    Path remote = TestShards.write(root.resolve("remote"), compression, SIZES);
    try (var dataset = dataset("faulty:" + remote + "?" + faults).build()) {
      assertThat(epoch(dataset)).isEqualTo(all(SAMPLES));
      assertThat(dataset.metrics().retries())
          .isEqualTo((long) SIZES.length * faults.split(",").length);
    }
    assertThat(files("local", ".tmp")).isEmpty();
  }

  @Test
  void givesUpAfterTheLastAttemptAndNamesTheFile() throws IOException {
    Path remote = TestShards.write(root.resolve("remote"), "zstd", 5);
    try (var dataset = dataset("faulty:" + remote + "?short,refuse,corrupt,corrupt").build()) {
      assertThatThrownBy(() -> dataset.get(0))
          .isInstanceOf(UncheckedIOException.class)
          .hasMessageContaining("00000/shard.00000.mds.zstd")
          .hasMessageContaining("4 attempts")
          .hasMessageContaining("sha1");
      assertThat(files("local", ".tmp")).isEmpty();
      assertThat(files("local", ".zstd")).isEmpty();
      assertThat(dataset.get(0).getLong("id")).isZero();
    }
  }

  @Test
  void doesNotTryAgainWhatCannotHelp() throws IOException {
    Path remote = TestShards.write(root.resolve("remote"), "zstd", 5, 5);
    Files.delete(remote.resolve("00001/shard.00000.mds.zstd"));
    try (var dataset = dataset("faulty:" + remote + "?denied").build()) {
      assertThatThrownBy(() -> dataset.get(0)).hasMessageContaining("00000/shard.00000.mds.zstd");
      assertThatThrownBy(() -> dataset.get(5)).hasMessageContaining("00001/shard.00000.mds.zstd");
      assertThat(dataset.metrics().retries()).isZero();
    }
  }

  @Test
  void aStoreThatStallsIsGivenUpAfterTheTimeout() throws IOException {
    Path remote = TestShards.write(root.resolve("remote"), "zstd", 5);
    try (var dataset =
        dataset("faulty:" + remote + "?stall,stall")
            .retries(new RetryPolicy(2, Duration.ofMillis(200), Duration.ofMillis(1)))
            .build()) {
      assertThatThrownBy(() -> dataset.get(0))
          .hasMessageContaining("took longer")
          .hasMessageContaining("faulty:" + remote);
      assertThat(dataset.get(0).getLong("id")).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"stall-open", "stall-end", "stall-size", "stall-open,stall-end,stall"})
  void goesOnWhereverAStoreHangs(String faults) throws IOException {
    Path remote = TestShards.write(root.resolve("remote"), "zstd", 5);
    try (var dataset =
        dataset("faulty:" + remote + "?" + faults)
            .retries(new RetryPolicy(4, Duration.ofMillis(300), Duration.ofMillis(1)))
            .build()) {
      assertThat(dataset.get(4).getLong("id")).isEqualTo(4);
    }
    assertThat(files("local", ".tmp")).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "stall,true",
    "stall-open,true",
    "refuse,true",
    "stall,false",
    "stall-open,false",
    "refuse,false"
  })
  void closingALoaderDoesNotWaitForDownloads(String fault, boolean keepZip) throws Exception {
    Path remote = TestShards.write(root.resolve("remote"), "zstd", 5, 6);
    // Longer than the test may take.
    var policy = new RetryPolicy(3, Duration.ofMinutes(10), Duration.ofMinutes(10));
    try (var dataset =
            dataset("faulty:" + remote + "?" + fault).retries(policy).keepZip(keepZip).build();
        var loader = StreamingDataLoader.builder(dataset).workers(2).build(s -> s.getLong("id"))) {
      var batches = loader.iterator();
      // What is not kept comes into memory, and only the lock shows that it does.
      while (files("local", keepZip ? ".tmp" : ".javatorch-shards.lock").isEmpty()) {
        Thread.onSpinWait();
      }
      while (fault.equals("refuse") && dataset.metrics().retries() < 2) {
        Thread.onSpinWait();
      }
      loader.close();
      assertThat(batches.hasNext()).isFalse();
      assertThat(files("local", ".tmp")).isEmpty();
      if (fault.equals("refuse")) {
        // Both shards have been refused once, and the data set is as good as before.
        assertThat(dataset.get(0).getLong("id")).isZero();
      }
    }
  }

  @Test
  void staysUnderItsLimit() throws IOException {
    Path remote = TestShards.write(root.resolve("remote"), "zstd", SIZES);
    long largest = largestRaw(remote);
    long limit = 5 * largest;
    try (var dataset =
            dataset(remote.toString())
                .cacheLimit(limit)
                .shuffle(true)
                .shuffleBlockSize(60)
                .build();
        var loader = StreamingDataLoader.builder(dataset).workers(2).build(s -> s.getLong("id"))) {
      for (int epoch = 0; epoch < 3; epoch++) {
        var ids = new ArrayList<Long>();
        for (List<Long> batch : loader) {
          ids.addAll(batch);
          assertThat(cachedBytes()).isLessThanOrEqualTo(limit);
        }
        assertThat(ids).containsExactlyInAnyOrderElementsOf(all(SAMPLES));
      }
      assertThat(dataset.metrics().evictedShards()).isGreaterThan(SIZES.length);
      // Little is fetched twice: a shuffle block spans fewer shards than the limit holds.
      assertThat(dataset.metrics().downloadedShards()).isLessThan(3L * SIZES.length * 2);
    }
  }

  private static long largestRaw(Path remote) throws IOException {
    long largest = 0;
    for (var shard : io.javatorch.streaming.format.ShardIndex.read(remote).shards()) {
      largest = Math.max(largest, shard.rawBytes() + shard.storedBytes());
    }
    return largest;
  }

  private long cachedBytes() throws IOException {
    long bytes = 0;
    try (var files = Files.walk(root.resolve("local"))) {
      for (Path file : files.toList()) {
        String name = file.getFileName().toString();
        if (name.endsWith(".mds") || name.endsWith(".zstd")) {
          try {
            bytes += Files.size(file);
          } catch (java.nio.file.NoSuchFileException e) {
            // Evicted meanwhile.
          }
        }
      }
    } catch (UncheckedIOException e) {
      return 0;
    }
    return bytes;
  }

  @Test
  void neverDeletesTheOnlyCopy() throws IOException {
    Path plain = TestShards.write(root.resolve("plain"), null, SIZES);
    Path zip = TestShards.write(root.resolve("zip"), "zstd", SIZES);
    for (Path directory : List.of(plain, zip)) {
      try (var dataset =
          StreamingDataset.builder()
              .local(directory)
              .batchSize(8)
              .cacheLimit(4 * largestRaw(zip))
              .build()) {
        assertThat(epoch(dataset)).isEqualTo(all(SAMPLES));
      }
    }
    assertThat(files("plain", ".mds")).hasSize(SIZES.length);
    assertThat(files("zip", ".zstd")).hasSize(SIZES.length);
    assertThat(files("zip", ".mds").size()).isLessThan(SIZES.length);
    assertThatThrownBy(() -> StreamingDataset.builder().local(zip).cacheLimit(1000).build())
        .hasMessageContaining("cacheLimit of 1000");
  }

  @Test
  void neverDeletesARawFileWhoseCompressedOneIsNotThere() throws IOException {
    Path zip = TestShards.write(root.resolve("zip"), "zstd", SIZES);
    long limit = 4 * largestRaw(zip);
    try (var dataset = StreamingDataset.builder().local(zip).batchSize(8).build()) {
      assertThat(epoch(dataset)).isEqualTo(all(SAMPLES));
    }
    // Most shards are raw only, as the Python library leaves them; one zip is cut short.
    for (int i = 0; i < 10; i++) {
      Files.delete(zip.resolve("%05d/shard.00000.mds.zstd".formatted(i)));
    }
    Path shortened = zip.resolve("00010/shard.00000.mds.zstd");
    byte[] bytes = Files.readAllBytes(shortened);
    Files.write(shortened, java.util.Arrays.copyOf(bytes, bytes.length - 1));
    for (int i = 11; i < SIZES.length; i++) {
      Files.delete(zip.resolve("%05d/shard.00000.mds".formatted(i)));
    }
    for (int run = 0; run < 2; run++) {
      try (var dataset =
          StreamingDataset.builder().local(zip).batchSize(8).cacheLimit(limit).build()) {
        assertThat(epoch(dataset)).isEqualTo(all(SAMPLES));
      }
    }
    for (int i = 0; i < 11; i++) {
      assertThat(zip.resolve("%05d/shard.00000.mds".formatted(i))).exists();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "file://", "file://localhost", "file:", "link", "file:link"})
  void aRemoteThatIsTheLocalDirectoryIsNotTakenForACopy(String form) throws IOException {
    Path data = TestShards.write(root.resolve("local"), "zstd", SIZES);
    Path link = Files.createSymbolicLink(root.resolve("link"), data);
    String remote =
        form.endsWith("link") ? form.replace("link", link.toString()) : form + data.toString();
    try (var dataset = dataset(remote).cacheLimit(4 * largestRaw(data)).build()) {
      assertThat(epoch(dataset)).isEqualTo(all(SAMPLES));
      assertThat(dataset.metrics().downloadedShards()).isZero();
    }
    assertThat(files("local", ".zstd")).hasSize(SIZES.length);
  }

  @Test
  void keepsCompressedFilesThatItDidNotDownload() throws IOException {
    Path remote = TestShards.write(root.resolve("remote"), "zstd", 5, 6, 7);
    TestShards.write(root.resolve("local"), "zstd", 5, 6, 7);
    Files.delete(root.resolve("local/00001/shard.00000.mds.zstd"));
    try (var dataset = dataset(remote.toString()).build()) {
      assertThat(epoch(dataset)).isEqualTo(all(18));
      assertThat(dataset.metrics().downloadedShards()).isOne();
    }
    assertThat(files("local", ".zstd")).hasSize(2);
  }

  @Test
  void aDamagedCompressedFileOfTheRightSizeIsFetchedAgain() throws IOException {
    Path remote = TestShards.write(root.resolve("remote"), "zstd", 5, 6);
    TestShards.write(root.resolve("local"), "zstd", 5, 6);
    Path zip = root.resolve("local/00001/shard.00000.mds.zstd");
    byte[] bytes = Files.readAllBytes(zip);
    bytes[bytes.length - 1] ^= 1;
    Files.write(zip, bytes);
    try (var dataset = dataset(remote.toString()).keepZip(true).build()) {
      assertThat(epoch(dataset)).isEqualTo(all(11));
      assertThat(dataset.metrics().downloadedShards()).isOne();
    }
    assertThat(zip).hasSameBinaryContentAs(remote.resolve("00001/shard.00000.mds.zstd"));
  }

  @Test
  void aFileUriOfAnotherHostIsRefused() {
    assertThatThrownBy(() -> dataset("file://data/digits").build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("file://data/digits")
        .hasMessageContaining("three slashes");
  }

  @Test
  void mixesStreams() throws IOException {
    Path one = TestShards.write(root.resolve("one"), "zstd", 10, 14);
    Path two = TestShards.write(root.resolve("two/train"), null, 16);
    var streams =
        List.of(
            Stream.builder().local(one).repeat(2).build(),
            Stream.builder().local(root.resolve("two")).split("train").choose(8).build());
    try (var dataset = StreamingDataset.builder().streams(streams).batchSize(7).build()) {
      assertThat(dataset.size()).isEqualTo(40);
      assertThat(dataset.epochSize()).isEqualTo(56);
      assertThat(dataset.get(24).getLong("id")).isZero();
      var ids = epoch(dataset);
      assertThat(ids).hasSize(56);
      assertThat(ids.subList(0, 48)).containsAll(all(24));
    }
    try (var dataset =
            StreamingDataset.builder()
                .streams(
                    List.of(
                        Stream.builder().local(one).proportion(3).build(),
                        Stream.builder().local(two).proportion(1).build()))
                .epochSize(64)
                .batchingMethod(BatchingMethod.STRATIFIED)
                .batchSize(8)
                .build();
        var loader =
            StreamingDataLoader.builder(dataset).build(s -> s.columns().size() + s.getLong("id"))) {
      var batches = new ArrayList<List<Long>>();
      loader.forEach(batches::add);
      assertThat(batches).hasSize(8).allMatch(batch -> batch.size() == 8);
    }
  }

  @Test
  void streamsKeepApartWhatTheyBring() throws IOException {
    Path one = TestShards.write(root.resolve("one"), "zstd", 10);
    Path two = TestShards.write(root.resolve("two"), "zstd", 12);
    try (var dataset =
        StreamingDataset.builder()
            .streams(
                List.of(Stream.builder().local(one).build(), Stream.builder().local(two).build()))
            .cacheDirectory(root.resolve("cache"))
            .batchSize(4)
            .build()) {
      var expected = new ArrayList<>(all(10));
      expected.addAll(all(12));
      assertThat(epoch(dataset)).isEqualTo(expected);
    }
    assertThat(files("cache", ".mds")).hasSize(2);
    assertThatThrownBy(
            () ->
                StreamingDataset.builder()
                    .streams(
                        List.of(
                            Stream.builder()
                                .remote(one.toString())
                                .local(root.resolve("l"))
                                .build(),
                            Stream.builder()
                                .remote(two.toString())
                                .local(root.resolve("l"))
                                .build()))
                    .build())
        .hasMessageContaining(root.resolve("l").toString())
        .hasMessageContaining("different remote");
  }

  @Test
  void withoutALocalDirectoryItUsesOneOfItsOwn() throws IOException {
    Path remote = TestShards.write(root.resolve("remote"), "zstd", 10);
    String before = System.setProperty("java.io.tmpdir", root.toString());
    try {
      for (int run = 0; run < 2; run++) {
        try (var dataset =
            StreamingDataset.builder().remote(remote.toString()).batchSize(4).build()) {
          assertThat(epoch(dataset)).isEqualTo(all(10));
          assertThat(dataset.metrics().downloadedShards()).isEqualTo(run == 0 ? 1 : 0);
        }
      }
      Path own = root.resolve("javatorch-" + System.getProperty("user.name"));
      assertThat(Files.getPosixFilePermissions(own))
          .isEqualTo(PosixFilePermissions.fromString("rwx------"));
      Files.move(own, root.resolve("elsewhere"));
      Files.createSymbolicLink(own, root.resolve("elsewhere"));
      assertThatThrownBy(() -> StreamingDataset.builder().remote(remote.toString()).build())
          .hasMessageContaining(own.toString())
          .hasMessageContaining("set local");
    } finally {
      System.setProperty("java.io.tmpdir", before);
    }
  }

  @Test
  void rawShardsOfAReadOnlyDirectoryNeedNoLockEvenWithALimit() throws IOException {
    Path plain = TestShards.write(root.resolve("plain"), null, 10, 10);
    try (var dataset =
        StreamingDataset.builder().local(plain).batchSize(4).cacheLimit(1 << 20).build()) {
      assertThat(epoch(dataset)).isEqualTo(all(20));
    }
    assertThat(files("plain", ".lock")).isEmpty();
  }

  @Test
  void saysWhatIsWrongWithItsPlaces() {
    assertThatThrownBy(() -> StreamingDataset.builder().remote("s9://bucket/data").build())
        .hasMessageContaining("s9://bucket/data")
        .hasMessageContaining("faulty, file");
    assertThatThrownBy(() -> dataset(root.resolve("nowhere").toString()).build())
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining("nowhere");
    assertThatThrownBy(() -> Stream.builder().repeat(1).choose(2)).hasMessageContaining("at most");
    assertThatThrownBy(() -> Stream.builder().build()).hasMessageContaining("local or remote");
    assertThatThrownBy(
            () ->
                StreamingDataset.builder()
                    .local(root)
                    .streams(List.of(Stream.builder().local(root).build()))
                    .build())
        .hasMessageContaining("not both");
  }
}
