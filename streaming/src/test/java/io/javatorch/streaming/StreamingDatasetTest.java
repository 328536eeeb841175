package io.javatorch.streaming;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.javatorch.streaming.format.MalformedShardException;
import io.javatorch.streaming.format.Sample;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
        assertThatThrownBy(() -> dataset.get(-1)).hasMessageContaining("sample -1");
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
    assertThat(cache.resolve("00001/shard.00000.mds")).exists();
    assertThat(cache.resolve("00000/shard.00000.mds")).doesNotExist();
    assertThat(directory.resolve("00001/shard.00000.mds")).doesNotExist();
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
