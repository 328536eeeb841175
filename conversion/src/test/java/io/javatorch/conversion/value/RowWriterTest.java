package io.javatorch.conversion.value;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.javatorch.conversion.schema.MdsSchema;
import io.javatorch.conversion.schema.NullPolicy;
import io.javatorch.streaming.format.MdsWriter;
import io.javatorch.streaming.format.NdArray;
import io.javatorch.streaming.format.ShardReader;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.catalyst.util.ArrayBasedMapData;
import org.apache.spark.sql.catalyst.util.GenericArrayData;
import org.apache.spark.sql.types.Decimal;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.unsafe.types.UTF8String;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RowWriterTest {
  @TempDir private Path directory;

  private static InternalRow row(Object... values) {
    return new GenericInternalRow(values);
  }

  private static GenericArrayData array(Object... values) {
    return new GenericArrayData(values);
  }

  private static UTF8String text(String text) {
    return UTF8String.fromString(text);
  }

  private List<Map<String, Object>> write(MdsSchema schema, InternalRow... rows)
      throws IOException {
    var writer = MdsWriter.builder(directory).columns(schema.encodings()).open();
    try (writer) {
      var copier = RowWriter.of(schema);
      for (var row : rows) {
        var sample = writer.row();
        if (copier.write(row, sample)) {
          sample.write();
        }
      }
      var samples = new ArrayList<Map<String, Object>>();
      for (var shard : writer.finish().shards()) {
        try (var reader = ShardReader.open(directory, shard)) {
          reader.forEach(sample -> samples.add(sample.toMap()));
        }
      }
      return samples;
    }
  }

  private List<Map<String, Object>> write(
      String type, String encoding, NullPolicy policy, InternalRow... rows) throws IOException {
    var schema = StructType.fromDDL("c " + type);
    return write(MdsSchema.of(schema, Map.of("c", encoding), policy), rows);
  }

  @ParameterizedTest
  @CsvSource({
    "'decimal(4,2)', float16, 99.99",
    "'decimal(38,0)', float64, 99999999999999999999999999999999999999",
    "'decimal(5,0)', float16, 70000"
  })
  void roundsNoDecimalToOneThatItsTypeCannotHold(String type, String encoding, String value) {
    var decimal = new BigDecimal(value);
    var stored = Decimal.apply(decimal);

    assertThatThrownBy(() -> write(type, encoding, NullPolicy.FAIL, row(stored)))
        .isInstanceOf(RowException.class)
        .hasMessageContaining("Column 'c'")
        .hasMessageContaining("row 0")
        .hasMessageContaining("choose a wider type or str_decimal");
  }

  @Test
  void putsEachColumnWhereItsNameIsByCodePoint() throws IOException {
    var schema =
        new StructType()
            .add("\uD83D\uDE00", "int")
            .add("\uFFEE", "string")
            .add("z", "double")
            .add("A", "binary");

    var samples = write(MdsSchema.of(schema), row(1, text("two"), 3.5, new byte[] {4}));

    assertThat(samples.get(0))
        .containsEntry("\uD83D\uDE00", 1)
        .containsEntry("\uFFEE", "two")
        .containsEntry("z", 3.5)
        .containsEntry("A", new byte[] {4});
  }

  @Test
  void failsAtANullAndSaysWhereAndWhatToDo() {
    assertThatThrownBy(() -> write("int", "", NullPolicy.FAIL, row(1), row((Object) null)))
        .isInstanceOf(RowException.class)
        .hasMessageStartingWith("Column 'c' (int32) is null in row 1, and MDS has no null")
        .hasMessageContaining("null policy json, drop or zero")
        .hasMessageContaining("df.na().drop(new String[] {\"c\"})");
  }

  @Test
  void failsAtANullWithinAnArrayOfNumbers() {
    assertThatThrownBy(() -> write("array<float>", "", NullPolicy.FAIL, row(array(1f, null))))
        .hasMessageContaining("Column 'c' (ndarray:float32) has a null within its array in row 0");
  }

  @Test
  void failsAtANullInAColumnWhoseEncodingWasChosenUnderThePolicyJson() {
    assertThatThrownBy(() -> write("int", "int32", NullPolicy.JSON, row((Object) null)))
        .hasMessageContaining("Column 'c' (int32) is null in row 0");
  }

  @Test
  void dropsRowsWithNullsAndCountsThem() throws IOException {
    var schema =
        MdsSchema.of(StructType.fromDDL("a int, b array<int>, s struct<x:int>"), NullPolicy.DROP);
    try (var writer = MdsWriter.builder(directory).columns(schema.encodings()).open()) {
      var copier = RowWriter.of(schema);

      assertThat(copier.write(row(1, array(1), row(1)), writer.row())).isTrue();
      assertThat(copier.write(row(null, array(1), row(1)), writer.row())).isFalse();
      assertThat(copier.write(row(1, array(1, null), row(1)), writer.row())).isFalse();
      assertThat(copier.write(row(1, null, row(1)), writer.row())).isFalse();
      // JSON has a null of its own.
      assertThat(copier.write(row(1, array(1), null), writer.row())).isTrue();

      assertThat(copier.rows()).isEqualTo(5);
      assertThat(copier.dropped()).isEqualTo(3);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "boolean, , 0",
    "tinyint, , 0",
    "bigint, int, 0",
    "float, , 0.0",
    "double, str_float, 0.0",
    "'decimal(5,2)', , 0.00",
    "string, , ''",
    "string, str_int, 0",
    "date, str, 1970-01-01",
    "timestamp, , 0",
    "timestamp, str, 1970-01-01T00:00:00Z",
    "timestamp_ntz, str, 1970-01-01T00:00:00",
    "interval year to month, str, P0D",
    "interval day to second, str, PT0S",
    "'array<int>', 'ndarray:int32:2,2', '[[0, 0], [0, 0]]'",
    "'array<array<float>>', 'ndarray:float32:1,2', '[[0.0, 0.0]]'",
    "'struct<x:int>', , null"
  })
  void writesTheZeroOfAType(String type, String encoding, String expected) throws IOException {
    var samples =
        write(type, encoding == null ? "" : encoding, NullPolicy.ZERO, row((Object) null));

    var value = samples.get(0).get("c");
    assertThat(String.valueOf(value instanceof NdArray array ? array.toNestedLists() : value))
        .isEqualTo(expected);
  }

  @Test
  void writesZeroForNullsWithinArrays() throws IOException {
    var samples = write("array<float>", "", NullPolicy.ZERO, row(array(1f, null, 3f)));

    assertThat(samples.get(0)).containsEntry("c", NdArray.of(new float[] {1, 0, 3}));
  }

  @ParameterizedTest
  @CsvSource({
    "'array<int>', ''",
    "binary, jpeg",
  })
  void failsWhereATypeHasNoZero(String type, String encoding) {
    assertThatThrownBy(() -> write(type, encoding, NullPolicy.ZERO, row((Object) null)))
        .isInstanceOf(RowException.class)
        .hasMessageContaining("is null, and its encoding has no zero, in row 0");
  }

  @Test
  void namesTheRowAndTheValueThatIsOutOfRange() {
    assertThatThrownBy(() -> write("int", "uint8", NullPolicy.FAIL, row(255), row(256)))
        .isInstanceOf(RowException.class)
        .hasMessage(
            "Column 'c' (INT as uint8) cannot be written in row 1: 256 is out of the range of uint8");
    assertThatThrownBy(() -> write("bigint", "uint64", NullPolicy.FAIL, row(-1L)))
        .hasMessageContaining("-1 is out of the range of uint64");
    assertThatThrownBy(
            () -> write("array<int>", "ndarray:uint8", NullPolicy.FAIL, row(array(1, -1))))
        .hasMessageContaining("row 0: -1 is out of the range of uint8");
    assertThatThrownBy(() -> write("array<int>", "ndarray:int8", NullPolicy.FAIL, row(array(128))))
        .hasMessageContaining("128 is out of the range of int8");
  }

  @Test
  void refusesIntegersThatAFloatDoesNotHold() {
    assertThatThrownBy(() -> write("int", "float32", NullPolicy.FAIL, row(16_777_217)))
        .hasMessageContaining("16777217 cannot be held exactly by float32");
    assertThatThrownBy(() -> write("bigint", "float64", NullPolicy.FAIL, row(Long.MAX_VALUE)))
        .hasMessageContaining("cannot be held exactly by float64");
    assertThatThrownBy(
            () -> write("array<int>", "ndarray:float16", NullPolicy.FAIL, row(array(2049))))
        .hasMessageContaining("2049 cannot be held exactly by float16");
  }

  @Test
  void refusesArraysThatAreNoBox() {
    assertThatThrownBy(() -> write("array<int>", "", NullPolicy.FAIL, row(array())))
        .hasMessageContaining("the array is empty")
        .hasMessageContaining("choose json");
    assertThatThrownBy(
            () ->
                write(
                    "array<array<int>>",
                    "",
                    NullPolicy.FAIL,
                    row(array(array(1, 2), array(1, 2))),
                    row(array(array(1, 2), array(3)))))
        .hasMessageContaining("in row 1: the arrays are not of one length in dimension 1: 2 and 1");
    assertThatThrownBy(
            () -> write("array<int>", "ndarray:int32:2,2", NullPolicy.FAIL, row(array(1, 2, 3))))
        .hasMessageContaining("an array of the shape [3] does not fit ndarray:int32:2,2");
  }

  @Test
  void refusesBytesThatAreNoneOfTheEncoding() {
    assertThatThrownBy(
            () ->
                write(
                    "string",
                    "",
                    NullPolicy.FAIL,
                    row(UTF8String.fromBytes(new byte[] {'a', (byte) 0xc0}))))
        .hasMessageContaining("it is not UTF-8 from byte 1 on");
    assertThatThrownBy(() -> write("string", "json", NullPolicy.FAIL, row(text("{nope"))))
        .hasMessageContaining("it is not JSON");
    assertThatThrownBy(() -> write("binary", "pil", NullPolicy.FAIL, row(new byte[] {1, 2})))
        .hasMessageContaining("the image ends within its head");
    assertThatThrownBy(
            () ->
                write(
                    "array<string>",
                    "",
                    NullPolicy.FAIL,
                    row(array(UTF8String.fromBytes(new byte[] {(byte) 0xff})))))
        .hasMessageContaining("the text is not UTF-8");
  }

  @Test
  void writesJsonAsPythonWritesIt() throws IOException {
    var type =
        "struct<s:string,n:array<double>,d:decimal(5,2),day:date,at:timestamp,ntz:timestamp_ntz,"
            + "ym:interval year to month,dt:interval day to second,b:binary,m:map<int,string>,"
            + "p:map<struct<k:int>,boolean>,none:int>";
    var value =
        row(
            text("é\"\\\n\u0001"),
            array(1.5, Double.NaN, Double.NEGATIVE_INFINITY, 1e22, null),
            Decimal.apply(new BigDecimal("12.50"), 5, 2),
            19_782,
            1_709_210_096_789_012L,
            1_704_067_200_000_000L,
            -14,
            -1_500_000L,
            new byte[] {1, 2},
            new ArrayBasedMapData(array(7, -8), array(text("x"), null)),
            new ArrayBasedMapData(array(row(1)), array(true)),
            null);
    var schema = MdsSchema.of(StructType.fromDDL("c " + type));
    try (var writer = MdsWriter.builder(directory).columns(schema.encodings()).open()) {
      var sample = writer.row();
      RowWriter.of(schema).write(row(value), sample);
      sample.write();
      var index = writer.finish();
      try (var reader = ShardReader.open(directory, index.shards().get(0))) {
        assertThat(reader.get(0).getString("c"))
            .isEqualTo(
                "{\"s\": \"\\u00e9\\\"\\\\\\n\\u0001\", \"n\": [1.5, NaN, -Infinity, 1.0E22, null],"
                    + " \"d\": \"12.50\", \"day\": \"2024-02-29\","
                    + " \"at\": \"2024-02-29T12:34:56.789012Z\","
                    + " \"ntz\": \"2024-01-01T00:00:00\", \"ym\": \"P-1Y-2M\","
                    + " \"dt\": \"PT-1.5S\", \"b\": \"AQI=\", \"m\": {\"7\": \"x\", \"-8\": null},"
                    + " \"p\": [[{\"k\": 1}, true]], \"none\": null}");
      }
    }
  }
}
