package io.javatorch.streaming.format;

import static org.assertj.core.api.Assertions.assertThat;

import io.javatorch.streaming.format.ShardReader.Pickles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Compares with what the Python library wrote. */
class GoldenTest {
  @TempDir private Path out;

  static List<Golden> cases() {
    return Golden.all();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void writesTheBytesThatPythonWrites(Golden golden) throws IOException {
    try (var writer = golden.writer(out).open()) {
      for (var sample : golden.samples()) {
        writer.write(sample);
      }
      writer.finish();
    }
    var expected = files(golden.data());
    var actual = files(out);
    assertThat(actual.keySet()).isEqualTo(expected.keySet());
    if (golden.isDeterministic()) {
      assertThat(Files.readString(out.resolve("index.json")))
          .isEqualTo(Files.readString(golden.data().resolve("index.json")));
      expected.forEach((name, bytes) -> assertThat(actual.get(name)).as(name).isEqualTo(bytes));
      return;
    }
    var written = ShardIndex.read(out).shards();
    var inPython = ShardIndex.read(golden.data()).shards();
    assertThat(written)
        .extracting(shard -> shard.data().raw())
        .isEqualTo(inPython.stream().map(shard -> shard.data().raw()).toList());
    for (var shard : written) {
      var file = shard.data();
      ShardFiles.verify(file.stored(), file.stored().in(out), shard.hashes());
      ShardFiles.decompress(shard, file, file.stored().in(out), file.raw().in(out), shard.hashes());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"gz", "gz-0", "gz-1", "gz-6"})
  void writesTheGzipThatPythonWritesButForTheTimeStamp(String name) throws IOException {
    var golden = Golden.of(name);
    try (var writer = golden.writer(out).open()) {
      for (var sample : golden.samples()) {
        writer.write(sample);
      }
      writer.finish();
    }
    var actual = files(out);
    files(golden.data())
        .forEach(
            (file, bytes) -> {
              if (file.endsWith(".gz")) {
                Arrays.fill(bytes, 4, 8, (byte) 0);
                assertThat(actual.get(file)).as(file).isEqualTo(bytes);
              }
            });
  }

  static List<Golden> casesWithText() {
    return Stream.concat(
            cases().stream(),
            Stream.of("json", "csv", "tsv", "xsv").map(name -> Golden.of("text/" + name)))
        .toList();
  }

  @ParameterizedTest
  @MethodSource("casesWithText")
  void readsTheSamplesThatPythonWrote(Golden golden) throws IOException {
    var index = ShardIndex.read(golden.data());
    var expected = golden.samples();
    assertThat(index.samples()).isEqualTo(expected.size());
    var actual = new ArrayList<Sample>();
    for (var shard : index.shards()) {
      var directory = golden.data();
      for (var file : shard.files()) {
        ShardFiles.verify(file.stored(), file.stored().in(golden.data()), shard.hashes());
        if (file.zip().isPresent()) {
          directory = out;
          ShardFiles.decompress(
              shard, file, file.stored().in(golden.data()), file.raw().in(out), shard.hashes());
        }
      }
      try (var reader = ShardReader.open(directory, shard, Pickles.PLAIN_DATA)) {
        reader.forEach(actual::add);
      }
    }
    assertThat(actual).hasSameSizeAs(expected);
    for (int i = 0; i < expected.size(); i++) {
      for (var column : actual.get(i).columns()) {
        assertThat(PlainValue.comparable(actual.get(i).get(column.name())))
            .as("sample %d, column %s", i, column)
            .isEqualTo(PlainValue.rounded(column.encoding(), expected.get(i).get(column.name())));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("casesWithText")
  void writesAnIndexThatItReadUnchanged(Golden golden) throws IOException {
    ShardIndex.read(golden.data()).write(out);
    assertThat(out.resolve("index.json"))
        .hasSameBinaryContentAs(golden.data().resolve("index.json"));
  }

  @Test
  void mergesIndexesAsPythonDoes() throws IOException {
    var golden = Golden.directory().resolve("merged");
    for (var part : List.of("part", "part-0", "part-1")) {
      Files.createDirectories(out.resolve(part));
      Files.copy(
          golden.resolve(part).resolve("index.json"), out.resolve(part).resolve("index.json"));
    }
    var merged = ShardIndex.merge(out);
    assertThat(out.resolve("index.json")).hasSameBinaryContentAs(golden.resolve("index.json"));
    assertThat(merged).isEqualTo(ShardIndex.read(golden));
    assertThat(merged.samples()).isEqualTo(36);
    for (var shard : merged.shards()) {
      var stored = shard.data().stored();
      ShardFiles.verify(stored, stored.in(golden), shard.hashes());
    }
  }

  @Test
  void coversEveryCaseOfTheScript() {
    assertThat(cases()).extracting(Golden::name).contains("scalars", "raw", "zstd", "empty");
  }

  private static Map<String, byte[]> files(Path directory) throws IOException {
    var files = new TreeMap<String, byte[]>();
    try (Stream<Path> entries = Files.list(directory)) {
      for (var entry : entries.toList()) {
        files.put(entry.getFileName().toString(), Files.readAllBytes(entry));
      }
    }
    return files;
  }
}
