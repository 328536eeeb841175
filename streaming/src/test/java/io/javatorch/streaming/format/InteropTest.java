package io.javatorch.streaming.format;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Exchanges data sets with the real Python library, in both directions, for every compression and
 * every hash. Needs that library: {@code -Dinterop -Djavatorch.peers.python=/path/to/python}.
 */
@Tag("interop")
class InteropTest {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  /** Compressions whose bytes differ by a time stamp or by the encoder. */
  private static final Set<String> OTHER_BYTES = Set.of("gz", "bz2", "snappy");

  @TempDir private Path root;

  @Test
  void exchangesDataSetsWithPython() throws Exception {
    int cases = python("write").get("cases").intValue();
    int sameBytes = 0;
    int seen = 0;
    try (var directories = Files.newDirectoryStream(root, Files::isDirectory)) {
      for (var directory : directories) {
        var spec = MAPPER.readTree(directory.resolve("spec.json").toFile());
        var samples = samples(directory);
        reads(directory.resolve("python"), samples);
        writes(directory.resolve("java"), spec, samples);
        if (!OTHER_BYTES.contains(spec.get("compression").asText().split(":")[0])) {
          assertThat(files(directory.resolve("java")))
              .as("files of %s", spec)
              .isEqualTo(files(directory.resolve("python")));
          sameBytes++;
        }
        seen++;
      }
    }
    assertThat(seen).isEqualTo(cases).isGreaterThan(70);
    var check = python("check");
    assertThat(check.get("problems")).isEmpty();
    System.out.printf(
        "interop: %d cases in each direction, %d with equal bytes; Python compared %d values%n",
        cases, sameBytes, check.get("values").intValue());
  }

  private JsonNode python(String command) throws IOException, InterruptedException {
    var python = System.getProperty("javatorch.peers.python", "../.peers/bin/python");
    assertThat(Path.of(python))
        .as("Python with the peer library; set -Djavatorch.peers.python")
        .isExecutable();
    var log = root.resolve(command + ".log");
    var process =
        new ProcessBuilder(python, script().toString(), command, root.toString())
            .redirectError(log.toFile())
            .start();
    String last = "";
    try (var out = process.inputReader()) {
      for (var line = out.readLine(); line != null; line = out.readLine()) {
        last = line;
      }
    }
    assertThat(process.waitFor(10, TimeUnit.MINUTES)).isTrue();
    assertThat(process.exitValue()).as(() -> "python " + command + ": " + text(log)).isZero();
    return MAPPER.readTree(last);
  }

  private static String text(Path log) {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      return e.toString();
    }
  }

  private static Path script() {
    try {
      return Path.of(InteropTest.class.getResource("/interop/peer.py").toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  private static List<Map<String, Object>> samples(Path directory) throws IOException {
    var samples = new ArrayList<Map<String, Object>>();
    for (var line : Files.readAllLines(directory.resolve("samples.jsonl"))) {
      var sample = new LinkedHashMap<String, Object>();
      MAPPER.readTree(line).properties().forEach(e -> sample.put(e.getKey(), value(e)));
      samples.add(sample);
    }
    return samples;
  }

  private static Object value(Map.Entry<String, JsonNode> entry) {
    var json = entry.getValue();
    if (json.has("dtype")) {
      return NdArray.over(
          NdArray.DType.of(json.get("dtype").textValue()),
          MAPPER.convertValue(json.get("shape"), int[].class),
          ByteBuffer.wrap(Base64.getDecoder().decode(json.get("base64").textValue())));
    }
    if (json.has("base64")) {
      return Base64.getDecoder().decode(json.get("base64").textValue());
    }
    if (entry.getKey().equals("json")) {
      return MAPPER.convertValue(json, Object.class);
    }
    if (json.isTextual()) {
      return json.textValue();
    }
    return json.isIntegralNumber() ? json.bigIntegerValue() : (Object) json.doubleValue();
  }

  private static void reads(Path python, List<Map<String, Object>> samples) throws IOException {
    var report = new DataSetVerifier(python, true, shard -> {}).verify();
    assertThat(report.faults()).isEmpty();
    try (var set = LocalDataSet.open(python)) {
      assertThat(set.samples()).isEqualTo(samples.size());
      for (int i = 0; i < samples.size(); i++) {
        var sample = set.get(i);
        for (var column : sample.columns()) {
          // By the encoded form, which NaN and the widths of numbers do not blur.
          assertThat(sample.getBytes(column.name()))
              .as("%s, sample %d, %s", python, i, column)
              .isEqualTo(
                  Encoding.parse(column.encoding()).encode(samples.get(i).get(column.name())));
          assertThat(sample.get(column.name())).isNotNull();
        }
      }
    }
  }

  private static void writes(Path java, JsonNode spec, List<Map<String, Object>> samples)
      throws IOException {
    var builder = MdsWriter.builder(java).sizeLimit("8kb");
    spec.get("columns")
        .properties()
        .forEach(e -> builder.column(e.getKey(), e.getValue().asText()));
    if (!spec.get("compression").isNull()) {
      builder.compression(spec.get("compression").textValue());
    }
    spec.get("hashes").forEach(hash -> builder.hashes(hash.textValue()));
    try (var writer = builder.open()) {
      for (var sample : samples) {
        writer.write(sample);
      }
      writer.finish();
    }
  }

  private static Map<String, String> files(Path directory) throws IOException {
    var files = new TreeMap<String, String>();
    try (var entries = Files.newDirectoryStream(directory)) {
      for (var entry : entries) {
        files.put(
            entry.getFileName().toString(),
            Base64.getEncoder().encodeToString(Files.readAllBytes(entry)));
      }
    }
    return files;
  }
}
