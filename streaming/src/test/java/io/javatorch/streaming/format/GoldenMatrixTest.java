package io.javatorch.streaming.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.javatorch.streaming.codec.Compression;
import io.javatorch.streaming.codec.HashAlgorithm;
import io.javatorch.streaming.format.Encoding.Registry;
import io.javatorch.streaming.format.ShardReader.Pickles;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Compares with what the Python library wrote for every encoding, compression and hash; see
 * golden/make_matrix.py.
 */
@TestInstance(Lifecycle.PER_CLASS)
class GoldenMatrixTest {
  private static final List<String> GROUPS = List.of("edges", "alone", "all", "single", "text");

  @TempDir static Path unpacked;

  /** Values by encoding, all of them and those that the data sets of all encodings use. */
  private record Edges(
      String family, List<PlainValue> all, List<PlainValue> small, JsonNode pixels) {}

  /** A data set of the manifest. */
  private record DataSet(JsonNode spec) {
    String group() {
      return spec.get("group").textValue();
    }

    Path directory() {
      return unpacked.resolve(group()).resolve(spec.get("name").textValue());
    }

    String compression() {
      return spec.get("compression").isNull() ? "none" : spec.get("compression").textValue();
    }

    List<String> hashes() {
      var hashes = new ArrayList<String>();
      spec.get("hashes").forEach(hash -> hashes.add(hash.textValue()));
      return hashes;
    }

    @Override
    public String toString() {
      return group() + "/" + spec.get("name").textValue() + " " + compression() + " " + hashes();
    }
  }

  private final Map<String, Edges> edges = new LinkedHashMap<>();
  private final List<Map<String, PlainValue>> textRows = new ArrayList<>();
  private final JsonNode manifest;
  private int valuesRead;
  private int valuesWritten;
  private int filesEqual;
  private int filesEqualDecompressed;

  GoldenMatrixTest() throws IOException, URISyntaxException {
    manifest = PlainValue.MAPPER.readTree(resource("manifest.json").toFile());
  }

  private static Path resource(String name) throws URISyntaxException {
    return Path.of(GoldenMatrixTest.class.getResource("/golden/matrix/" + name).toURI());
  }

  @BeforeAll
  void unpack() throws IOException, URISyntaxException {
    for (var group : GROUPS) {
      try (var zip = new ZipFile(resource(group + ".zip").toFile())) {
        for (var entry : zip.stream().toList()) {
          var file = unpacked.resolve(group).resolve(entry.getName());
          Files.createDirectories(file.getParent());
          try (var in = zip.getInputStream(entry)) {
            Files.copy(in, file);
          }
        }
      }
    }
    for (var line : Files.readAllLines(unpacked.resolve("edges/edges.jsonl"))) {
      var json = PlainValue.MAPPER.readTree(line);
      var all = new ArrayList<PlainValue>();
      json.get("values").forEach(value -> all.add(PlainValue.of(value)));
      var small = new ArrayList<PlainValue>();
      json.get("small").forEach(index -> small.add(all.get(index.intValue())));
      edges.put(
          json.get("encoding").textValue(),
          new Edges(json.get("family").textValue(), all, small, json.path("pixels")));
    }
    for (var line : Files.readAllLines(unpacked.resolve("edges/text.jsonl"))) {
      var row = new LinkedHashMap<String, PlainValue>();
      PlainValue.MAPPER
          .readTree(line)
          .properties()
          .forEach(entry -> row.put(entry.getKey(), PlainValue.of(entry.getValue())));
      textRows.add(row);
    }
  }

  @AfterAll
  void report() {
    int encodings = strings(manifest.get("encodings")).size();
    int compressions = 1 + strings(manifest.get("compressions")).size();
    int hashes = strings(manifest.get("hashes")).size();
    System.out.printf(
        "%ngolden: %d data sets by mosaicml-streaming %s: %d encodings x %d compressions and levels x"
            + " %d hashes = %d cases; %d values read, %d written, %d files equal byte for byte, %d"
            + " after decompression%n",
        manifest.get("data_sets").size(),
        manifest.get("versions").get("mosaicml-streaming").textValue(),
        encodings,
        compressions,
        hashes,
        encodings * compressions * hashes,
        valuesRead,
        valuesWritten,
        filesEqual,
        filesEqualDecompressed);
  }

  List<DataSet> all() {
    var sets = new ArrayList<DataSet>();
    manifest.get("data_sets").forEach(spec -> sets.add(new DataSet(spec)));
    return sets;
  }

  List<DataSet> mds() {
    return all().stream().filter(set -> !set.group().equals("text")).toList();
  }

  private static Set<String> strings(JsonNode array) {
    var strings = new TreeSet<String>();
    array.forEach(item -> strings.add(item.textValue()));
    return strings;
  }

