package io.javatorch.streaming.format;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** The data sets under golden/, made by the Python library; see make_golden.py there. */
record Golden(String name, Path root) {
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
    return PlainValue.MAPPER.readTree(root.resolve("spec.json").toFile());
  }

  /** Whether equal samples give equal files. */
  boolean isDeterministic() throws IOException {
    return isDeterministic(spec().path("compression").asText());
  }

  /**
   * Whether a compression gives equal files for equal samples in both languages. A gz file has the
   * time at which it was written; of bz2 and snappy the JVM has other encoders, which make other
   * choices between forms that mean the same.
   */
  static boolean isDeterministic(String compression) {
    return switch (compression.split(":")[0]) {
      case "gz", "bz2", "snappy" -> false;
      default -> true;
    };
  }

  /** The samples that the library was given. */
  List<Map<String, Object>> samples() throws IOException {
    var samples = new ArrayList<Map<String, Object>>();
    for (var line : Files.readAllLines(root.resolve("samples.jsonl"))) {
      var sample = new LinkedHashMap<String, Object>();
      for (var entry : PlainValue.MAPPER.readTree(line).properties()) {
        sample.put(entry.getKey(), PlainValue.of(entry.getValue()).written());
      }
      samples.add(sample);
    }
    return samples;
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
