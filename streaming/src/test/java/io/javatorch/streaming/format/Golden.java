package io.javatorch.streaming.format;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** The data sets under golden/, made by the Python library; see make_golden.py there. */
record Golden(String name, Path root) {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  static Path directory() {
    try {
      return Path.of(Golden.class.getResource("/golden").toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Every case that has samples to compare with. */
  static List<Golden> all() {
    try (Stream<Path> files = Files.walk(directory())) {
      return files
          .filter(file -> file.endsWith("spec.json"))
          .map(Path::getParent)
          .map(root -> new Golden(directory().relativize(root).toString(), root))
          .sorted((a, b) -> a.name.compareTo(b.name))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Golden of(String name) {
    return new Golden(name, directory().resolve(name));
  }

  Path data() {
    return root.resolve("data");
  }

  JsonNode spec() throws IOException {
    return MAPPER.readTree(root.resolve("spec.json").toFile());
  }

  /** Whether equal samples give equal files: gzip has a time stamp, two have other encoders. */
  boolean isDeterministic() throws IOException {
    return switch (spec().path("compression").asText().split(":")[0]) {
      case "gz", "bz2", "snappy" -> false;
      default -> true;
    };
  }

  /** The samples that the library was given. */
  List<Map<String, Object>> samples() throws IOException {
    var samples = new ArrayList<Map<String, Object>>();
    for (var line : Files.readAllLines(root.resolve("samples.jsonl"))) {
      var sample = new LinkedHashMap<String, Object>();
      for (var entry : MAPPER.readTree(line).properties()) {
        sample.put(entry.getKey(), value(entry.getValue()));
      }
      samples.add(sample);
    }
    return samples;
  }

  private static Object value(JsonNode json) {
    if (json.has("hex")) {
      return HexFormat.of().parseHex(json.get("hex").textValue());
    }
    if (json.has("float")) {
      return switch (json.get("float").textValue()) {
        case "inf" -> Double.POSITIVE_INFINITY;
        case "-inf" -> Double.NEGATIVE_INFINITY;
        default -> Double.NaN;
      };
    }
    if (json.has("json")) {
      return MAPPER.convertValue(json.get("json"), Object.class);
    }
    if (json.has("list")) {
      var list = new ArrayList<Object>();
      json.get("list").forEach(item -> list.add(value(item)));
      return list;
    }
    if (json.has("decimal")) {
      return new BigDecimal(json.get("decimal").textValue());
    }
    if (json.has("ndarray")) {
      var parts = json.get("ndarray");
      return NdArray.over(
          NdArray.DType.of(parts.get(0).textValue()),
          MAPPER.convertValue(parts.get(1), int[].class),
          ByteBuffer.wrap(HexFormat.of().parseHex(parts.get(2).textValue())));
    }
    if (json.has("pil")) {
      var parts = json.get("pil");
      return PilImage.over(
          parts.get(0).intValue(),
          parts.get(1).intValue(),
          parts.get(2).textValue(),
          ByteBuffer.wrap(HexFormat.of().parseHex(parts.get(3).textValue())));
    }
    if (json.isTextual()) {
      return json.textValue();
    }
    return json.isIntegralNumber() ? json.bigIntegerValue() : (Object) json.doubleValue();
  }

  /** A writer with the options that the library was given. */
  MdsWriter.Builder writer(Path out) throws IOException {
    var spec = spec();
    var builder = MdsWriter.builder(out);
    spec.get("columns")
        .properties()
        .forEach(e -> builder.column(e.getKey(), e.getValue().asText()));
    if (spec.hasNonNull("compression")) {
      builder.compression(spec.get("compression").textValue());
    }
    spec.path("hashes").forEach(hash -> builder.hashes(hash.textValue()));
    if (spec.hasNonNull("size_limit")) {
      builder.sizeLimit(spec.get("size_limit").longValue());
    } else if (spec.has("size_limit")) {
      builder.noSizeLimit();
    }
    return builder;
  }

  @Override
  public String toString() {
    return name;
  }
}
