package io.javatorch.conversion.value;

import static org.assertj.core.api.Assertions.assertThat;

import io.javatorch.conversion.schema.MdsSchema;
import io.javatorch.conversion.schema.NullPolicy;
import io.javatorch.conversion.schema.SchemaSidecar;
import io.javatorch.conversion.schema.SparkSchema;
import io.javatorch.streaming.format.MdsWriter;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.catalyst.util.ArrayBasedMapData;
import org.apache.spark.sql.catalyst.util.GenericArrayData;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DayTimeIntervalType;
import org.apache.spark.sql.types.Decimal;
import org.apache.spark.sql.types.DecimalType;
import org.apache.spark.sql.types.MapType;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.unsafe.types.UTF8String;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Writes and reads a value by every pair of a type and an encoding that the table allows. */
class EncodingPairsTest {
  @TempDir private Path directory;

  static Stream<String> pairs() throws IOException {
    try (var in = MdsSchema.class.getResourceAsStream("encodings.txt")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .filter(line -> !line.isBlank() && !line.startsWith("#") && !line.contains("| !"))
          .filter(line -> !line.startsWith("void"));
    }
  }

  @ParameterizedTest
  @MethodSource("pairs")
  void readsBackWhatAPairHasWritten(String line) throws IOException {
    var parts = Arrays.stream(line.split("\\|", 4)).map(String::strip).toArray(String[]::new);
    var type = new StructType().add("c", DataType.fromDDL(parts[0]));
    var schema =
        MdsSchema.of(
            type, Map.of("c", parts[1].equals("-") ? "" : parts[1]), NullPolicy.parse(parts[2]));
    var row = new GenericInternalRow(new Object[] {value(type.fields()[0].dataType(), parts[3])});

    var read = readBack(schema, List.of(row));

    assertThat(read).containsExactly(RandomRows.plain(row, type));
  }

  private List<List<Object>> readBack(MdsSchema schema, List<GenericInternalRow> rows)
      throws IOException {
    try (var writer = MdsWriter.builder(directory).columns(schema.encodings()).open()) {
      var copier = RowWriter.of(schema);
      for (var row : rows) {
        var sample = writer.row();
        assertThat(copier.write(row, sample)).isTrue();
        sample.write();
      }
      var index = writer.finish();
      var sidecar = SchemaSidecar.parse(SchemaSidecar.of(schema).toJson());
      return RoundTripPropertyTest.rows(
          directory, index, SparkSchema.of(index, Optional.of(sidecar), "here"));
    }
  }

  /** One that every encoding of the type can hold. */
  private static Object value(DataType type, String encoding) {
    if (type instanceof ArrayType array) {
      if (encoding.startsWith("list") || encoding.startsWith("jpeg")) {
        return new GenericArrayData(new Object[] {new byte[] {1}, new byte[] {2, 3}});
      }
      // Shapes in the table are of six values in all.
      var element = value(array.elementType(), "");
      int size = array.elementType() instanceof ArrayType ? 2 : encoding.isEmpty() ? 3 : 6;
      var elements = new Object[size];
      Arrays.fill(elements, element);
      return new GenericArrayData(elements);
    } else if (type instanceof MapType map) {
      return new ArrayBasedMapData(
          new GenericArrayData(new Object[] {value(map.keyType(), "")}),
          new GenericArrayData(new Object[] {value(map.valueType(), "")}));
    } else if (type instanceof StructType struct) {
      return new GenericInternalRow(
          Arrays.stream(struct.fields()).map(field -> value(field.dataType(), "")).toArray());
    } else if (type instanceof DecimalType decimal) {
      var value = new BigDecimal(decimal.scale() > 0 ? "7.5" : "7").setScale(decimal.scale());
      return Decimal.apply(value, decimal.precision(), decimal.scale());
    }
    return switch (type.typeName().replaceAll("[ (].*", "")) {
      case "boolean" -> true;
      case "byte" -> (byte) 100;
      case "short" -> (short) 100;
      case "integer", "date" -> 100;
      case "float" -> 0.5f;
      case "double" -> -2.5;
      case "string", "char", "varchar" ->
          UTF8String.fromString(
              switch (encoding) {
                case "json" -> "{\"a\": [1]}";
                case "str_decimal" -> "1.50";
                default -> "text ☃";
              });
      case "binary" -> bytes(encoding);
      case "interval" -> type instanceof DayTimeIntervalType ? (Object) 90L : (Object) 100;
      default -> 100L;
    };
  }

  /** The bytes of an encoded value. */
  private static byte[] bytes(String encoding) {
    return switch (encoding) {
      case "pil" -> new byte[] {1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 'L', 7};
      case "pkl" -> new byte[] {(byte) 0x80, 4, 'N', '.'};
      case "list[png]" -> new byte[8];
      case "jpeg_array" -> new byte[] {1, 0, 0, 0, 1, 0, 0, 0, 9};
      case "ndarray" -> new byte[] {8, 4, 1, 5};
      case "ndarray:uint8:28,28" -> new byte[784];
      default -> new byte[] {1, 2, 3};
    };
  }
}
