package io.javatorch.conversion.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;

class MdsSchemaTest {
  @Test
  void mapsEveryTypeToItsDefaultEncoding() {
    var schema =
        StructType.fromDDL(
            "s string, b binary, t tinyint, h smallint, i int, l bigint, f float, d double");

    assertThat(MdsSchema.of(schema).encodings())
        .containsExactly(
            Map.entry("s", "str"),
            Map.entry("b", "bytes"),
            Map.entry("t", "int8"),
            Map.entry("h", "int16"),
            Map.entry("i", "int32"),
            Map.entry("l", "int64"),
            Map.entry("f", "float32"),
            Map.entry("d", "float64"));
  }

  @Test
  void takesOnlyTheChosenColumnsAndTheirEncodings() {
    var schema = StructType.fromDDL("skipped map<string,int>, label int, image binary");

    var mapped = MdsSchema.of(schema, Map.of("label", "int", "image", ""));

    assertThat(mapped.columns())
        .containsExactly(
            new MdsSchema.MappedColumn("label", 1, "int"),
            new MdsSchema.MappedColumn("image", 2, "bytes"));
  }

  @Test
  void namesEveryColumnThatCannotBeWrittenAndWhatToDo() {
    var schema =
        StructType.fromDDL(
            "good int, flag boolean, price decimal(10,2), at timestamp, tags array<string>,"
                + " extra map<string,int>, point struct<x:int>");

    assertThatThrownBy(() -> MdsSchema.of(schema))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'flag' is of type BOOLEAN: cast it to int")
        .hasMessageContaining("'price' is of type DECIMAL(10,2): cast it to double")
        .hasMessageContaining("'at' is of type TIMESTAMP: cast it to string")
        .hasMessageContaining("'tags' is of type ARRAY<STRING>")
        .hasMessageContaining("'extra' is of type MAP<STRING, INT>")
        .hasMessageContaining("'point' is of type STRUCT<x: INT")
        .message()
        .doesNotContain("'good'");
  }

  @Test
  void refusesAnEncodingThatIsNarrowerThanTheType() {
    assertThatThrownBy(() -> MdsSchema.of(StructType.fromDDL("n bigint"), Map.of("n", "int32")))
        .hasMessageContaining("'n' is of type BIGINT, which can be int64, int but not int32");
  }

  @Test
  void refusesColumnsThatAreMissingOrAmbiguous() {
    var schema = StructType.fromDDL("a int, b int").add("a", "int");

    assertThatThrownBy(() -> MdsSchema.of(schema, Map.of("a", "", "nope", "")))
        .hasMessageContaining("'a' occurs 2 times")
        .hasMessageContaining("'nope' is not in the DataFrame, whose columns are a, b, a");
  }
}
