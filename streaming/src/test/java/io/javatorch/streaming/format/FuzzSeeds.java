package io.javatorch.streaming.format;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Sound data sets to damage: every encoding in every compression, and the text formats. */
final class FuzzSeeds {
  /** What every text of a seed begins with; files outside the data set have {@link #SECRET}. */
  static final String PUBLIC = "PUBLIC";

  static final String SECRET = "SECRET";

  static final List<String> COMPRESSIONS =
      List.of("none", "br:1", "bz2:1", "gz:1", "snappy", "zstd:1");

  /**
   * A data set in memory.
   *
   * @param files content by name
   * @param samples the bytes of every column of every sample
   */
  record Seed(String name, Map<String, byte[]> files, List<List<byte[]>> samples) {}

  private FuzzSeeds() {}

  static List<Seed> make(Path scratch, Path golden) throws IOException {
    var seeds = new ArrayList<Seed>();
    for (var compression : COMPRESSIONS) {
      var directory = scratch.resolve("seed-" + compression.replace(':', '-'));
      var builder =
          MdsWriter.builder(directory).columns(columns()).hashes("sha1", "xxh64").sizeLimit(40_000);
      if (!compression.equals("none")) {
        builder.compression(compression);
      }
      try (var writer = builder.open()) {
        for (int i = 0; i < 8; i++) {
          writer.write(sample(i));
        }
        writer.finish();
      }
      seeds.add(load(compression, directory));
    }
    for (var format : List.of("json", "csv", "tsv", "xsv")) {
      seeds.add(load(format, golden.resolve("text").resolve(format).resolve("data")));
    }
    return seeds;
  }

  private static Seed load(String name, Path directory) throws IOException {
    var files = new TreeMap<String, byte[]>();
    try (var entries = Files.list(directory)) {
      for (var entry : entries.toList()) {
        files.put(entry.getFileName().toString(), Files.readAllBytes(entry));
      }
    }
    var samples = new ArrayList<List<byte[]>>();
    try (var set = LocalDataSet.open(directory, ShardReader.Pickles.PLAIN_DATA)) {
      for (var sample : set) {
        samples.add(values(sample));
      }
    }
    return new Seed(name, files, samples);
  }

  static List<byte[]> values(Sample sample) {
    var values = new ArrayList<byte[]>();
    for (int column = 0; column < sample.columns().size(); column++) {
      values.add(sample.getBytes(column));
    }
    return values;
  }

  /** A column for every encoding. */
  static Map<String, String> columns() {
    var columns = new LinkedHashMap<String, String>();
    for (var encoding :
        List.of(
            "bytes",
            "str",
            "int",
            "int8",
            "int16",
            "int32",
            "int64",
            "uint8",
            "uint16",
            "uint32",
            "uint64",
            "float16",
            "float32",
            "float64",
            "str_int",
            "str_float",
            "str_decimal",
            "json",
            "pil",
            "jpeg",
            "png",
            "jpeg_array",
            "list[pil]",
            "list[jpeg]",
            "list[png]",
            "ndarray",
            "ndarray:int16",
            "ndarray:float32:2,3",
            "pkl")) {
      columns.put("c_" + encoding.replaceAll("[^a-z0-9]", "_"), encoding);
    }
    return columns;
  }

  private static Map<String, Object> sample(int i) {
    var sample = new LinkedHashMap<String, Object>();
    columns().forEach((name, encoding) -> sample.put(name, value(encoding, i)));
    return sample;
  }

  private static Object value(String encoding, int i) {
    return switch (encoding) {
      case "bytes" -> ByteBuffer.allocate(40).putLong(8, i).array();
      case "str" -> PUBLIC + " text \u00e9\u4e2d\ud83d\ude00 " + i;
      case "str_int" -> BigInteger.TEN.pow(20 + i);
      case "str_float" -> 1.5e-7 * i;
      case "str_decimal" ->
          new BigDecimal("12345678901234567890.12345").multiply(BigDecimal.valueOf(i));
      case "json" ->
          Map.of("a", List.of(1, 2.5, "x\n", true, Map.of("deep", List.of(List.of(i)))), "b", -i);
      case "pil" -> PilImage.copyOf(image(i));
      case "jpeg", "png" ->
          ImageEncoding.valueOf(encoding.toUpperCase(java.util.Locale.ROOT)).encode(image(i));
      case "jpeg_array", "list[jpeg]", "list[png]", "list[pil]" -> List.of(image(i), image(i + 1));
      case "ndarray" -> NdArray.of(new double[] {i, 2, 3, 4, 5, 6}, 3, 2);
      case "ndarray:int16" -> NdArray.of(new short[] {(short) i, 2, 3}, 3, 1);
      case "ndarray:float32:2,3" -> NdArray.of(new float[] {i, 2, 3, 4, 5, 6}, 2, 3);
      case "pkl" -> {
        var map = new LinkedHashMap<String, Object>();
        map.put("n", i);
        map.put("l", List.of(1, 2.5, "text", List.of(), Map.of()));
        map.put("none", null);
        map.put("bytes", new byte[] {1, 2});
        yield map;
      }
      case "float16", "float32", "float64" -> i + 0.5;
      default -> i;
    };
  }

  private static BufferedImage image(int i) {
    var type = i % 2 == 0 ? BufferedImage.TYPE_INT_RGB : BufferedImage.TYPE_BYTE_GRAY;
    var image = new BufferedImage(9 + i, 7, type);
    for (int x = 0; x < image.getWidth(); x++) {
      image.setRGB(x, x % 7, x * 0x51f3);
    }
    return image;
  }
}
