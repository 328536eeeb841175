package io.javatorch.conversion.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.javatorch.conversion.schema.MdsSchema.MappedColumn;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class MdsSchemaTest {
  static Stream<String> lines() throws IOException {
    try (var in = MdsSchemaTest.class.getResourceAsStream("encodings.txt")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .filter(line -> !line.isBlank() && !line.startsWith("#"));
    }
  }

  @ParameterizedTest
  @MethodSource("lines")
  void mapsATypeAsTheTableSays(String line) {
    var parts = Arrays.stream(line.split("\\|", 4)).map(String::strip).toArray(String[]::new);
    var type = parts[0].equals("void") ? DataTypes.NullType : DataType.fromDDL(parts[0]);
    var schema = new StructType().add("c", type);
    var columns = Map.of("c", parts[1].equals("-") ? "" : parts[1]);
    var policy = NullPolicy.parse(parts[2]);

    if (parts[3].startsWith("!")) {
      assertThatThrownBy(() -> MdsSchema.of(schema, columns, policy))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(parts[3].substring(1));
    } else {
      assertThat(MdsSchema.of(schema, columns, policy).encodings()).containsEntry("c", parts[3]);
    }
  }

  @Test
  void keepsTheEncodingOfAColumnThatHasNoNullUnderThePolicyJson() {
    var schema =
        new StructType()
            .add("a", DataTypes.IntegerType, false)
            .add("b", DataTypes.createArrayType(DataTypes.FloatType, false), false)
            .add("c", DataTypes.createArrayType(DataTypes.FloatType, true), false);

    assertThat(MdsSchema.of(schema, NullPolicy.JSON).encodings())
        .containsExactly(
            Map.entry("a", "int32"), Map.entry("b", "ndarray:float32"), Map.entry("c", "json"));
  }

  @Test
  void takesOnlyTheChosenColumnsAndTheirEncodings() {
    var schema = StructType.fromDDL("skipped interval, label int, image binary");

    var mapped = MdsSchema.of(schema, Map.of("label", "int", "image", ""));

    assertThat(mapped.columns())
        .containsExactly(
            new MappedColumn("label", 1, DataTypes.IntegerType, true, "int", false),
            new MappedColumn("image", 2, DataTypes.BinaryType, true, "bytes", false));
  }

  @Test
  void writesTextAsTheJsonItIsOnlyWhereJsonIsChosen() {
    var schema = StructType.fromDDL("chosen string, free string");

    var mapped = MdsSchema.of(schema, Map.of("chosen", "json", "free", ""), NullPolicy.JSON);

    assertThat(mapped.columns()).extracting(MappedColumn::encoding).containsOnly("json");
    assertThat(mapped.columns()).extracting(MappedColumn::document).containsExactly(true, false);
  }

  @Test
  void namesEveryColumnThatCannotBeWrittenInOneMessage() {
    var schema =
        StructType.fromDDL("good int, gap interval, label bigint, twice struct<a:int,a:int>");

    assertThatThrownBy(
            () ->
                MdsSchema.of(
                    schema, Map.of("good", "", "gap", "", "label", "bytes", "twice", "", "no", "")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'gap' is of type INTERVAL")
        .hasMessageContaining("'label' is of type BIGINT: it can be int64")
        .hasMessageContaining("'twice' is of type STRUCT")
        .hasMessageContaining("'no' is not in the DataFrame, whose columns are good, gap, label")
        .message()
        .doesNotContain("'good'");
  }

  @Test
  void refusesColumnsThatAreMissingOrAmbiguous() {
    var schema = StructType.fromDDL("a int, b int").add("a", "int");

    assertThatThrownBy(() -> MdsSchema.of(schema, Map.of("a", "", "nope", "")))
        .hasMessageContaining("'a' occurs 2 times")
        .hasMessageContaining("'nope' is not in the DataFrame, whose columns are a, b, a");
  }
}
