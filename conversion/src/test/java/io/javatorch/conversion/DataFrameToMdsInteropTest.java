package io.javatorch.conversion;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.javatorch.conversion.schema.MdsSchema;
import io.javatorch.conversion.schema.NullPolicy;
import io.javatorch.streaming.format.Column;
import io.javatorch.streaming.format.ShardIndex;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Date;
import java.sql.Timestamp;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.Period;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import scala.jdk.javaapi.CollectionConverters;

/**
 * Lets the real Python library read what a conversion wrote, and Spark what that library wrote:
 * values, hashes, names. One Python does all of it. Needs bin/setup-peers and -Pinterop, or {@code
 * -Djavatorch.peers.python}.
 */
@Tag("interop")
class DataFrameToMdsInteropTest {
  private static final JsonMapper JSON =
      JsonMapper.builder().enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS).build();

  /** As Python writes NaN and infinities. */
  private static final JsonMapper TO_TEXT =
      JsonMapper.builder().disable(JsonWriteFeature.WRITE_NAN_AS_STRINGS).build();

  /** A value of every type that the table of types has, by the number of the row. */
  private static final Map<String, String> VALUES = new LinkedHashMap<>();

  static {
    VALUES.put("boolean", "id % 2 = 0");
    VALUES.put("tinyint", "id - 30");
    VALUES.put("smallint", "id * -300");
    VALUES.put("int", "id * 1000003 - 2147483648");
    VALUES.put("bigint", "id - 9223372036854775807");
    VALUES.put("float", "if(id % 11 = 1, float('-Infinity'), id / 3)");
    VALUES.put("double", "if(id % 11 = 0, double('NaN'), id / 7.0d)");
    VALUES.put("decimal(10,2)", "id / 7");
    VALUES.put("decimal(38,0)", "99999999999999999999999999999999999999 - id");
    VALUES.put("string", "concat('größe \uD83D\uDE00 \"', id)");
    VALUES.put("binary", "encode(repeat('é', cast(id as int)), 'UTF-8')");
    VALUES.put("date", "date_add(date'1950-07-20', cast(id * 300 as int))");
    VALUES.put("timestamp", "timestamp_micros(id * 1234567890123 - 500000000000000)");
    VALUES.put(
        "timestamp_ntz",
        "timestamp_ntz'1969-12-31 23:59:59.999999' + make_dt_interval(cast(id as int))");
    VALUES.put("interval year to month", "make_ym_interval(cast(id as int), 3)");
    VALUES.put("interval year", "make_ym_interval(cast(-id as int), 0)");
    VALUES.put("interval day to second", "make_dt_interval(cast(id as int), 1, 2, 3.000004)");
    VALUES.put("interval hour to minute", "make_dt_interval(0, cast(id as int), 5, 0)");
    VALUES.put("array<boolean>", "array(id % 3 = 0, true)");
    VALUES.put("array<tinyint>", "array(id - 30, -1)");
    VALUES.put("array<smallint>", "array(id * -300)");
    VALUES.put("array<int>", "sequence(0, id)");
    VALUES.put("array<bigint>", "array(id - 9223372036854775807, id)");
    VALUES.put("array<float>", "array(id / 3, 0.5d, double('NaN'))");
    VALUES.put("array<double>", "array(id / 7.0d)");
    VALUES.put("array<array<float>>", "array(array(id / 3, 0.5d), array(1d, -id), array(2d, 3d))");
    VALUES.put("array<array<array<int>>>", "array(array(array(id, 1)), array(array(2, -id)))");
    VALUES.put("array<string>", "array(concat('ü', id), null, 'b')");
    VALUES.put("array<decimal(5,1)>", "array(id / 10)");
    VALUES.put("array<date>", "array(date_add(date'1950-07-20', cast(id * 300 as int)))");
    VALUES.put("array<binary>", "array(encode(concat('x', id), 'UTF-8'), null)");
    VALUES.put("array<struct<x:int>>", "array(named_struct('x', id), null)");
    VALUES.put(
        "struct<x:int,y:array<string>>", "named_struct('x', id, 'y', array('p', concat('q', id)))");
    VALUES.put("map<string,int>", "map(concat('k', id % 5), id, 'null', null)");
    VALUES.put("map<struct<a:int>,date>", "map(named_struct('a', id), date'2024-02-29')");
    VALUES.put("void", "null");
    VALUES.put(
        "struct<in:struct<d:double,t:timestamp>,l:array<map<string,array<float>>>>",
        "named_struct('in', named_struct('d', id / 7.0d, 't', timestamp_micros(id * 1000)),"
            + " 'l', array(map('k', array(id / 3)), null))");
  }

  @TempDir private Path root;

  private final List<Case> cases = new ArrayList<>();
  private SparkSession session;
  private long values;

  /** A data set that Spark wrote, and its samples, whose first column is their number. */
  private record Case(
      String name, boolean merged, List<String> hashes, Map<String, String> encodings, Samples of) {
    JsonNode spec() {
      var spec = JsonNodeFactory.instance.objectNode().put("name", name).put("merged", merged);
      hashes.forEach(spec.putArray("hashes")::add);
      return spec;
    }
  }

  private record Samples(Dataset<Row> frame, boolean inOrder) {}

  @BeforeEach
  void startSpark() {
    session =
        SparkSession.builder()
            .master("local[2]")
            .config("spark.ui.enabled", false)
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.sql.shuffle.partitions", 2)
            .getOrCreate();
  }

  @AfterEach
  void stopSpark() {
    session.stop();
  }

  @Test
  void exchangesDataSetsWithPython() throws Exception {
    convertEveryType();
    convertChosenEncodings();
    convertInOtherWays();
    Files.writeString(root.resolve("cases.json"), JSON.writeValueAsString(specs()));

    python();

    for (var each : cases) {
      compareWithPython(each);
    }
    long read = values;
    values = 0;
    var written = readWhatPythonWrote();
    assertThat(written).hasSize(8);
    System.out.printf(
        "%ninterop: conversion: %d outputs read by Python (%d values), %d of Python's read by"
            + " Spark (%d values)%n",
        cases.size(), read, written.size(), values);
  }

  private List<JsonNode> specs() {
    return cases.stream().map(Case::spec).toList();
  }

  private void convertEveryType() throws IOException {
    var types = session.range(0, 60, 1, 3).selectExpr(expressions(false));
    var defaults = new LinkedHashMap<String, String>(Map.of("id", "int64"));
    var asJson = new LinkedHashMap<String, String>(Map.of("id", "int64"));
    table()
        .forEach(
            (type, encoding) -> {
              assertThat(VALUES).as("a value of each type of the table").containsKey(type);
              defaults.put(column(type), encoding);
              asJson.put(column(type), "json");
            });
    int nested = VALUES.size() - 1;
    defaults.put("c" + nested, "json");
    asJson.put("c" + nested, "json");
    assertThat(defaults).hasSize(VALUES.size() + 1);
    for (var compression : List.of("none", "zstd", "gz", "br", "bz2", "snappy")) {
      var hashes = compression.equals("none") ? List.of("sha1", "xxh64") : List.of("xxh64");
      var conversion = builder("types-" + compression, types, hashes).sizeLimitBytes(20_000);
      if (compression.equals("none")) {
        conversion.noCompression();
      } else {
        conversion.compression(compression);
      }
      conversion.convert();
      cases.add(ordered("types-" + compression, hashes, defaults, types));
    }
    var nulls = session.range(0, 60, 1, 3).selectExpr(expressions(true));
    builder("nulls", nulls, List.of()).nullPolicy(NullPolicy.JSON).convert();
    cases.add(ordered("nulls", List.of(), asJson, nulls));
  }

  /** The default encodings, line by line; in a DataFrame, char and varchar are strings. */
  private static Map<String, String> table() throws IOException {
    try (var in = MdsSchema.class.getResourceAsStream("encodings.txt")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .map(line -> line.split(" \\| "))
          .filter(line -> line.length == 4 && line[1].equals("-") && line[2].equals("fail"))
          .filter(line -> !line[3].startsWith("!") && !line[0].contains("char("))
          .collect(
              Collectors.toMap(line -> line[0], line -> line[3], (a, b) -> a, LinkedHashMap::new));
    }
  }

  private static String column(String type) {
    return "c" + List.copyOf(VALUES.keySet()).indexOf(type);
  }

  private static String[] expressions(boolean nulls) {
    return Stream.concat(
            Stream.of("id"),
            VALUES.entrySet().stream()
                .map(
                    entry -> {
                      var name = column(entry.getKey());
                      var value = "cast(%s as %s)".formatted(entry.getValue(), entry.getKey());
                      return nulls
                          ? "if((id + %s) %% 3 = 0, null, %s) as %s"
                              .formatted(name.substring(1), value, name)
                          : value + " as " + name;
                    }))
        .toArray(String[]::new);
  }

  private void convertChosenEncodings() throws IOException {
    var columns = new LinkedHashMap<String, String>();
    var schema = new StructType();
    for (var line :
        List.of(
            "id bigint int64",
            "a smallint uint8",
            "b int uint16",
            "c bigint uint32",
            "d decimal(20,0) uint64",
            "e bigint int",
            "f float float16",
            "g int float64",
            "h bigint str_int",
            "i double str_float",
            "j decimal(9,3) float32",
            "k int str",
            "l date str",
            "m string bytes",
            "n array<int> ndarray",
            "o array<int> ndarray:int16:2,2",
            "p array<float> ndarray:float64",
            "q binary png",
            "r binary jpeg",
            "s binary pil",
            "t binary pkl",
            "u int json")) {
      var parts = line.split(" ");
      schema = schema.add(parts[0], DataType.fromDDL(parts[1]));
      columns.put(parts[0], parts[2]);
    }
    var rows = new ArrayList<Row>();
    for (int n = 0; n < 40; n++) {
      rows.add(
          RowFactory.create(
              (long) n,
              (short) (255 - n),
              65535 - n,
              (1L << 32) - 1 - n,
              new BigDecimal("18446744073709551615").subtract(BigDecimal.valueOf(n)),
              Long.MIN_VALUE + n,
              n / 4f,
              -n,
              n - Long.MAX_VALUE,
              n / 7d,
              new BigDecimal(n).movePointLeft(1).setScale(3),
              n,
              Date.valueOf("2024-02-29"),
              "größe " + n,
              List.of(n, -n, 7),
              List.of(n, -n, 7, -32768),
              List.of(n / 3f, Float.NaN),
              encoded("png", n),
              encoded("jpeg", n),
              raw(n),
              // What pickle.dumps(n) gives for a small n.
              new byte[] {(byte) 0x80, 4, 'K', (byte) n, '.'},
              n));
    }
    var frame = session.createDataFrame(rows, schema).repartition(1).sortWithinPartitions("id");
    builder("chosen", frame, List.of("sha1")).columns(columns).convert();
    cases.add(ordered("chosen", List.of("sha1"), columns, frame));
  }

  private void convertInOtherWays() {
    var frame =
        session
            .range(0, 1000, 1, 4)
            .selectExpr("id", "concat('row ', id) as text", "array(id, id * 2) as vector");
    var encodings = Map.of("id", "int64", "text", "str", "vector", "ndarray:int64");

    for (var mode : List.of("overwrite", "append")) {
      frame
          .where(mode.equals("append") ? "id >= 300" : "id < 300")
          .write()
          .format("mds")
          .option("hashes", "sha1")
          .option("sizeLimit", "4kb")
          .mode(mode)
          .save(out("appended").toString());
    }
    cases.add(ordered("appended", List.of("sha1"), encodings, frame));

    builder("replaced", frame.limit(3), List.of()).convert();
    builder("replaced", frame, List.of()).mode(SaveMode.Overwrite).noCompression().convert();
    cases.add(ordered("replaced", List.of(), encodings, frame));

    builder("shuffled", frame, List.of("xxh3_64")).shuffle(17).shards(5).convert();
    cases.add(new Case("shuffled", true, List.of("xxh3_64"), encodings, new Samples(frame, false)));

    builder("not-merged", frame, List.of("sha1")).mergeIndex(false).convert();
    cases.add(new Case("not-merged", false, List.of("sha1"), encodings, new Samples(frame, false)));

    builder("function", frame.select("id"), List.of())
        .rows(
            (row, samples) -> {
              for (long i = 0; i < 2; i++) {
                long id = row.getLong(0) * 2 + i;
                samples.set("id", id).set("text", "sample " + id).write();
              }
            },
            Map.of("id", "int64", "text", "str"))
        .convert();
    cases.add(
        ordered(
            "function",
            List.of(),
            Map.of("id", "int64", "text", "str"),
            session.range(2000).selectExpr("id", "concat('sample ', id) as text")));
  }

  private static Case ordered(
      String name, List<String> hashes, Map<String, String> encodings, Dataset<Row> frame) {
    return new Case(name, true, hashes, encodings, new Samples(frame, true));
  }

  private Path out(String name) {
    return root.resolve("java").resolve(name);
  }

  private DataFrameToMds.Builder builder(String name, Dataset<Row> frame, List<String> hashes) {
    return DataFrameToMds.builder(frame)
        .out(out(name).toString())
        .hashes(hashes.toArray(String[]::new))
        .noProgress();
  }

  private void python() throws IOException, InterruptedException {
    var python =
        Path.of(System.getProperty("javatorch.peers.python", "../.peers/bin/python"))
            .toAbsolutePath();
    assertThat(python).as("run bin/setup-peers or set -Djavatorch.peers.python").isExecutable();
    var log = root.resolve("python.log");
    var process =
        new ProcessBuilder(
                python.toString(), "src/test/python/interop_conversion.py", root.toString())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    boolean ended = process.waitFor(8, TimeUnit.MINUTES);
    if (!ended) {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
    assertThat(ended && process.exitValue() == 0)
        .as(() -> "Python: " + new String(read(log), StandardCharsets.UTF_8))
        .isTrue();
  }

  private static byte[] read(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static List<JsonNode> lines(Path file) throws IOException {
    var lines = new ArrayList<JsonNode>();
    for (var line : Files.readAllLines(file)) {
      lines.add(JSON.readTree(line));
    }
    return lines;
  }

  private void compareWithPython(Case written) throws IOException {
    var index = ShardIndex.read(out(written.name())).shards();
    assertThat(
            index.get(0).columns().stream()
                .collect(Collectors.toMap(Column::name, Column::encoding)))
        .as(written.name())
        .isEqualTo(written.encodings());
    assertThat(index)
        .as(written.name())
        .hasSizeGreaterThan(written.name().equals("chosen") ? 0 : 2);
    var found = lines(root.resolve("read").resolve(written.name() + ".jsonl"));
    if (!written.of().inOrder()) {
      assertThat(found.stream().map(DataFrameToMdsInteropTest::id)).doesNotHaveDuplicates();
      found.sort(Comparator.comparing(DataFrameToMdsInteropTest::id));
    }
    var rows = written.of().frame().orderBy("id").collectAsList();
    assertThat(found).as(written.name()).hasSameSizeAs(rows).isNotEmpty();
    for (int i = 0; i < rows.size(); i++) {
      compare(written.name(), expected(rows.get(i), written.encodings(), false), found.get(i));
    }
  }

  private static long id(JsonNode sample) {
    return Long.parseLong(sample.get("id").textValue().substring("int ".length()));
  }

  private List<Path> readWhatPythonWrote() throws IOException {
    List<Path> sets;
    try (var found = Files.list(root.resolve("python"))) {
      sets = found.sorted().toList();
    }
    for (var set : sets) {
      var name = set.getFileName().toString();
      var data = set.resolve("data");
      var encodings =
          ShardIndex.read(data).shards().get(0).columns().stream()
              .collect(Collectors.toMap(Column::name, Column::encoding));
      var rows = session.read().format("mds").load(data.toString()).collectAsList();
      var expected = lines(set.resolve("samples.jsonl"));
      var found =
          new ArrayList<JsonNode>(
              rows.stream().map(row -> expected(row, encodings, true)).toList());
      if (!name.startsWith("MDSWriter")) {
        found.sort(Comparator.comparing(DataFrameToMdsInteropTest::id));
      }
      assertThat(found).as(name).hasSameSizeAs(expected).isNotEmpty();
      for (int i = 0; i < found.size(); i++) {
        compare(name, expected.get(i), found.get(i));
      }
    }
    return sets;
  }

  private void compare(String what, JsonNode expected, JsonNode found) {
    assertThat(found.size()).as(what).isEqualTo(expected.size());
    for (var entry : expected.properties()) {
      assertThat(found.get(entry.getKey()))
          .as("%s, sample %s, %s", what, expected.get("id"), entry.getKey())
          .isEqualTo(entry.getValue());
      values++;
    }
  }

  /** The texts of a row's values as the script makes them of what Python reads. */
  private static JsonNode expected(Row row, Map<String, String> encodings, boolean stored) {
    try {
      var sample = JsonNodeFactory.instance.objectNode();
      for (var name : row.schema().fieldNames()) {
        var value = row.get(row.fieldIndex(name));
        var encoding = encodings.get(name);
        if (encoding.equals("json")) {
          sample
              .putObject(name)
              .set("json", stored ? JSON.readTree((String) value) : JSON.valueToTree(json(value)));
        } else {
          sample.put(
              name,
              stored
                  ? text(encoding, value)
                  : decoded(encoding, value, row.<Number>getAs("id").intValue()));
        }
      }
      // Through text, so that numbers are of the same class on both sides.
      return JSON.readTree(TO_TEXT.writeValueAsString(sample));
    } catch (IOException e) {
      throw new AssertionError(row.toString(), e);
    }
  }

  /** Images and pickles are opened by Python. */
  private static String decoded(String encoding, Object value, int n) {
    return switch (encoding) {
      case "png", "pil" -> "image RGB 3x2 " + HexFormat.of().formatHex(pixels(n));
      case "jpeg" -> "jpeg RGB 3x2";
      case "pkl" -> "int " + ((byte[]) value)[3];
      default -> text(encoding, value);
    };
  }

  private static String text(String encoding, Object value) {
    var kind = encoding.split(":")[0];
    return switch (kind) {
      case "str" -> "str " + value;
      case "str_decimal" -> "decimal " + new BigDecimal(value.toString()).toPlainString();
      case "bytes", "png", "jpeg", "pil", "pkl" ->
          "bytes "
              + HexFormat.of()
                  .formatHex(
                      value instanceof String text
                          ? text.getBytes(StandardCharsets.UTF_8)
                          : (byte[]) value);
      case "ndarray" -> ndarray(encoding, value);
      default ->
          kind.startsWith("float") || kind.equals("str_float")
              ? "float " + real(value)
              : "int " + integer(value);
    };
  }

  private static String real(Object value) {
    double number = ((Number) value).doubleValue();
    if (value instanceof BigDecimal decimal) {
      number = decimal.floatValue();
    }
    return Double.isNaN(number) ? "nan" : "%016x".formatted(Double.doubleToRawLongBits(number));
  }

  private static String integer(Object value) {
    if (value instanceof Boolean flag) {
      return flag ? "1" : "0";
    } else if (value instanceof Date date) {
      return Long.toString(date.toLocalDate().toEpochDay());
    } else if (value instanceof Timestamp timestamp) {
      return Long.toString(micros(timestamp.toInstant()));
    } else if (value instanceof LocalDateTime time) {
      return Long.toString(micros(time.toInstant(ZoneOffset.UTC)));
    } else if (value instanceof Period period) {
      return Long.toString(period.toTotalMonths());
    } else if (value instanceof Duration duration) {
      return Long.toString(micros(Instant.EPOCH.plus(duration)));
    }
    return value.toString();
  }

  private static long micros(Instant instant) {
    return ChronoUnit.MICROS.between(Instant.EPOCH, instant);
  }

  private static String ndarray(String encoding, Object value) {
    var elements = new ArrayList<Object>();
    var shape = new ArrayList<Object>();
    if (value instanceof Row struct) {
      shape.addAll(struct.getList(struct.fieldIndex("shape")));
      if (struct.schema().fieldNames()[0].equals("dtype")) {
        assertThat(struct.getString(0)).isEqualTo("int16");
        var data = ByteBuffer.wrap((byte[]) struct.get(2)).order(ByteOrder.LITTLE_ENDIAN);
        while (data.hasRemaining()) {
          elements.add(data.getShort());
        }
      } else {
        elements.addAll(struct.getList(1));
      }
    } else {
      for (Object level = value; level instanceof scala.collection.Seq<?> seq; level = seq.head()) {
        shape.add(seq.size());
      }
      flatten(value, elements);
      var parts = encoding.split(":");
      if (parts.length == 3) {
        shape.clear();
        shape.addAll(List.of((Object[]) parts[2].split(",")));
      }
    }
    boolean real = encoding.contains("float");
    return "ndarray %s %s"
        .formatted(
            shape,
            elements.stream()
                .map(element -> real ? real(element) : integer(element))
                .collect(Collectors.joining(" ")));
  }

  private static void flatten(Object value, List<Object> elements) {
    if (value instanceof scala.collection.Seq<?> seq) {
      CollectionConverters.asJava(seq).forEach(element -> flatten(element, elements));
    } else {
      elements.add(value);
    }
  }

  /** What Python's json makes of the text that a value has by the table. */
  private static Object json(Object value) {
    if (value instanceof Row row) {
      var object = new LinkedHashMap<String, Object>();
      for (int i = 0; i < row.size(); i++) {
        object.put(row.schema().fieldNames()[i], json(row.get(i)));
      }
      return object;
    } else if (value instanceof scala.collection.Map<?, ?> map) {
      var entries = CollectionConverters.asJava(map);
      if (entries.keySet().iterator().next() instanceof Row) {
        return entries.entrySet().stream()
            .map(entry -> Arrays.asList(json(entry.getKey()), json(entry.getValue())))
            .toList();
      }
      var object = new LinkedHashMap<String, Object>();
      entries.forEach((key, entry) -> object.put((String) key, json(entry)));
      return object;
    } else if (value instanceof scala.collection.Seq<?> seq) {
      return CollectionConverters.asJava(seq).stream()
          .map(DataFrameToMdsInteropTest::json)
          .collect(Collectors.toCollection(ArrayList::new));
    } else if (value instanceof byte[] bytes) {
      return Base64.getEncoder().encodeToString(bytes);
    } else if (value instanceof BigDecimal decimal) {
      return decimal.toPlainString();
    } else if (value instanceof Timestamp timestamp) {
      return timestamp.toInstant().toString();
    } else if (value instanceof Float number) {
      return Double.valueOf(number.toString());
    } else if (value instanceof Period period) {
      return period.normalized().toString();
    } else if (value instanceof Date
        || value instanceof LocalDateTime
        || value instanceof Duration) {
      return value.toString();
    }
    return value;
  }

  private static byte[] pixels(int n) {
    var pixels = new byte[18];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (byte) (n * 7 + i);
    }
    return pixels;
  }

  private static byte[] encoded(String format, int n) throws IOException {
    var image = new BufferedImage(3, 2, BufferedImage.TYPE_INT_RGB);
    var pixels = pixels(n);
    for (int i = 0; i < 6; i++) {
      image.setRGB(
          i % 3,
          i / 3,
          ((pixels[3 * i] & 255) << 16)
              | ((pixels[3 * i + 1] & 255) << 8)
              | (pixels[3 * i + 2] & 255));
    }
    var out = new ByteArrayOutputStream();
    assertThat(ImageIO.write(image, format, out)).isTrue();
    return out.toByteArray();
  }

  /** The form of the encoding pil: width, height, length of the mode, mode, pixels. */
  private static byte[] raw(int n) {
    return ByteBuffer.allocate(12 + 3 + 18)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(3)
        .putInt(2)
        .putInt(3)
        .put("RGB".getBytes(StandardCharsets.US_ASCII))
        .put(pixels(n))
        .array();
  }
}
