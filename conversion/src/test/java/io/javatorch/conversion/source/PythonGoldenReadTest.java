package io.javatorch.conversion.source;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.javatorch.conversion.MdsFiles;
import io.javatorch.streaming.format.Column;
import io.javatorch.streaming.format.NdArray;
import io.javatorch.streaming.format.PilImage;
import io.javatorch.streaming.format.ShardIndex;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Reads data sets that the Python library wrote. The module streaming has them, with the script
 * that made them, and shows that its own reader gives Python's values, with which these are
 * compared.
 */
class PythonGoldenReadTest {
  private static final Path GOLDEN = Path.of("../streaming/src/test/resources/golden");

  private static SparkSession session;

  @BeforeAll
  static void startSpark() {
    session =
        SparkSession.builder()
            .master("local[2]")
            .config("spark.ui.enabled", false)
            .config("spark.driver.host", "127.0.0.1")
            .getOrCreate();
  }

  @AfterAll
  static void stopSpark() {
    session.stop();
  }

  static Stream<String> dataSets() {
    return Stream.of(
        "raw",
        "zstd",
        "br",
        "snappy",
        "gz",
        "bz2",
        "scalars",
        "text-numbers",
        "ndarray",
        "json",
        "json-ndarray",
        "pil",
        "image-files",
        "image-lists",
        "names",
        "text/json",
        "text/csv",
        "text/tsv",
        "text/xsv");
  }

  @ParameterizedTest
  @MethodSource("dataSets")
  void readsWhatPythonWrote(String name) throws IOException {
    var data = GOLDEN.resolve(name).resolve("data").toAbsolutePath().normalize();
    assertThat(data.resolve("index.json")).exists();
    var expected = MdsFiles.samples(data);
    var json =
        ShardIndex.read(data).shards().get(0).columns().stream()
            .filter(column -> column.encoding().equals("json"))
            .map(Column::name)
            .toList();

    var rows = session.read().format("mds").load(data.toString()).collectAsList();

    assertThat(rows).hasSameSizeAs(expected).isNotEmpty();
    for (int i = 0; i < rows.size(); i++) {
      var row = rows.get(i);
      assertThat(row.schema().fieldNames())
          .containsExactlyInAnyOrderElementsOf(expected.get(i).keySet());
      for (var entry : expected.get(i).entrySet()) {
        var read = row.get(row.fieldIndex(entry.getKey()));
        var what = name + " " + i + " " + entry.getKey();
        if (json.contains(entry.getKey())) {
          checkJson(what, (String) read, entry.getValue());
        } else {
          check(what, read, entry.getValue());
        }
      }
    }
  }

  private static void check(String what, Object read, Object expected) {
    if (expected instanceof NdArray array && read instanceof Row struct) {
      assertThat(struct.getList(struct.fieldIndex("shape")))
          .as(what)
          .isEqualTo(Arrays.stream(array.shape()).boxed().toList());
      if (struct.schema().fieldNames()[0].equals("dtype")) {
        assertThat(struct.getString(0)).as(what).isEqualTo(array.dtype().numpyName());
        var data = new byte[array.data().remaining()];
        array.data().get(data);
        assertThat((byte[]) struct.get(2)).as(what).isEqualTo(data);
      } else {
        assertThat(plain(struct.getList(1))).as(what).isEqualTo(plain(flat(array)));
      }
    } else if (expected instanceof NdArray array) {
      assertThat(plain(read)).as(what).isEqualTo(plain(array.toNestedLists()));
    } else if (expected instanceof PilImage image) {
      checkPixels(what, (byte[]) read, image);
    } else if (expected instanceof List<?> list
        && !list.isEmpty()
        && list.get(0) instanceof PilImage) {
      var images = scala.jdk.javaapi.CollectionConverters.asJava((scala.collection.Seq<?>) read);
      for (int i = 0; i < list.size(); i++) {
        checkPixels(what, (byte[]) images.get(i), (PilImage) list.get(i));
      }
    } else if (expected instanceof BigDecimal && read instanceof String text) {
      assertThat(new BigDecimal(text)).as(what).isEqualByComparingTo(expected.toString());
    } else if (expected instanceof BigInteger && read instanceof String text) {
      assertThat(text).as(what).isEqualTo(expected.toString());
    } else {
      assertThat(plain(read)).as(what).isEqualTo(plain(expected));
    }
  }

  /** Of an encoded image the pixels come last. */
  private static void checkPixels(String what, byte[] read, PilImage image) {
    var pixels = new byte[image.pixels().remaining()];
    image.pixels().get(pixels);
    assertThat(read).as(what).hasSizeGreaterThan(12 + pixels.length).endsWith(pixels);
  }

  private static void checkJson(String what, String text, Object expected) {
    try {
      var mapper = JsonMapper.builder().enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS).build();
      assertThat(mapper.readValue(text, Object.class)).as(what).isEqualTo(expected);
    } catch (IOException e) {
      throw new AssertionError(what + ": " + text, e);
    }
  }

  private static List<Object> flat(Object value) {
    var all = new ArrayList<Object>();
    var list = value instanceof NdArray array ? array.toNestedLists() : (List<?>) value;
    for (var element : list) {
      if (element instanceof List<?> inner) {
        all.addAll(flat(inner));
      } else {
        all.add(element);
      }
    }
    return all;
  }

  /** Numbers as text of their value, so that their types do not matter. */
  private static Object plain(Object value) {
    if (value instanceof byte[] bytes) {
      return "bytes " + Base64.getEncoder().encodeToString(bytes);
    } else if (value instanceof Float || value instanceof Double) {
      return "float " + ((Number) value).doubleValue();
    } else if (value instanceof Number) {
      return "int " + new BigDecimal(value.toString()).toBigInteger();
    } else if (value instanceof scala.collection.Seq<?> seq) {
      return plain(scala.jdk.javaapi.CollectionConverters.asJava(seq));
    } else if (value instanceof List<?> list) {
      return list.stream().map(PythonGoldenReadTest::plain).toList();
    }
    return value;
  }

  @Test
  void readsPicklesAsBytesAndOpensNone() {
    var data = GOLDEN.resolve("pkl/data").toAbsolutePath().normalize();

    var rows = session.read().format("mds").load(data.toString()).collectAsList();

    assertThat(rows).isNotEmpty();
    for (var row : rows) {
      // A pickle begins with its protocol and ends with a full stop.
      assertThat((byte[]) row.get(0)).startsWith((byte) 0x80).endsWith((byte) '.');
    }
  }
}
