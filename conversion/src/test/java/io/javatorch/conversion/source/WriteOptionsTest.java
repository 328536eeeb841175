package io.javatorch.conversion.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;

import io.javatorch.conversion.schema.NullPolicy;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WriteOptionsTest {
  private static WriteOptions with(String name, String value) {
    var options = new HashMap<>(Map.of("path", "/data"));
    options.put(name, value);
    return WriteOptions.of(options);
  }

  @Test
  void hasDefaults() {
    var options = WriteOptions.of(Map.of("PATH", "/data"));

    assertThat(options.path()).isEqualTo("/data");
    assertThat(options.columns()).isEmpty();
    assertThat(options.compression()).isEqualTo("zstd");
    assertThat(options.hashes()).isEmpty();
    assertThat(options.sizeLimitBytes()).isEqualTo(1 << 26);
    assertThat(options.nullPolicy()).isEqualTo(NullPolicy.FAIL);
    assertThat(options.mergeIndex()).isTrue();
    assertThat(options.keepLocal()).isFalse();
    assertThat(options.progress()).isEqualTo(Duration.ofSeconds(5));
  }

  @Test
  void takesNamesInAnyCaseAndValuesInTheirForms() {
    assertThat(with("SIZELIMIT", "1kb").sizeLimitBytes()).isEqualTo(1024);
    assertThat(with("hashes", "xxh64, sha1").hashes()).containsExactly("sha1", "xxh64");
    assertThat(with("compression", "none").compression()).isEmpty();
    assertThat(with("mergeindex", "False").mergeIndex()).isFalse();
    assertThat(with("progress", "500ms").progress()).isEqualTo(Duration.ofMillis(500));
    assertThat(with("progress", "0").progress()).isEqualTo(Duration.ZERO);
    assertThat(with("columns", "a=int32, b").columns())
        .containsExactly(entry("a", "int32"), entry("b", ""));
    assertThat(with("columns", "{\"a,b\": \"ndarray:float32:2,3\", \"c\": \"\"}").columns())
        .containsExactly(entry("a,b", "ndarray:float32:2,3"), entry("c", ""));
  }

  @ParameterizedTest
  @CsvSource({
    "sizelimits, 1mb, did you mean sizeLimit?",
    "nulpolicy, fail, did you mean nullPolicy?",
    "mode, overwrite, There is no option 'mode'",
    "sizeLimit, 5gb, The option sizeLimit: 5368709120 bytes are not above 0 and below 2^32",
    "sizeLimit, large, The option sizeLimit: 'large' is no size",
    "compression, zip, The option compression:",
    "hashes, crc, The option hashes:",
    "nullPolicy, skip, The option nullPolicy:",
    "mergeIndex, maybe, The option mergeIndex: 'maybe' is neither true nor false",
    "progress, soon, The option progress: 'soon' is no time",
    "progress, -5ms, The option progress: '-5ms' is negative",
    "progress, -5s, The option progress: '-5s' is negative",
    "columns, '{\"a\": 1}', The option columns: the encoding of 'a' must be a text",
    "columns, '{\"a\": ', The option columns:",
    "columns, 'a,,b', The option columns: 'a,,b' has an empty name",
  })
  void refusesWhatItDoesNotKnow(String name, String value, String message) {
    assertThatThrownBy(() -> with(name, value))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }

  @Test
  void needsAPath() {
    assertThatThrownBy(() -> WriteOptions.of(Map.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("There is no path to write to");
  }
}
