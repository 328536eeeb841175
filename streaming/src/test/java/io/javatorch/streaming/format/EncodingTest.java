package io.javatorch.streaming.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.javatorch.streaming.format.Encoding.InvalidDataException;
import io.javatorch.streaming.format.ShardReader.Pickles;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EncodingTest {
  @TempDir private Path out;

  private static Object decode(String encoding, byte[] bytes) throws InvalidDataException {
    return Encoding.parse(encoding).decode(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN));
  }

  private static Object decodeHex(String encoding, String hex) throws InvalidDataException {
    return decode(encoding, HexFormat.of().parseHex(hex));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ndarrays", "ndarray:bool", "ndarray::3", "ndarray:int8:", "ndarray:int8:0",
        "ndarray:int8:-1", "ndarray:int8:1:1", "ndarray:int64:65536,65536", "str:x", "list[str]",
        "", "STR"
      })
  void refusesNamesOfNoEncoding(String name) {
    assertThatThrownBy(() -> Encoding.parse(name)).isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @CsvSource({
    "str, c3",
    "str, ed a0 80",
    "str_int, ''",
    "str_int, 2b 31",
    "str_int, 31 2e 30",
    "str_float, 31 66",
    "str_float, 30 78 31",
    "str_float, 4e 61 4e",
    "str_decimal, 4e 61 4e",
    "str_decimal, 31 45 39 39 39 39 39 39 39 39 39 39",
    "json, ''",
    "json, 7b",
    "json, 31 20 32",
    "ndarray, ''",
    "ndarray, 07 04 01 00",
    "ndarray, 08 00",
    "ndarray, 08 04 02 00",
    "ndarray, 08 04 00",
    "ndarray, 08 08 01",
    "ndarray, 08 07 ff ff ff ff ff ff ff ff 00",
    "ndarray:int16, 04 01 00",
    "'ndarray:int8:2', 00",
    "pil, 01 00 00 00",
    "pil, 01 00 00 00 01 00 00 00 ff ff ff ff 4c 00",
    "pil, ff ff ff 7f ff ff ff 7f 04 00 00 00 52 47 42 41 00",
    "pil, ff ff ff ff 01 00 00 00 01 00 00 00 4c 00",
    "pil, 01 00 00 00 01 00 00 00 01 00 00 00 5a 00",
    "jpeg_array, 00 00 00 00",
    "jpeg_array, ff ff ff ff",
    "jpeg_array, 01 00 00 00 02 00 00 00 00",
    "jpeg_array, 01 00 00 00 00 00 00 00 00",
    "'list[png]', 00 00 00 00",
    "'list[png]', 00 00 00 00 ff ff ff 3f",
  })
  void refusesBytesThatAreNoValue(String encoding, String hex) {
    assertThatThrownBy(() -> decodeHex(encoding, hex.replace(" ", "")))
        .isInstanceOf(InvalidDataException.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "80 04 63 6f 73 0a 73 79 73 74 65 6d 0a 2e",
        "80 04 4e 52 2e",
        "80 04 ff 2e",
        "80 04 2e",
        "80 04 28 2e",
        "80 04 68 05 2e",
        "80 04 4e",
        "80 06 4e 2e",
        "80 04 4e 4e 2e",
        "80 04 4e 4e 61 2e",
        "80 04 58 ff ff ff 7f 41 2e",
        "80 04 8d ff ff ff ff ff ff ff ff 2e",
        "80 04 7d 5d 4e 73 2e",
        "80 00 56 5c 75 31 0a 2e",
        "80 00 56 5c 55 30 30 31 31 30 30 30 30 0a 2e",
        // A list that contains itself.
        "80 04 5d 94 68 00 61 2e",
      })
  void refusesPicklesThatAreNotPlainData(String hex) {
    assertThatThrownBy(() -> decodeHex("pkl", hex.replace(" ", "")))
        .isInstanceOf(InvalidDataException.class);
  }

  @Test
  void refusesAPickleThatExpandsWithoutBound() {
    // Each list holds the one before it twice: 2^40 values from some 400 bytes.
    var nested = new StringBuilder("8004 5d94");
    for (int i = 0; i < 40; i++) {
      nested.append(" 30 5d94 28 68%02x 68%02x 65".formatted(i, i));
    }
    nested.append(" 2e");
    assertThatThrownBy(() -> decodeHex("pkl", nested.toString().replace(" ", "")))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("expands");
  }

  @Test
  void refusesPickledColumnsUnlessAsked() throws IOException {
    try (var writer = MdsWriter.builder(out).column("p", "pkl").open()) {
      writer.write(Map.of("p", List.of(1, "a")));
      writer.finish();
    }
    var shard = ShardIndex.read(out).shards().get(0);
    assertThatThrownBy(() -> ShardReader.open(out, shard))
        .isInstanceOf(MalformedShardException.class)
        .hasMessageContaining("column 'p'")
        .hasMessageContaining("refused unless asked for");
    try (var reader = ShardReader.open(out, shard, Pickles.PLAIN_DATA)) {
      assertThat(reader.get(0).get("p")).isEqualTo(List.of(BigInteger.ONE, "a"));
    }
  }

  @Test
  void refusesTextThatUtf8CannotHold() {
    for (var name : List.of("str", "pkl")) {
      assertThatThrownBy(() -> Encoding.parse(name).encode("a\ud800"))
          .as(name)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("half a surrogate pair at index 1");
    }
  }

  @Test
  void refusesBytesInPlaceOfAValueThatAreNoneOfIt() {
    var notUtf8 = new byte[] {(byte) 0xc3};
    for (var name : List.of("str", "json", "str_int", "ndarray", "pil", "jpeg_array", "pkl")) {
      assertThatThrownBy(() -> Encoding.parse(name).encode(notUtf8))
          .as(name)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("the byte[] is no encoded value");
    }
    assertThatThrownBy(() -> Encoding.parse("int32").encode(new byte[3]))
        .hasMessageContaining("must have 4 bytes, not 3");
  }

  @Test
  void refusesAnArrayOfAnotherTypeOrShape() {
    var encoding = Encoding.parse("ndarray:float32:2,2");
    assertThatThrownBy(() -> encoding.encode(NdArray.of(new double[4], 2, 2)))
        .hasMessageContaining("is of float64, not of float32");
    assertThatThrownBy(() -> encoding.encode(new float[4]))
        .hasMessageContaining("shape is [4], not [2, 2]");
    assertThatThrownBy(() -> NdArray.of(new float[0])).hasMessageContaining("not all above 0");
    assertThatThrownBy(() -> NdArray.of(new float[3], 2, 2)).hasMessageContaining("does not fill");
    assertThatThrownBy(() -> encoding.encode(List.of(1f)))
        .hasMessageContaining("must be an NdArray or an array of short, int");
  }

  @Test
  void readsArraysAsAnyJavaArray() {
    var array = NdArray.of(new short[] {1, 2, 3, -4}, 2, 2);
    assertThat(array.toLongArray()).containsExactly(1, 2, 3, -4);
    assertThat(array.toFloatArray()).containsExactly(1, 2, 3, -4);
    assertThat(array.toDoubleArray()).containsExactly(1, 2, 3, -4);
    assertThat(array.toNestedLists())
        .isEqualTo(List.of(List.of((short) 1, (short) 2), List.of((short) 3, (short) -4)));
    assertThat(array).hasToString("int16[2, 2]");
  }

  @Test
  void takesJavaImages() throws InvalidDataException {
    for (int type :
        List.of(
            BufferedImage.TYPE_BYTE_GRAY,
            BufferedImage.TYPE_INT_RGB,
            BufferedImage.TYPE_3BYTE_BGR,
            BufferedImage.TYPE_INT_ARGB)) {
      var image = new BufferedImage(3, 2, type);
      image.setRGB(1, 1, 0xff336699);
      for (var name : List.of("pil", "png")) {
        var encoding = (ImageEncoding) Encoding.parse(name);
        var copy = encoding.image(ByteBuffer.wrap(encoding.encode(image)));
        assertThat(copy.getWidth()).isEqualTo(3);
        assertThat(copy.getRGB(1, 1)).as("%s of type %d", name, type).isEqualTo(image.getRGB(1, 1));
      }
      var jpeg = (ImageEncoding) Encoding.parse("jpeg");
      assertThat(jpeg.image(ByteBuffer.wrap(jpeg.encode(image))).getHeight()).isEqualTo(2);
    }
  }

  @Test
  void saysThatAnImageFileIsDamaged() {
    var png = (ImageEncoding) Encoding.parse("png");
    var file = png.encode(new BufferedImage(9, 9, BufferedImage.TYPE_INT_RGB));
    assertThatThrownBy(() -> png.image(ByteBuffer.wrap(Arrays.copyOf(file, file.length / 2))))
        .isInstanceOf(InvalidDataException.class);
    assertThatThrownBy(() -> png.image(ByteBuffer.wrap(new byte[] {1, 2, 3})))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("neither a PNG nor a JPEG file");
  }

  @Test
  void writesJsonAsPythonDoes() {
    var value = new LinkedHashMap<String, Object>();
    value.put("b", Arrays.asList(1, 2.5, 1e16, Double.NaN, Double.NEGATIVE_INFINITY, null, true));
    value.put("a", "é\"\\\u007f\ud83d\ude00");
    assertThat(new String(JsonEncoding.INSTANCE.encode(value), StandardCharsets.US_ASCII))
        .isEqualTo(
            "{\"b\": [1, 2.5, 1e+16, NaN, -Infinity, null, true], "
                + "\"a\": \"\\u00e9\\\"\\\\\\u007f\\ud83d\\ude00\"}");
    assertThatThrownBy(() -> JsonEncoding.INSTANCE.encode(Map.of("d", BigDecimal.ONE)))
        .hasMessageContaining("no JSON for a java.math.BigDecimal");
    assertThatThrownBy(() -> JsonEncoding.INSTANCE.encode(Collections.singletonMap(1, 1)))
        .hasMessageContaining("a JSON key must be a string");
  }

  @Test
  void limitsTheDigitsOfNumbersAsText() {
    var digits = "9".repeat(4302).getBytes(StandardCharsets.US_ASCII);
    assertThatThrownBy(() -> decode("str_int", digits)).hasMessageContaining("4302 characters");
    assertThatThrownBy(() -> Encoding.parse("str_int").encode(BigInteger.TEN.pow(4301)))
        .hasMessageContaining("is the most");
  }
}
