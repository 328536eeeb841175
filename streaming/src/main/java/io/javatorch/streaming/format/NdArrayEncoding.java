package io.javatorch.streaming.format;

import io.javatorch.streaming.format.NdArray.DType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * {@code ndarray}, {@code ndarray:dtype} and {@code ndarray:dtype:d0,d1}: what the name does not
 * say stands before the values. First the dtype's code in a byte; then a byte with four times the
 * number of dimensions plus the width of each (as an exponent of 2), and the dimensions.
 */
final class NdArrayEncoding implements Encoding {
  /** The type if the name gives it, or null. */
  private final DType dtype;

  /** The dimensions if the name gives them, or null. */
  private final int[] shape;

  private final int size;

  private NdArrayEncoding(DType dtype, int[] shape, int size) {
    this.dtype = dtype;
    this.shape = shape;
    this.size = size;
  }

  /** Parses what follows {@code ndarray}, which is nothing or begins with a colon. */
  static NdArrayEncoding parse(String name) {
    var parts = name.split(":", -1);
    if (parts.length == 1 || (parts.length == 2 && parts[1].isEmpty())) {
      return new NdArrayEncoding(null, null, -1);
    }
    if (parts.length > 3) {
      throw new IllegalArgumentException("too many colons in '" + name + "'");
    }
    var dtype = DType.of(parts[1]);
    if (parts.length == 2) {
      return new NdArrayEncoding(dtype, null, -1);
    }
    try {
      var shape =
          Arrays.stream(parts[2].split(",", -1)).map(String::strip).mapToInt(Integer::parseInt);
      var dimensions = shape.toArray();
      int size = dtype.bytes();
      for (int dimension : dimensions) {
        if (dimension < 1) {
          throw new IllegalArgumentException("a dimension of '" + name + "' is below 1");
        }
        size = Math.multiplyExact(size, dimension);
      }
      if (dimensions.length > 63) {
        throw new IllegalArgumentException("'" + name + "' has more than 63 dimensions");
      }
      return new NdArrayEncoding(dtype, dimensions, size);
    } catch (NumberFormatException | ArithmeticException e) {
      throw new IllegalArgumentException(
          "the shape of '" + name + "' is not a list of small numbers with commas", e);
    }
  }

  /** The size in bytes if the name gives both dtype and shape, or -1. */
  @Override
  public int size() {
    return size;
  }

  @Override
  public byte[] encode(Object value) {
    if (value instanceof byte[] bytes) {
      return Encoding.checked(this, bytes);
    }
    var array = array(value);
    if (dtype != null && array.dtype() != dtype) {
      throw new IllegalArgumentException(
          "the array is of %s, not of %s".formatted(array.dtype().numpyName(), dtype.numpyName()));
    }
    var dimensions = array.shape();
    if (shape != null && !Arrays.equals(dimensions, shape)) {
      throw new IllegalArgumentException(
          "the array's shape is %s, not %s"
              .formatted(Arrays.toString(dimensions), Arrays.toString(shape)));
    }
    int largest = Arrays.stream(dimensions).max().getAsInt();
    int width = largest < 1 << 8 ? 0 : largest < 1 << 16 ? 1 : 2;
    var data = array.data();
    int head = (dtype == null ? 1 : 0) + (shape == null ? 1 + (dimensions.length << width) : 0);
    var out = ByteBuffer.allocate(Math.addExact(head, data.remaining()));
    out.order(ByteOrder.LITTLE_ENDIAN);
    if (dtype == null) {
      out.put((byte) array.dtype().code());
    }
    if (shape == null) {
      out.put((byte) (dimensions.length << 2 | width));
      for (int dimension : dimensions) {
        switch (width) {
          case 0 -> out.put((byte) dimension);
          case 1 -> out.putShort((short) dimension);
          default -> out.putInt(dimension);
        }
      }
    }
    return out.put(data).array();
  }

  private static NdArray array(Object value) {
    if (value instanceof NdArray array) {
      return array;
    } else if (value instanceof float[] values) {
      return NdArray.of(values);
    } else if (value instanceof double[] values) {
      return NdArray.of(values);
    } else if (value instanceof long[] values) {
      return NdArray.of(values);
    } else if (value instanceof int[] values) {
      return NdArray.of(values);
    } else if (value instanceof short[] values) {
      return NdArray.of(values);
    }
    throw Encoding.wrongType("an NdArray or an array of short, int, long, float or double", value);
  }

  @Override
  public NdArray decode(ByteBuffer bytes) throws InvalidDataException {
    var in = bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN);
    var type = dtype == null ? readDType(in) : dtype;
    var dimensions = shape == null ? readShape(in) : shape;
    try {
      return NdArray.over(type, dimensions, in);
    } catch (IllegalArgumentException e) {
      throw new InvalidDataException(e.getMessage());
    }
  }

  private static DType readDType(ByteBuffer in) throws InvalidDataException {
    require(in, 1);
    int code = in.get() & 0xff;
    for (var type : DType.values()) {
      if (type.code() == code) {
        return type;
      }
    }
    throw new InvalidDataException("the array's dtype has the unknown code " + code);
  }

  private static int[] readShape(ByteBuffer in) throws InvalidDataException {
    require(in, 1);
    int head = in.get() & 0xff;
    int width = head & 3;
    var dimensions = new int[head >> 2];
    require(in, dimensions.length << width);
    for (int i = 0; i < dimensions.length; i++) {
      long dimension =
          switch (width) {
            case 0 -> in.get() & 0xff;
            case 1 -> in.getShort() & 0xffff;
            case 2 -> in.getInt() & 0xffffffffL;
            default -> in.getLong();
          };
      if (dimension < 1 || dimension > in.limit()) {
        throw new InvalidDataException(
            "the array is said to have a dimension of " + Long.toUnsignedString(dimension));
      }
      dimensions[i] = (int) dimension;
    }
    return dimensions;
  }

  private static void require(ByteBuffer in, int bytes) throws InvalidDataException {
    if (in.remaining() < bytes) {
      throw new InvalidDataException("the array ends within its dtype and shape");
    }
  }
}
