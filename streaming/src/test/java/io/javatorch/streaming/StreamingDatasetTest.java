package io.javatorch.streaming;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.javatorch.streaming.format.MalformedShardException;
import io.javatorch.streaming.format.MdsWriter;
import io.javatorch.streaming.format.Sample;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StreamingDatasetTest {
  @TempDir Path root;

  @Test
  void readsAnySampleOfAMergedDataSet() throws IOException {
    for (String compression : new String[] {null, "zstd:7"}) {
      Path directory = TestShards.write(root.resolve("d" + compression), compression, 3, 1, 0, 5);
      try (var dataset = StreamingDataset.builder().local(directory).build()) {
        assertThat(dataset.size()).isEqualTo(9);
        assertThat(dataset.epochSize()).isEqualTo(9);
        for (long id : new long[] {8, 0, 3, 4, 2, 5, 1, 7, 6, 6}) {
          assertThat(dataset.get(id).getLong("id")).isEqualTo(id);
          assertThat(dataset.get(id).getString("text")).isEqualTo("sample " + id);
        }
        assertThatThrownBy(() -> dataset.get(9)).hasMessageContaining("sample 9");
        assertThat(dataset.get(-1).getLong("id")).isEqualTo(8);
        assertThat(dataset.get(-9).getLong("id")).isZero();
        assertThatThrownBy(() -> dataset.get(-10)).hasMessageContaining("sample -10");
        assertThat(dataset.get(3, -1, 3))
            .extracting(s -> s.getLong("id"))
            .containsExactly(3L, 8L, 3L);
        assertThat(dataset.get(Slice.parse("-2:")))
            .extracting(s -> s.getLong("id"))
            .containsExactly(7L, 8L);
        assertThatThrownBy(() -> dataset.get(1, 9)).hasMessageContaining("sample 9");
      }
    }
  }

  @Test
  void decompressesToACacheDirectoryIfOneIsSet() throws IOException {
    Path directory = TestShards.write(root.resolve("data"), "zstd", 3, 2);
    Path cache = root.resolve("cache");
    try (var dataset = StreamingDataset.builder().local(directory).cacheDirectory(cache).build()) {
      assertThat(dataset.get(4).getLong("id")).isEqualTo(4);
    }
    try (var files = Files.walk(cache)) {
      assertThat(files.filter(file -> file.toString().endsWith(".mds")))
          .singleElement()
          .matches(file -> file.endsWith("00001/shard.00000.mds"));
    }
    assertThat(directory.resolve("00001/shard.00000.mds")).doesNotExist();
  }

  /** A data set whose files have the same sizes as any other's with as many samples. */
  private Path numbers(String name, long first, String... hashes) throws IOException {
    Path directory = root.resolve(name);
    try (var writer =
        MdsWriter.builder(directory)
            .column("id", "int")
            .compression("zstd")
            .hashes(hashes)
            .open()) {
      for (long i = 0; i < 20; i++) {
        writer.row().set("id", first + i).write();
      }
      writer.finish();
    }
    return directory;
  }

  private static long first(StreamingDataset.Builder builder) {
    try (var dataset = builder.build()) {
      return dataset.get(0).getLong("id");
    }
  }

  @Test
  void dataSetsWithShardsOfEqualSizesShareACacheDirectory() throws IOException {
    Path cache = root.resolve("cache");
    for (int run = 0; run < 2; run++) {
      for (long id : new long[] {100, 200}) {
        Path data = run == 0 ? numbers("n" + id, id) : root.resolve("n" + id);
        assertThat(first(StreamingDataset.builder().local(data).cacheDirectory(cache)))
            .isEqualTo(id);
        var remote = StreamingDataset.builder().remote(data.toString());
        assertThat(first(remote.local(root.resolve("l" + id)).cacheDirectory(cache))).isEqualTo(id);
      }
    }
  }

  @Test
  void aDataSetThatWasReplacedIsNotReadFromTheOldOnesCache() throws IOException {
    Path cache = root.resolve("cache");
    Path data = numbers("data", 100, "sha1");
    assertThat(first(StreamingDataset.builder().local(data).cacheDirectory(cache))).isEqualTo(100);
    Path local = root.resolve("local");
    assertThat(first(StreamingDataset.builder().remote(data.toString()).local(local)))
        .isEqualTo(100);

    Path other = numbers("other", 200, "sha1");
    for (String file : new String[] {"index.json", "shard.00000.mds.zstd"}) {
      Files.copy(other.resolve(file), data.resolve(file), StandardCopyOption.REPLACE_EXISTING);
    }
    assertThat(first(StreamingDataset.builder().local(data).cacheDirectory(cache))).isEqualTo(200);
    assertThatThrownBy(
            () -> StreamingDataset.builder().remote(data.toString()).local(local).build())
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining(local.resolve("index.json").toString())
        .hasMessageContaining(data.toString())
        .hasMessageContaining("delete");
  }

  @Test
  void aRawFileOfTheRightSizeIsVerifiedWhenItIsFirstOpened() throws IOException {
    Path data = numbers("data", 100, "sha1");
    var builder = StreamingDataset.builder().local(data).validateHash("sha1");
    assertThat(first(builder)).isEqualTo(100);
    Path raw = data.resolve("shard.00000.mds");
    byte[] whole = Files.readAllBytes(raw);
    byte[] damaged = whole.clone();
    damaged[damaged.length - 1] ^= 1;
    Files.write(raw, damaged);
    assertThat(first(builder)).isEqualTo(100);
    assertThat(raw).hasBinaryContent(whole);
  }

  @Test
  void aShardThatIsNotWhatItsIndexSaysIsNamedAndNotTriedForEver() throws IOException {
    Path directory = TestShards.write(root.resolve("data"), "zstd", 20);
    Path index = directory.resolve("index.json");
    Files.writeString(index, Files.readString(index).replace("\"samples\": 20", "\"samples\": 19"));
    try (var dataset = StreamingDataset.builder().local(directory).build()) {
      assertThat(dataset.size()).isEqualTo(19);
      assertThatThrownBy(() -> dataset.get(0))
          .isInstanceOf(MalformedShardException.class)
          .hasMessageContaining("00000/shard.00000.mds")
          .hasMessageContaining("19");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"text/json/data", "text/csv/data", "text/tsv/data", "text/xsv/data", "zstd/data"})
  void readsWhatThePythonWritersWrite(String golden) throws Exception {
    Path source = Path.of(getClass().getResource("/golden/" + golden).toURI());
    Path directory = root.resolve("copy");
    try (var files = Files.walk(source)) {
      for (Path file : files.toList()) {
        Files.copy(file, directory.resolve(source.relativize(file).toString()));
      }
    }
    try (var dataset =
            StreamingDataset.builder().local(directory).batchSize(3).shuffle(true).build();
        var loader = StreamingDataLoader.builder(dataset).build(Sample::toMap)) {
      long samples = 0;
      for (var batch : loader) {
        assertThat(batch).allMatch(sample -> !sample.isEmpty());
        samples += batch.size();
      }
      assertThat(samples).isEqualTo(dataset.size()).isPositive();
    }
  }

  @Test
  void saysWhatIsWrongWithItsSettings() throws IOException {
    assertThatThrownBy(() -> StreamingDataset.builder().build()).hasMessageContaining("local");
    assertThatThrownBy(() -> StreamingDataset.builder().local(root).build())
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining(root.resolve("index.json").toString())
        .hasMessageContaining("right directory");
    Path directory = TestShards.write(root.resolve("data"), null, 3);
    assertThatThrownBy(
            () ->
                StreamingDataset.builder()
                    .local(directory)
                    .world(new World(2, 3, 0, 1, 1, 2))
                    .build())
        .hasMessageContaining("uneven")
        .hasMessageContaining("asSingleNode");
    assertThatThrownBy(
            () ->
                StreamingDataset.builder()
                    .local(directory)
                    .world(World.of(0, 1, 3))
                    .replication(2)
                    .build())
        .hasMessageContaining("replication of 2");
    try (var dataset = StreamingDataset.builder().local(directory).build();
        var loader = StreamingDataLoader.builder(dataset).build()) {
      assertThatThrownBy(loader::iterator).hasMessageContaining("batchSize");
    }
    Files.writeString(directory.resolve("index.json"), "{\"version\": 2, \"shards\": []}");
    assertThatThrownBy(() -> StreamingDataset.builder().local(directory).build())
        .hasMessageContaining("no samples");
  }

  @Test
  void lengthIsARanksShare() throws IOException {
    Path directory = TestShards.write(root.resolve("data"), null, 10);
    try (var dataset =
        StreamingDataset.builder().local(directory).world(World.of(1, 1, 4)).build()) {
      assertThat(dataset.samplesPerRank()).isEqualTo(3);
    }
  }
}
