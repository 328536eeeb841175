package io.javatorch.streaming.format;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.Locale;

/**
 * A number of a fixed width, little-endian. In memory it is a {@code long} whose low bytes are the
 * encoded ones.
 */
enum ScalarEncoding implements Encoding {
  INT(8, Kind.SIGNED),
  INT8(1, Kind.SIGNED),
  INT16(2, Kind.SIGNED),
  INT32(4, Kind.SIGNED),
  INT64(8, Kind.SIGNED),
  UINT8(1, Kind.UNSIGNED),
  UINT16(2, Kind.UNSIGNED),
  UINT32(4, Kind.UNSIGNED),
  UINT64(8, Kind.UNSIGNED),
  FLOAT16(2, Kind.FLOATING),
  FLOAT32(4, Kind.FLOATING),
  FLOAT64(8, Kind.FLOATING);

  enum Kind {
    SIGNED,
    UNSIGNED,
    FLOATING
  }

  private static final BigInteger TWO_TO_64 = BigInteger.ONE.shiftLeft(64);

  private final int size;
  private final Kind kind;

  ScalarEncoding(int size, Kind kind) {
    this.size = size;
    this.kind = kind;
  }

  String encodingName() {
    return name().toLowerCase(Locale.ROOT);
  }

  Kind kind() {
    return kind;
  }

  @Override
  public int size() {
    return size;
  }

  @Override
  public byte[] encode(Object value) {
    if (value instanceof byte[] bytes) {
      if (bytes.length != size) {
        throw new IllegalArgumentException(
            "a byte[] for "
                + encodingName()
                + " must have "
                + size
                + " bytes, not "
                + bytes.length);
      }
      return bytes;
    }
    long bits = bits(value);
    var bytes = new byte[size];
    for (int i = 0; i < size; i++) {
      bytes[i] = (byte) (bits >>> (8 * i));
    }
    return bytes;
  }

  /** The encoded form of a boxed value. */
  long bits(Object value) {
    if (value instanceof byte[] bytes) {
      encode(bytes);
      long bits = 0;
      for (int i = 0; i < size; i++) {
        bits |= (bytes[i] & 0xffL) << (8 * i);
      }
      return bits;
    }
    if (kind == Kind.FLOATING) {
      if (value instanceof Double || value instanceof Float) {
        return bits(((Number) value).doubleValue());
      }
      if (value instanceof Long
          || value instanceof Integer
          || value instanceof Short
          || value instanceof Byte) {
        return bits((double) ((Number) value).longValue());
      }
      throw Encoding.wrongType("a number", value);
    }
    if (value instanceof Long
        || value instanceof Integer
        || value instanceof Short
        || value instanceof Byte) {
      return bits(((Number) value).longValue());
    }
    if (value instanceof BigInteger big) {
      if (kind == Kind.SIGNED
          ? big.bitLength() <= 63
          : big.signum() >= 0 && big.bitLength() <= 64) {
        return this == UINT64 ? big.longValue() : bits(big.longValue());
      }
      throw outOfRange(big.toString());
    }
    throw Encoding.wrongType("an integer", value);
  }

  /** The encoded form of an integer. */
  long bits(long value) {
    boolean fits =
        switch (kind) {
          case SIGNED -> size == 8 || value >> (8 * size - 1) == value >> 63;
          case UNSIGNED -> value >= 0 && (size == 8 || value >>> (8 * size) == 0);
          case FLOATING -> true;
        };
    if (!fits) {
      throw outOfRange(Long.toString(value));
    }
    return kind == Kind.FLOATING ? bits((double) value) : value;
  }

  /** The encoded form of a floating-point number, rounded to the width as NumPy rounds. */
  long bits(double value) {
    return switch (this) {
      case FLOAT16 -> Half.fromDouble(value);
      case FLOAT32 -> Float.floatToRawIntBits((float) value);
      case FLOAT64 -> Double.doubleToRawLongBits(value);
      default ->
          throw new IllegalArgumentException(
              "a floating-point number in a column of type " + encodingName());
    };
  }

  private IllegalArgumentException outOfRange(String value) {
    return new IllegalArgumentException(value + " is out of the range of " + encodingName());
  }

  @Override
  public Object decode(ByteBuffer bytes) {
    int at = bytes.position();
    return switch (this) {
      case INT, INT64 -> bytes.getLong(at);
      case INT8 -> bytes.get(at);
      case INT16 -> bytes.getShort(at);
      case INT32 -> bytes.getInt(at);
      case UINT8 -> (short) (bytes.get(at) & 0xff);
      case UINT16 -> bytes.getShort(at) & 0xffff;
      case UINT32 -> bytes.getInt(at) & 0xffffffffL;
      case UINT64 -> unsigned(bytes.getLong(at));
      case FLOAT16, FLOAT32 -> (float) floating(bytes, at);
      case FLOAT64 -> bytes.getDouble(at);
    };
  }

  /**
   * Reads an integer.
   *
   * @throws ArithmeticException if an unsigned 64-bit number is beyond {@link Long#MAX_VALUE}
   */
  long integer(ByteBuffer bytes, int at) {
    return switch (this) {
      case INT, INT64 -> bytes.getLong(at);
      case INT8 -> bytes.get(at);
      case INT16 -> bytes.getShort(at);
      case INT32 -> bytes.getInt(at);
      case UINT8 -> bytes.get(at) & 0xff;
      case UINT16 -> bytes.getShort(at) & 0xffff;
      case UINT32 -> bytes.getInt(at) & 0xffffffffL;
      case UINT64 -> {
        long value = bytes.getLong(at);
        if (value < 0) {
          throw new ArithmeticException(
              unsigned(value) + " does not fit a long; use get, which returns a BigInteger");
        }
        yield value;
      }
      case FLOAT16, FLOAT32, FLOAT64 ->
          throw new IllegalArgumentException("an integer from a column of " + encodingName());
    };
  }

  /** Reads a number as a double; 64-bit integers are rounded. */
  double floating(ByteBuffer bytes, int at) {
    return switch (this) {
      case FLOAT16 -> Half.toFloat(bytes.getShort(at));
      case FLOAT32 -> bytes.getFloat(at);
      case FLOAT64 -> bytes.getDouble(at);
      case UINT64 -> unsigned(bytes.getLong(at)).doubleValue();
      default -> integer(bytes, at);
    };
  }

  private static BigInteger unsigned(long bits) {
    var value = BigInteger.valueOf(bits);
    return bits < 0 ? value.add(TWO_TO_64) : value;
  }
}
