package io.javatorch.streaming.format;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.Size;

/** What was written is what is read. */
class RoundTripPropertyTest {
  record Row(
      String s, List<Byte> b, long i, int u8, double d, float f, List<Integer> a, Object j) {}

  @Provide
  Arbitrary<Row> rows() {
    return Combinators.combine(
            text(),
            Arbitraries.bytes().list().ofMaxSize(60),
            Arbitraries.longs(),
            Arbitraries.integers().between(0, 255),
            Arbitraries.doubles(),
            Arbitraries.floats(),
            Arbitraries.integers().list().ofMinSize(1).ofMaxSize(20),
            json(2))
        .as(Row::new);
  }

  private static Arbitrary<String> text() {
    return Arbitraries.strings()
        .withChars('a', '"', '\\', '\n', 'é', '\u0000', '\uFFFD', '日')
        .ofMaxLength(40)
        .map(text -> text.replace("日", "日\ud83d\ude00"));
  }

  private static Arbitrary<Object> json(int depth) {
    Arbitrary<Object> leaf =
        Arbitraries.oneOf(
            text().map(Object.class::cast),
            Arbitraries.integers().map(Object.class::cast),
            Arbitraries.doubles().map(Object.class::cast),
            Arbitraries.of(true, false).map(Object.class::cast));
    if (depth == 0) {
      return leaf;
    }
    return Arbitraries.oneOf(
        leaf,
        json(depth - 1).list().ofMaxSize(4).map(Object.class::cast),
        Arbitraries.maps(text(), json(depth - 1)).ofMaxSize(4).map(Object.class::cast));
  }

  @Property(tries = 60)
  void readsWhatItWrote(@ForAll("lists") List<Row> rows, @ForAll("compressions") String compression)
      throws IOException {
    var directory = Files.createTempDirectory("round-trip");
    try {
      var builder =
          MdsWriter.builder(directory)
              .columns(
                  Map.of(
                      "s",
                      "str",
                      "b",
                      "bytes",
                      "i",
                      "int",
                      "u8",
                      "uint8",
                      "d",
                      "float64",
                      "f",
                      "float32",
                      "a",
                      "ndarray:int32"))
              .column("j", "json")
              .hashes("xxh3_64")
              .sizeLimit(1000);
      if (!compression.isEmpty()) {
        builder.compression(compression);
      }
      try (var writer = builder.open()) {
        for (var row : rows) {
          var sample = new HashMap<String, Object>();
          sample.put("s", row.s);
          sample.put("b", bytes(row.b));
          sample.put("i", row.i);
          sample.put("u8", row.u8);
          sample.put("d", row.d);
          sample.put("f", row.f);
          sample.put("a", ints(row.a));
          sample.put("j", row.j);
          writer.write(sample);
        }
        writer.finish();
      }
      var samples = new ArrayList<Sample>();
      for (var shard : ShardIndex.read(directory).shards()) {
        var file = shard.data();
        if (file.zip().isPresent()) {
          ShardFiles.decompress(
              shard, file, file.stored().in(directory), file.raw().in(directory), shard.hashes());
        }
        try (var reader = ShardReader.open(directory, shard)) {
          reader.forEach(samples::add);
        }
      }
      assertThat(samples).hasSameSizeAs(rows);
      for (int i = 0; i < rows.size(); i++) {
        var row = rows.get(i);
        var sample = samples.get(i);
        assertThat(sample.getString("s")).isEqualTo(row.s);
        assertThat(sample.getBytes("b")).isEqualTo(bytes(row.b));
        assertThat(sample.getLong("i")).isEqualTo(row.i);
        assertThat(sample.getInt("u8")).isEqualTo(row.u8);
        assertThat(sample.getDouble("d")).isEqualTo(row.d);
        assertThat(sample.getFloat("f")).isEqualTo(row.f);
        assertThat(sample.getNdArray("a")).isEqualTo(NdArray.of(ints(row.a)));
        assertThat(sample.get("j")).isEqualTo(row.j);
      }
    } finally {
      try (var files = Files.walk(directory)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }

  private static byte[] bytes(List<Byte> list) {
    var bytes = new byte[list.size()];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = list.get(i);
    }
    return bytes;
  }

  private static int[] ints(List<Integer> list) {
    return list.stream().mapToInt(Integer::intValue).toArray();
  }

  @Provide
  Arbitrary<List<Row>> lists() {
    return rows().list().ofMaxSize(12);
  }

  @Provide
  Arbitrary<String> compressions() {
    return Arbitraries.of("", "zstd", "gz:1", "bz2", "snappy", "br:2");
  }

  private static Object throughText(String encoding, Object value) throws Exception {
    var codec = Encoding.parse(encoding);
    return codec.decode(ByteBuffer.wrap(codec.encode(value)).order(ByteOrder.LITTLE_ENDIAN));
  }

  @Property
  void keepsEveryDoubleAsText(@ForAll double value) throws Exception {
    assertThat(throughText("str_float", value)).isEqualTo(value);
    // No shorter text reads back the same.
    var digits = new BigDecimal(PythonFloat.repr(value)).stripTrailingZeros().precision();
    if (digits > 1) {
      var shorter = new BigDecimal(value).round(new MathContext(digits - 1));
      assertThat(shorter.doubleValue()).isNotEqualTo(value);
    }
  }

  @Property
  void keepsNumbersOfAnySizeAsText(@ForAll BigInteger integer, @ForAll BigDecimal decimal)
      throws Exception {
    assertThat(throughText("str_int", integer)).isEqualTo(integer);
    assertThat(throughText("str_decimal", decimal)).isEqualTo(decimal);
  }

  @Property
  void roundsToHalfAsTheNearest(@ForAll double seed) {
    double value = seed / Double.MAX_VALUE * 70000;
    float half = Half.toFloat((short) Half.fromDouble(value));
    if (Math.abs(value) < 65504) {
      int bits = Half.fromDouble(value);
      for (int next : new int[] {bits - 1, bits + 1}) {
        double other = Half.toFloat((short) next);
        assertThat(Math.abs(half - value))
            .satisfiesAnyOf(
                distance -> assertThat(distance).isLessThanOrEqualTo(Math.abs(other - value)),
                distance -> assertThat(other).isNaN());
      }
    }
  }

  @Property
  void keepsEveryHalf(@ForAll @Size(1) List<Short> bits) {
    short half = bits.get(0);
    float value = Half.toFloat(half);
    if (!Float.isNaN(value)) {
      assertThat((short) Half.fromDouble(value)).isEqualTo(half);
    }
  }
}