  private List<String> columns(DataSet set) {
    var columns = set.spec.get("columns");
    return columns.isTextual() ? List.copyOf(edges.keySet()) : List.copyOf(strings(columns));
  }

  private List<Map<String, PlainValue>> samples(DataSet set) {
    if (set.group().equals("text")) {
      return textRows;
    }
    var samples = new ArrayList<Map<String, PlainValue>>();
    int start = set.spec.get("start").intValue();
    for (int i = start; i < start + set.spec.get("samples").intValue(); i++) {
      var sample = new LinkedHashMap<String, PlainValue>();
      for (var column : columns(set)) {
        var values = set.group().equals("alone") ? edges.get(column).all : edges.get(column).small;
        sample.put(column, values.get(i % values.size()));
      }
      samples.add(sample);
    }
    return samples;
  }

  @ParameterizedTest
  @MethodSource("all")
  void readsEveryValueThatPythonWrote(DataSet set, @TempDir Path raw) throws IOException {
    var index = ShardIndex.read(set.directory());
    var expected = samples(set);
    assertThat(index.samples()).isEqualTo(expected.size());
    int i = 0;
    for (var shard : index.shards()) {
      assertThat(shard.hashes()).isEqualTo(set.hashes());
      var directory = set.directory();
      for (var file : shard.files()) {
        var stored = file.stored();
        assertThat(stored.hashes().keySet()).containsExactlyInAnyOrderElementsOf(set.hashes());
        ShardFiles.verify(stored, stored.in(directory), set.hashes());
        if (file.zip().isPresent()) {
          ShardFiles.decompress(
              shard, file, stored.in(set.directory()), file.raw().in(raw), set.hashes());
        }
      }
      directory = shard.compression().isPresent() ? raw : directory;
      try (var reader = ShardReader.open(directory, shard, Pickles.PLAIN_DATA)) {
        for (var sample : reader) {
          for (var column : sample.columns()) {
            var value = expected.get(i).get(column.name());
            assertThat(PlainValue.comparable(sample.get(column.name())))
                .as("sample %d, column %s", i, column)
                .isEqualTo(PlainValue.rounded(column.encoding(), value.read()));
            valuesRead++;
          }
          i++;
        }
      }
    }
    assertThat(i).isEqualTo(expected.size());
  }

  @ParameterizedTest
  @MethodSource("mds")
  void writesTheBytesThatPythonWrote(DataSet set, @TempDir Path out) throws IOException {
    var builder =
        MdsWriter.builder(out)
            .hashes(set.hashes().toArray(String[]::new))
            .sizeLimit(set.spec.get("size_limit").longValue());
    columns(set).forEach(column -> builder.column(column, column));
    if (!set.compression().equals("none")) {
      builder.compression(set.compression());
    }
    try (var writer = builder.open()) {
      for (var values : samples(set)) {
        var sample = new LinkedHashMap<String, Object>();
        values.forEach((column, value) -> sample.put(column, value.written()));
        writer.write(sample);
        valuesWritten += sample.size();
      }
      writer.finish();
    }
    var expected = files(set.directory());
    var actual = files(out);
    assertThat(actual.keySet()).isEqualTo(expected.keySet());
    if (Golden.isDeterministic(set.compression())) {
      expected.forEach(
          (name, bytes) ->
              assertThat(Arrays.mismatch(actual.get(name), bytes))
                  .as("the first byte of %s that differs", name)
                  .isEqualTo(-1));
      filesEqual += expected.size();
      return;
    }
    // What is in the shards, and all that the index says but of the compressed files.
    assertThat(withoutZips(actual.get("index.json")))
        .isEqualTo(withoutZips(expected.get("index.json")));
    for (var shard : ShardIndex.read(out).shards()) {
      var raw = decompressed(shard, out);
      assertThat(raw).isEqualTo(decompressed(shard, set.directory()));
      filesEqualDecompressed++;
    }
  }

  @ParameterizedTest
  @CsvSource({"png, 0", "jpeg, 3"})
  void decodesImagesToThePixelsThatPythonSees(String encoding, int tolerance) throws IOException {
    var set =
        all().stream()
            .filter(each -> each.group().equals("alone") && columns(each).contains(encoding))
            .findFirst()
            .orElseThrow();
    int decoded = 0;
    try (var samples = LocalDataSet.open(set.directory())) {
      for (int i = 0; i < samples.samples(); i++) {
        var sample = samples.get(i);
        var expected = edges.get(encoding).pixels.get(i);
        if (expected.isNull()) {
          continue;
        }
        var image = (PilImage) PlainValue.of(expected).read();
        var actual = sample.getImage(encoding);
        var pixels = Encoding.copy(image.pixels());
        int channels = image.mode().length();
        assertThat(pixels)
            .hasSize(image.width() * image.height() * channels)
            .hasSize(actual.getWidth() * actual.getHeight() * channels);
        for (int at = 0; at < pixels.length; at++) {
          int x = at / channels % image.width();
          int y = at / channels / image.width();
          assertThat(channel(actual, x, y, at % channels))
              .as("image %d of %s, channel %d at %d, %d", i, image, at % channels, x, y)
              .isCloseTo(pixels[at] & 0xff, within(tolerance));
        }
        decoded++;
      }
    }
    assertThat(decoded).isGreaterThan(4);
  }

