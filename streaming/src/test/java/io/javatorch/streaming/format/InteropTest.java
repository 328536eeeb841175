package io.javatorch.streaming.format;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.javatorch.streaming.StreamingDataLoader;
import io.javatorch.streaming.StreamingDataset;
import io.javatorch.streaming.codec.HashAlgorithm;
import io.javatorch.streaming.format.ShardReader.Pickles;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Exchanges data sets of random columns and samples with the real Python library, in both
 * directions, for every compression and every hash. Needs that library: {@code -Pinterop
 * -Djavatorch.peers.python=/path/to/python}. The seed is printed; {@code -Djavatorch.interop.seed}
 * repeats a run.
 */
@Tag("interop")
class InteropTest {
  private static final int JAVA_DATA_SETS = 60;

  @TempDir private Path root;

  private final long seed = Long.getLong("javatorch.interop.seed", System.nanoTime() >>> 20);
  private int values;
  private int streamed;

  @Test
  void exchangesDataSetsWithPython() throws Exception {
    System.out.printf("%ninterop: seed %d%n", seed);
    int cases = python("write", Long.toString(seed)).get("cases").intValue();
    int sameBytes = 0;
    var directories = directories();
    assertThat(directories).hasSize(cases).hasSizeGreaterThan(70);
    var encodings = new TreeSet<String>();
    for (var directory : directories) {
      var spec = PlainValue.MAPPER.readTree(directory.resolve("spec.json").toFile());
      spec.get("columns").forEach(encoding -> encodings.add(encoding.textValue()));
      var samples = samples(directory);
      reads(directory, spec, samples);
      writes(directory.resolve("java"), spec, samples);
      sameBytes += compareFiles(directory, spec.path("compression").asText());
    }
    assertThat(encodings).containsAll(Encoding.Registry.names()).hasSizeGreaterThan(45);
    writesItsOwn();

    var check = python("check");
    assertThat(check.get("problems")).as("seed %d", seed).isEmpty();
    assertThat(check.get("data_sets").intValue()).isEqualTo(cases + JAVA_DATA_SETS);
    System.out.printf(
        "%ninterop: %d data sets written by Python and read by Java (%d values; %d streamed), %d"
            + " written by Java and read by Python (%d values; %d streamed), %d of %d pairs equal"
            + " byte for byte and the others after decompression; seed %d%n",
        cases,
        values,
        streamed,
        check.get("data_sets").intValue(),
        check.get("values").intValue(),
        check.get("streamed").intValue(),
        sameBytes,
        cases,
        seed);
  }

  private JsonNode python(String command, String... arguments)
      throws IOException, InterruptedException {
    var python = System.getProperty("javatorch.peers.python", "../.peers/bin/python");
    assertThat(Path.of(python))
        .as("Python with the peer library; set -Djavatorch.peers.python")
        .isExecutable();
    var log = Files.createTempFile(command, ".log");
    var line = new ArrayList<>(List.of(python, script().toString(), command, root.toString()));
    line.addAll(List.of(arguments));
    var process = new ProcessBuilder(line).redirectError(log.toFile()).start();
    String last = "";
    try (var out = process.inputReader()) {
      for (var text = out.readLine(); text != null; text = out.readLine()) {
        last = text;
      }
    }
    assertThat(process.waitFor(10, TimeUnit.MINUTES)).isTrue();
    assertThat(process.exitValue())
        .as("python %s, seed %d: %s", command, seed, Files.readString(log))
        .isZero();
    Files.delete(log);
    return PlainValue.MAPPER.readTree(last);
  }

