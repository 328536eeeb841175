package io.javatorch.conversion.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SchemaSidecarTest {
  private static byte[] sidecar(String type) {
    return """
        {"version": 1, "columns": [{"name": "c", "encoding": "json", "nullable": true,
        "document": false, "type": %s}]}
        """
        .formatted(type)
        .getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void readsWhatItWrites() {
    var schema =
        MdsSchema.of(
            StructType.fromDDL(
                "z decimal(38,3), a map<struct<x:int>,array<date>> not null, d string, `s p` char(3)"),
            Map.of("z", "", "a", "", "d", "json", "s p", ""));
    var sidecar = SchemaSidecar.of(schema);

    assertThat(SchemaSidecar.parse(sidecar.toJson())).isEqualTo(sidecar);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"type\": \"udt\", \"class\": \"java.util.ArrayList\", \"pyClass\": null,"
            + " \"sqlType\": \"string\"}",
        "{\"type\": \"array\", \"containsNull\": true, \"elementType\":"
            + " {\"type\": \"udt\", \"class\": \"x.Y\", \"sqlType\": \"string\"}}",
        "{\"type\": \"udt\", \"pyClass\": \"x.Y\", \"serializedClass\": \"AA\", \"sqlType\": \"int\"}"
      })
  void loadsNoClassThatAFileNames(String type) {
    assertThatThrownBy(() -> SchemaSidecar.parse(sidecar(type)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("the type of column 'c' names a class, which is not loaded");
  }

  @Test
  void refusesTypesThatAreTooDeep() {
    var deep =
        "{\"type\": \"array\", \"containsNull\": true, \"elementType\": ".repeat(400)
            + "\"int\""
            + "}".repeat(400);

    assertThatThrownBy(() -> SchemaSidecar.parse(sidecar(deep)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("the type of column 'c' has too many types in each other");
  }

  @Test
  void writesNoTypesThatItCannotRead() {
    DataType type = DataTypes.IntegerType;
    for (int depth = 0; depth < 95; depth++) {
      type = new StructType().add("x", type);
    }
    var readable = SchemaSidecar.of(MdsSchema.of(new StructType().add("c", type)));
    assertThat(SchemaSidecar.parse(readable.toJson())).isEqualTo(readable);

    DataType deeper = type;
    for (int depth = 0; depth < 10; depth++) {
      deeper = new StructType().add("x", deeper);
    }
    var schema = MdsSchema.of(new StructType().add("c", deeper));
    assertThatThrownBy(() -> SchemaSidecar.of(schema))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("the type of column 'c' has too many types in each other");
  }

  private static SchemaSidecar of(String ddl) {
    return SchemaSidecar.of(MdsSchema.of(StructType.fromDDL(ddl)));
  }

  @Test
  void takesNullsOfEither() {
    var one = of("c struct<a: array<string> not null, m: map<string, int>>, d date not null");
    var other =
        new SchemaSidecar(
            List.of(
                of("d date").columns().get(0),
                of("c struct<a: array<string>, m: map<string, int>> not null").columns().get(0)));

    assertThat(one.withRowsOf(other))
        .isEqualTo(of("c struct<a: array<string>, m: map<string, int>>, d date"));
  }

  @Test
  void namesAllTypesThatDiffer() {
    assertThatThrownBy(
            () ->
                of("a date, b array<struct<x: int>>, c int")
                    .withRowsOf(of("a int, b array<struct<x: bigint>>, c int")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'a' is DATE there, and INT in the DataFrame; cast it")
        .hasMessageContaining("'b' is ARRAY<STRUCT<x: INT>> there, and ARRAY<STRUCT<x: BIGINT>>")
        .hasMessageNotContaining("'c'");
  }

  @Test
  void isNamedAfterTheFirstShard() {
    assertThat(SchemaSidecar.basename(List.of())).isEqualTo("_spark-schema.2d06800538d394c2.json");
    assertThat(SchemaSidecar.isBasename("_spark-schema.2d06800538d394c2.json")).isTrue();
    assertThat(SchemaSidecar.isBasename("_spark-schema.json")).isTrue();
    assertThat(SchemaSidecar.isBasename("_spark-schema.notes.json")).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"\"nope\"", "7", "{}", "null", "{\"type\": \"struct\"}"})
  void refusesTypesThatSparkDoesNotKnow(String type) {
    assertThatThrownBy(() -> SchemaSidecar.parse(sidecar(type)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("the type of column 'c' is none that Spark knows");
  }

  @Test
  void refusesWhatIsNoSidecar() {
    assertThatThrownBy(() -> SchemaSidecar.parse("{".getBytes(StandardCharsets.UTF_8)))
        .hasMessageContaining("it is not JSON");
    assertThatThrownBy(
            () -> SchemaSidecar.parse("{\"version\": 2}".getBytes(StandardCharsets.UTF_8)))
        .hasMessageContaining("it has version 2 and only 1 can be read");
  }
}
