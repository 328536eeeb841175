package io.javatorch.streaming.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SampleEncoderTest {
  private static final Map<String, String> COLUMNS =
      Map.of("id", "int32", "text", "str", "data", "bytes", "weight", "float16", "big", "int");

  @TempDir private Path root;

  private static Map<String, Object> sample(int i) {
    return Map.of(
        "id", i, "text", "text ".repeat(i % 5), "data", new byte[i], "weight", 0.5, "big", -1L - i);
  }

  @Test
  void encodedSamplesMakeTheSameFilesAsTheirValues() throws IOException {
    var values = root.resolve("values");
    var encoded = root.resolve("encoded");
    var encoder = new SampleEncoder(COLUMNS);
    try (var one = MdsWriter.builder(values).columns(COLUMNS).sizeLimit(1000).open();
        var other = MdsWriter.builder(encoded).columns(COLUMNS).sizeLimit(1000).open()) {
      for (int i = 0; i < 100; i++) {
        one.write(sample(i));
        var bytes = encoder.encode(sample(i));
        if (i % 2 == 0) {
          other.writeEncoded(bytes);
        } else {
          var padded = new byte[bytes.length + 5];
          System.arraycopy(bytes, 0, padded, 3, bytes.length);
          other.writeEncoded(padded, 3, bytes.length);
        }
      }
      assertThat(other.finish()).isEqualTo(one.finish());
    }
    try (var files = Files.list(values)) {
      assertThat(files)
          .hasSizeGreaterThan(3)
          .allSatisfy(
              file -> assertThat(encoded.resolve(file.getFileName())).hasSameBinaryContentAs(file));
    }
  }

  @Test
  void setsColumnsByPositionWithoutBoxing() {
    var encoder = new SampleEncoder(Map.of("a", "int16", "b", "float32", "c", "str"));
    assertThat(encoder.columns()).extracting(Column::name).containsExactly("a", "b", "c");
    int c = encoder.ordinal("c");
    assertThat(encoder.setLong(0, -2).setDouble(1, 1).set(c, "xy").encode())
        .containsExactly(2, 0, 0, 0, -2, -1, 0, 0, -128, 63, 'x', 'y');
  }

  @Test
  void aSampleThatLacksAColumnIsNamedByItsNumber() {
    var encoder = new SampleEncoder(Map.of("a", "int", "b", "str"));
    encoder.encode(Map.of("a", 1, "b", ""));
    assertThatThrownBy(() -> encoder.encode(Map.of("a", 1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("sample 1 has no column 'b'");
    assertThatThrownBy(() -> encoder.set("a", "x"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("sample 1, column 'a' (int)");
    assertThatThrownBy(() -> new SampleEncoder(Map.of()))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void bytesThatAreNoSampleAreRefusedAndTheWriterGoesOn() throws IOException {
    var encoder = new SampleEncoder(COLUMNS);
    var good = encoder.encode(sample(7));
    var huge = good.clone();
    // The size of the first column that has one.
    Arrays.fill(huge, 0, 4, (byte) 0xff);
    try (var writer = MdsWriter.builder(root).columns(COLUMNS).open()) {
      writer.writeEncoded(good);
      for (var bad :
          new byte[][] {
            {},
            Arrays.copyOf(good, 7),
            Arrays.copyOf(good, good.length - 1),
            Arrays.copyOf(good, good.length + 1),
            huge
          }) {
        assertThatThrownBy(() -> writer.writeEncoded(bad))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("sample 1 of " + bad.length + " bytes")
            .hasMessageContaining("text");
      }
      assertThatThrownBy(() -> writer.writeEncoded(good, 1, good.length))
          .isInstanceOf(IndexOutOfBoundsException.class);
      writer.writeEncoded(good);
      assertThat(writer.finish().samples()).isEqualTo(2);
    }
  }
}