  private static int channel(BufferedImage image, int x, int y, int channel) {
    var gray = image.getColorModel().getColorSpace().getType() == ColorSpace.TYPE_GRAY;
    if (gray && !image.getColorModel().hasAlpha()) {
      // getRGB would take the gray for linear and make it brighter.
      return image.getRaster().getSample(x, y, 0);
    }
    if (gray) {
      return image.getRaster().getSample(x, y, channel == 3 ? 1 : 0);
    }
    return image.getRGB(x, y) >>> (channel == 3 ? 24 : 16 - 8 * channel) & 0xff;
  }

  private static byte[] decompressed(ShardInfo shard, Path directory) throws IOException {
    var file = shard.data();
    var raw = Files.createTempFile("raw", "");
    try {
      ShardFiles.decompress(shard, file, file.stored().in(directory), raw, shard.hashes());
      return Files.readAllBytes(raw);
    } finally {
      Files.delete(raw);
    }
  }

  private static String withoutZips(byte[] index) {
    return new String(index, StandardCharsets.UTF_8)
        .replaceAll("\"zip_data\": \\{[^{}]*\\{[^{}]*\\}\\}", "\"zip_data\"");
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

  @Test
  void coversEveryEncodingCompressionAndHashOfEitherLibrary() {
    var encodings = new TreeSet<>(Registry.names());
    encodings.add("ndarray");
    for (var dtype : NdArray.DType.values()) {
      encodings.add("ndarray:" + dtype.numpyName());
      encodings.add("ndarray:" + dtype.numpyName() + ":shape");
    }
    var compressions = new TreeSet<String>();
    var ends = new TreeSet<String>();
    for (var family : Compression.Family.values()) {
      compressions.add(family.extension());
      ends.add(family.extension());
      for (int level = family.lowestLevel(); level <= family.highestLevel(); level++) {
        compressions.add(family.extension() + ":" + level);
      }
      if (family.lowestLevel() <= family.highestLevel()) {
        ends.add(family.extension() + ":" + family.lowestLevel());
        ends.add(family.extension() + ":" + family.highestLevel());
      }
    }
    var hashes = new TreeSet<String>();
    HashAlgorithm.names().forEach(hashes::add);
    assertThat(strings(manifest.get("encodings"))).isEqualTo(encodings);
    assertThat(strings(manifest.get("compressions"))).isEqualTo(compressions);
    assertThat(strings(manifest.get("ends"))).isEqualTo(ends);
    assertThat(strings(manifest.get("hashes"))).isEqualTo(hashes);

    compressions.add("none");
    ends.add("none");
    assertThat(triples("all")).isEqualTo(product(encodings, compressions, hashes));
    assertThat(triples("single")).isEqualTo(product(encodings, ends, hashes));
    assertThat(triples("text"))
        .isEqualTo(product(Set.of("json", "csv", "tsv", "xsv"), ends, hashes));
    for (var set : all()) {
      if (set.group().equals("single")) {
        assertThat(set.hashes()).as("%s", set).hasSize(1);
      }
    }
  }

  private static Set<String> product(Set<String> a, Set<String> b, Set<String> c) {
    var product = new TreeSet<String>();
    a.forEach(x -> b.forEach(y -> c.forEach(z -> product.add(x + " " + y + " " + z))));
    return product;
  }

  /** Encoding (or text format), compression and hash of all data sets of a group. */
  private Set<String> triples(String group) {
    var triples = new TreeSet<String>();
    for (var set : all()) {
      if (set.group().equals(group)) {
        var kinds = new TreeSet<String>();
        if (group.equals("text")) {
          kinds.add(set.spec.get("format").textValue());
        } else {
          columns(set).forEach(column -> kinds.add(edges.get(column).family));
        }
        triples.addAll(product(kinds, Set.of(set.compression()), new TreeSet<>(set.hashes())));
      }
    }
    return triples;
  }

  /** What the manifest promises is what lies there: neither more data sets nor fewer. */
  @Test
  void readsEveryDataSetThatLiesThere() throws IOException {
    var listed = new TreeSet<Path>();
    all().forEach(set -> listed.add(set.directory()));
    var found = new TreeSet<Path>();
    try (var files = Files.walk(unpacked)) {
      files.filter(file -> file.endsWith("index.json")).map(Path::getParent).forEach(found::add);
    }
    assertThat(found).isEqualTo(listed);
    assertThat(Arrays.asList(listed.size(), all().size())).containsOnly(found.size());
  }
}
