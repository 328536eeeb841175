package io.javatorch.streaming.format;

import com.fasterxml.jackson.databind.JsonNode;
import io.javatorch.streaming.codec.Compression;
import io.javatorch.streaming.format.Encoding.Registry;
import java.awt.image.BufferedImage;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Supplier;

/** Random schemas, options and values of every encoding; the same for the same seed. */
final class RandomValues {
  /** How far a decoder of JPEG may be from smooth pixels. */
  private static final int JPEG_TOLERANCE = 12;

  private static final List<String> MODES =
      List.of("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "LAB", "I", "F", "I;16");

  private final Random random;

  RandomValues(long seed) {
    random = new Random(seed);
  }

  /** A value to write, and the plain form of what is to be read. */
  record Made(Object written, JsonNode plain) {}

  /** Every encoding, and of those of arrays each dtype with and without a shape. */
  static List<String> encodings() {
    var encodings = new ArrayList<>(Registry.names());
    encodings.add("ndarray");
    for (var dtype : NdArray.DType.values()) {
      encodings.add("ndarray:" + dtype.numpyName());
      encodings.add("ndarray:" + dtype.numpyName() + ":" + dtype.bytes() + ",3");
    }
    return encodings;
  }

  int below(int bound) {
    return random.nextInt(bound);
  }

  <T> T anyOf(List<T> items) {
    return items.get(random.nextInt(items.size()));
  }

  /** Up to {@code most} columns, at least one, of any names; sometimes one of each encoding. */
  Map<String, String> columns(int most) {
    var columns = new LinkedHashMap<String, String>();
    if (below(10) == 0) {
      encodings().forEach(encoding -> columns.put(encoding, encoding));
      return columns;
    }
    int count = 1 + below(most);
    for (int i = 0; i < count; i++) {
      columns.put(anyOf(List.of("", "é", "😀", "A b", "\uff5e", "0")) + i, anyOf(encodings()));
    }
    return columns;
  }

  /** A name of a compression at any level, or nothing. */
  String compression() {
    var names = new ArrayList<>(List.of(""));
    for (var family : Compression.Family.values()) {
      names.add(family.extension());
      for (int level = family.lowestLevel(); level <= family.highestLevel(); level++) {
        names.add(family.extension() + ":" + level);
      }
    }
    return anyOf(names);
  }

  /** A value of the encoding that reads back exactly. */
  Object value(String encoding) {
    return switch (encoding) {
      case "bytes", "jpeg", "png" -> bytes(80);
      case "str" -> text(30);
      case "int", "int64" -> random.nextLong() >> below(64);
      case "int8" -> (byte) random.nextInt();
      case "int16" -> (short) random.nextInt();
      case "int32" -> random.nextInt() >> below(32);
      case "uint8" -> below(1 << 8);
      case "uint16" -> below(1 << 16);
      case "uint32" -> random.nextInt() & 0xffffffffL;
      case "uint64" -> new BigInteger(below(65), random);
      case "float16" -> canonical(Half.toFloat((short) random.nextInt()));
      case "float32" -> canonical(Float.intBitsToFloat(random.nextInt()));
      case "float64", "str_float" -> floating();
      case "str_int" -> integer(200);
      case "str_decimal" -> new BigDecimal(integer(130), below(121) - 60);
      case "json" -> json(3);
      case "pkl" -> List.of(json(2), bytes(300));
      case "pil" -> pil(anyOf(MODES));
      case "list[pil]" -> list(0, () -> value("pil"));
      case "list[jpeg]", "list[png]" -> list(0, () -> bytes(40));
      case "jpeg_array", "jpegarray" -> list(1, () -> bytes(40));
      default -> array(encoding.split(":"));
    };
  }

  /** A value of the encoding, with pictures that Java encodes and Python can decode. */
  Made made(String encoding) {
    if (encoding.equals("json")) {
      var value = json(3);
      return new Made(value, PlainValue.json(value));
    }
    if (encoding.equals("jpeg")
        || encoding.equals("png")
        || encoding.endsWith("[jpeg]")
        || encoding.endsWith("[png]")
        || encoding.startsWith("jpeg")) {
      if (encoding.length() <= 4) {
        return picture(encoding);
      }
      var kind = encoding.endsWith("[png]") ? "png" : "jpeg";
      var images = list(encoding.startsWith("jpeg") ? 1 : 0, () -> picture(kind));
      var plain = PlainValue.MAPPER.createArrayNode();
      images.forEach(image -> plain.add(image.plain));
      return new Made(
          images.stream().map(Made::written).toList(),
          PlainValue.MAPPER.createObjectNode().set("list", plain));
    }
    var value = value(encoding);
    return new Made(value, PlainValue.toJson(value));
  }

  /** A smooth picture, which JPEG does not change much, in one of Java's forms. */
  private Made picture(String format) {
    int type =
        anyOf(
            format.equals("jpeg")
                ? List.of(BufferedImage.TYPE_BYTE_GRAY, BufferedImage.TYPE_INT_RGB)
                : List.of(
                    BufferedImage.TYPE_BYTE_GRAY,
                    BufferedImage.TYPE_3BYTE_BGR,
                    BufferedImage.TYPE_INT_ARGB));
    var image = new BufferedImage(1 + below(12), 1 + below(12), type);
    int bands = image.getRaster().getNumBands();
    int base = below(200);
    for (int y = 0; y < image.getHeight(); y++) {
      for (int x = 0; x < image.getWidth(); x++) {
        for (int band = 0; band < bands; band++) {
          image.getRaster().setSample(x, y, band, base + 2 * x + y);
        }
      }
    }
    var pixels = PilImage.copyOf(image);
    var plain = PlainValue.MAPPER.createObjectNode();
    plain
        .putArray("pixels")
        .add(pixels.width())
        .add(pixels.height())
        .add(pixels.mode())
        .add(HexFormat.of().formatHex(Encoding.copy(pixels.pixels())));
    plain.put("tolerance", format.equals("jpeg") ? JPEG_TOLERANCE : 0);
    return new Made(image, plain);
  }

  private byte[] bytes(int most) {
    var bytes = new byte[below(most + 1)];
    random.nextBytes(bytes);
    return bytes;
  }

  private String text(int most) {
    var text = new StringBuilder();
    int count = below(most + 1);
    for (int i = 0; i < count; i++) {
      int point = random.nextInt(Character.MAX_CODE_POINT + 1) >> below(21);
      text.appendCodePoint(point >= 0xd800 && point <= 0xdfff ? '?' : point);
    }
    return text.toString();
  }

  private BigInteger integer(int bits) {
    var value = new BigInteger(below(bits), random);
    return random.nextBoolean() ? value.negate() : value;
  }

  private double floating() {
    return switch (below(4)) {
      case 0 -> anyOf(List.of(0.0, -0.0, Double.NaN, Double.MIN_VALUE, -1 / 0.0, 1e16, 1e-5));
      case 1 -> random.nextInt(2_000_000) - 1_000_000;
      case 2 -> Math.round(random.nextGaussian() * 1000) / 1000.0;
      default -> {
        double value = Double.longBitsToDouble(random.nextLong());
        yield Double.isNaN(value) ? Double.NaN : value;
      }
    };
  }

  private static float canonical(float value) {
    return Float.isNaN(value) ? Float.NaN : value;
  }

  private Object json(int depth) {
    return switch (below(depth == 0 ? 6 : 8)) {
      case 0 -> random.nextBoolean();
      case 1 -> random.nextInt() >> below(32);
      case 2 -> integer(120);
      case 3, 4 -> floating();
      case 5 -> text(12);
      case 6 -> list(0, () -> json(depth - 1));
      default -> {
        var map = new LinkedHashMap<String, Object>();
        int count = below(4);
        for (int i = 0; i < count; i++) {
          map.put(text(5) + i, json(depth - 1));
        }
        yield map;
      }
    };
  }

  private <T> List<T> list(int least, Supplier<T> item) {
    var list = new ArrayList<T>();
    int count = least + below(4);
    for (int i = 0; i < count; i++) {
      list.add(item.get());
    }
    return list;
  }

  private PilImage pil(String mode) {
    int width = 1 + below(9);
    int height = 1 + below(5);
    int bytes =
        switch (mode) {
          case "1" -> (width + 7) / 8;
          case "L", "P" -> width;
          case "LA", "I;16" -> 2 * width;
          case "RGB", "YCbCr", "HSV", "LAB" -> 3 * width;
          default -> 4 * width;
        };
    var pixels = new byte[bytes * height];
    random.nextBytes(pixels);
    if (mode.equals("1")) {
      // PIL forgets what fills up a row's last byte.
      for (int row = 1; row <= height; row++) {
        pixels[bytes * row - 1] &= (byte) (0xff << (8 * bytes - width));
      }
    }
    return PilImage.over(width, height, mode, ByteBuffer.wrap(pixels));
  }

  /** Of the parts of an encoding's name. */
  private NdArray array(String[] parts) {
    var dtype =
        parts.length > 1 ? NdArray.DType.of(parts[1]) : anyOf(List.of(NdArray.DType.values()));
    int[] shape;
    if (parts.length > 2) {
      var dimensions = parts[2].split(",");
      shape = new int[] {Integer.parseInt(dimensions[0]), Integer.parseInt(dimensions[1])};
    } else if (below(4) == 0) {
      shape = new int[] {200 + below(200)};
    } else {
      shape = random.ints(1 + below(4), 1, 5).toArray();
    }
    int bytes = dtype.bytes();
    for (int dimension : shape) {
      bytes *= dimension;
    }
    var data = new byte[bytes];
    random.nextBytes(data);
    return NdArray.over(dtype, shape, ByteBuffer.wrap(data));
  }
}
