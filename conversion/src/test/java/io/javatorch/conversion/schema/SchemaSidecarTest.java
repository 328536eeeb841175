package io.javatorch.conversion.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.Map;
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
        "{\"type\": \"array\", \"containsNull\": true, \"elementType\": ".repeat(200)
            + "\"int\""
            + "}".repeat(200);

    assertThatThrownBy(() -> SchemaSidecar.parse(sidecar(deep)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("deeper than 100");
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