  private static Path script() {
    try {
      return Path.of(InteropTest.class.getResource("/interop/peer.py").toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  private List<Path> directories() throws IOException {
    try (var entries = Files.list(root)) {
      return entries.sorted().toList();
    }
  }

  private static List<Map<String, PlainValue>> samples(Path directory) throws IOException {
    var samples = new ArrayList<Map<String, PlainValue>>();
    for (var line : Files.readAllLines(directory.resolve("samples.jsonl"))) {
      var sample = new LinkedHashMap<String, PlainValue>();
      PlainValue.MAPPER
          .readTree(line)
          .properties()
          .forEach(entry -> sample.put(entry.getKey(), PlainValue.of(entry.getValue())));
      samples.add(sample);
    }
    return samples;
  }

  private void reads(Path directory, JsonNode spec, List<Map<String, PlainValue>> samples)
      throws IOException {
    var python = directory.resolve("python");
    assertThat(new DataSetVerifier(python, true, Pickles.PLAIN_DATA, shard -> {}).verify().faults())
        .isEmpty();
    try (var set = LocalDataSet.open(python, Pickles.PLAIN_DATA)) {
      assertThat(set.samples()).isEqualTo(samples.size());
      for (int i = samples.size() - 1; i >= 0; i--) {
        compare(python, i, set.get(i), samples.get(i));
      }
    }
    var builder =
        StreamingDataset.builder()
            .remote(python.toString())
            .local(directory.resolve("cache"))
            .allowUnsafeTypes(true)
            .numCanonicalNodes(1)
            .batchSize(3);
    if (!spec.get("hashes").isEmpty()) {
      builder.validateHash(spec.get("hashes").get(0).textValue());
    }
    try (var dataset = builder.build();
        var loader = StreamingDataLoader.builder(dataset).build(sample -> sample)) {
      int i = 0;
      for (var batch : loader) {
        for (var sample : batch) {
          compare(python, i, sample, samples.get(i));
          i++;
        }
      }
      assertThat(i).isEqualTo(samples.size());
      streamed++;
    }
  }

  private void compare(Path where, int number, Sample actual, Map<String, PlainValue> expected) {
    assertThat(actual.columns()).hasSameSizeAs(expected.keySet());
    for (var column : actual.columns()) {
      var value = expected.get(column.name());
      assertThat(PlainValue.comparable(actual.get(column.name())))
          .as("seed %d, %s, sample %d, %s", seed, where, number, column)
          .isEqualTo(PlainValue.rounded(column.encoding(), value.read()));
      values++;
    }
  }

  private static void writes(Path java, JsonNode spec, List<Map<String, PlainValue>> samples)
      throws IOException {
    var builder = MdsWriter.builder(java).sizeLimit(spec.get("size_limit").longValue());
    spec.get("columns")
        .properties()
        .forEach(e -> builder.column(e.getKey(), e.getValue().asText()));
    if (!spec.get("compression").isNull()) {
      builder.compression(spec.get("compression").textValue());
    }
    spec.get("hashes").forEach(hash -> builder.hashes(hash.textValue()));
    try (var writer = builder.open()) {
      for (var sample : samples) {
        var written = new LinkedHashMap<String, Object>();
        sample.forEach((name, value) -> written.put(name, value.written()));
        writer.write(written);
      }
      writer.finish();
    }
  }

  /** Returns 1 if the compression is one whose bytes are compared, else 0. */
  private int compareFiles(Path directory, String compression) throws IOException {
    var java = files(directory.resolve("java"));
    var python = files(directory.resolve("python"));
    assertThat(java.keySet()).isEqualTo(python.keySet());
    if (Golden.isDeterministic(compression)) {
      python.forEach(
          (name, bytes) ->
              assertThat(Arrays.mismatch(java.get(name), bytes))
                  .as("seed %d, the first byte of %s of %s that differs", seed, name, directory)
                  .isEqualTo(-1));
      return 1;
    }
    var ours = ShardIndex.read(directory.resolve("java")).shards();
    var theirs = ShardIndex.read(directory.resolve("python")).shards();
    for (int i = 0; i < theirs.size(); i++) {
      assertThat(decompressed(ours.get(i), directory.resolve("java")))
          .as("seed %d, shard %d of %s", seed, i, directory)
          .isEqualTo(decompressed(theirs.get(i), directory.resolve("python")));
    }
    return 0;
  }

  private static byte[] decompressed(ShardInfo shard, Path directory) throws IOException {
    var raw = Files.createTempFile("raw", "");
    try {
      var file = shard.data();
      ShardFiles.decompress(shard, file, file.stored().in(directory), raw, shard.hashes());
      return Files.readAllBytes(raw);
    } finally {
      Files.delete(raw);
    }
  }

  /** Random data sets that Python did not choose, with pictures that Java encodes. */
  private void writesItsOwn() throws IOException {
    var random = new RandomValues(seed);
    var hashNames = new ArrayList<String>();
    HashAlgorithm.names().forEach(hashNames::add);
    for (int number = 0; number < JAVA_DATA_SETS; number++) {
      var directory = Files.createDirectories(root.resolve("j%03d".formatted(number)));
      var columns = random.columns(12);
      var spec = PlainValue.MAPPER.createObjectNode();
      spec.set("columns", PlainValue.MAPPER.valueToTree(columns));
      var builder =
          MdsWriter.builder(directory.resolve("java"))
              .columns(columns)
              .sizeLimit(500L << random.below(8));
      var compression = random.compression();
      spec.put("compression", compression.isEmpty() ? null : compression);
      if (!compression.isEmpty()) {
        builder.compression(compression);
      }
      var hashes = new TreeSet<String>();
      for (int i = random.below(3); i > 0; i--) {
        hashes.add(random.anyOf(hashNames));
      }
      builder.hashes(hashes.toArray(String[]::new));
      spec.set("hashes", PlainValue.MAPPER.valueToTree(hashes));
      Files.writeString(directory.resolve("spec.json"), spec.toString());
      var lines = new ArrayList<String>();
      try (var writer = builder.open()) {
        for (int i = random.below(12); i >= 0; i--) {
          var sample = new LinkedHashMap<String, Object>();
          var plain = PlainValue.MAPPER.createObjectNode();
          columns.forEach(
              (name, encoding) -> {
                var made = random.made(encoding);
                sample.put(name, made.written());
                plain.set(name, made.plain());
              });
          writer.write(sample);
          lines.add(PlainValue.MAPPER.writeValueAsString(plain));
        }
        writer.finish();
      }
      Files.write(directory.resolve("samples.jsonl"), lines);
    }
  }

  private static Map<String, byte[]> files(Path directory) throws IOException {
    var files = new TreeMap<String, byte[]>();
    try (var entries = Files.newDirectoryStream(directory)) {
      for (var entry : entries) {
        files.put(entry.getFileName().toString(), Files.readAllBytes(entry));
      }
    }
    return files;
  }
}
