package io.javatorch.streaming.format;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;

/**
 * An array of numbers with a shape, as NumPy has it: values in C order, little-endian. Immutable,
 * as long as nobody changes the memory it was made over, and safe for use by many threads.
 */
public final class NdArray {
  /** The type of the values; names and codes are those of the format. */
  public enum DType {
    UINT8(8, ScalarEncoding.UINT8),
    INT8(9, ScalarEncoding.INT8),
    UINT16(16, ScalarEncoding.UINT16),
    INT16(17, ScalarEncoding.INT16),
    FLOAT16(18, ScalarEncoding.FLOAT16),
    UINT32(32, ScalarEncoding.UINT32),
    INT32(33, ScalarEncoding.INT32),
    FLOAT32(34, ScalarEncoding.FLOAT32),
    UINT64(64, ScalarEncoding.UINT64),
    INT64(65, ScalarEncoding.INT64),
    FLOAT64(66, ScalarEncoding.FLOAT64);

    private final int code;
    private final ScalarEncoding scalar;

    DType(int code, ScalarEncoding scalar) {
      this.code = code;
      this.scalar = scalar;
    }

    int code() {
      return code;
    }

    /** NumPy's name of the type. */
    public String numpyName() {
      return name().toLowerCase(Locale.ROOT);
    }

    /** The size of a value in bytes. */
    public int bytes() {
      return scalar.size();
    }

    /**
     * Finds a type by NumPy's name.
     *
     * @throws IllegalArgumentException if there is none
     */
    public static DType of(String numpyName) {
      for (var dtype : values()) {
        if (dtype.numpyName().equals(numpyName)) {
          return dtype;
        }
      }
      throw new IllegalArgumentException("unknown dtype '" + numpyName + "'");
    }
  }

  private final DType dtype;
  private final int[] shape;
  private final ByteBuffer data;

  private NdArray(DType dtype, int[] shape, ByteBuffer data) {
    this.dtype = dtype;
    this.shape = shape;
    this.data = data;
  }

  /**
   * Makes an array over what remains of a buffer, without copying it.
   *
   * @param shape the dimensions, each at least 1; there are 1 to 63 of them
   * @param data the values in C order, little-endian whatever the buffer's own order
   * @throws IllegalArgumentException if the shape is not allowed, or the buffer has another size
   */
  public static NdArray over(DType dtype, int[] shape, ByteBuffer data) {
    if (shape.length < 1 || shape.length > 63) {
      throw new IllegalArgumentException("an array has 1 to 63 dimensions, not " + shape.length);
    }
    long bytes = dtype.bytes();
    for (int dimension : shape) {
      if (dimension < 1) {
        throw new IllegalArgumentException(
            "the dimensions " + Arrays.toString(shape) + " are not all above 0");
      }
      // Both are below 2^31, so that the product is exact.
      bytes *= dimension;
      if (bytes > Integer.MAX_VALUE) {
        break;
      }
    }
    if (bytes != data.remaining()) {
      throw new IllegalArgumentException(
          "an array of %s%s does not fill %d bytes"
              .formatted(dtype.numpyName(), Arrays.toString(shape), data.remaining()));
    }
    return new NdArray(
        dtype, shape.clone(), data.slice().asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN));
  }

  /** An array of int8. With no shape it has one dimension. */
  public static NdArray of(byte[] values, int... shape) {
    return over(DType.INT8, shape(shape, values.length), ByteBuffer.wrap(values.clone()));
  }

  /** An array of int16. With no shape it has one dimension. */
  public static NdArray of(short[] values, int... shape) {
    var data = allocate(values.length, Short.BYTES);
    data.asShortBuffer().put(values);
    return over(DType.INT16, shape(shape, values.length), data);
  }

  /** An array of int32. With no shape it has one dimension. */
  public static NdArray of(int[] values, int... shape) {
    var data = allocate(values.length, Integer.BYTES);
    data.asIntBuffer().put(values);
    return over(DType.INT32, shape(shape, values.length), data);
  }

  /** An array of int64. With no shape it has one dimension. */
  public static NdArray of(long[] values, int... shape) {
    var data = allocate(values.length, Long.BYTES);
    data.asLongBuffer().put(values);
    return over(DType.INT64, shape(shape, values.length), data);
  }

  /** An array of float32. With no shape it has one dimension. */
  public static NdArray of(float[] values, int... shape) {
    var data = allocate(values.length, Float.BYTES);
    data.asFloatBuffer().put(values);
    return over(DType.FLOAT32, shape(shape, values.length), data);
  }

  /** An array of float64. With no shape it has one dimension. */
  public static NdArray of(double[] values, int... shape) {
    var data = allocate(values.length, Double.BYTES);
    data.asDoubleBuffer().put(values);
    return over(DType.FLOAT64, shape(shape, values.length), data);
  }

  private static int[] shape(int[] shape, int length) {
    return shape.length == 0 ? new int[] {length} : shape;
  }

  private static ByteBuffer allocate(int length, int width) {
    return ByteBuffer.allocate(Math.multiplyExact(length, width)).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** The type of the values. */
  public DType dtype() {
    return dtype;
  }

  /** The dimensions, as a new array. */
  public int[] shape() {
    return shape.clone();
  }

  /** How many values there are. */
  public int size() {
    return data.capacity() / dtype.bytes();
  }

  /** The values in C order as a new read-only little-endian buffer over the same memory. */
  public ByteBuffer data() {
    return data.duplicate().order(ByteOrder.LITTLE_ENDIAN);
  }

  /** The values as integers. */
  public long[] toLongArray() {
    var values = new long[size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = dtype.scalar.integer(data, i * dtype.bytes());
    }
    return values;
  }

  /** The values as floats, rounded where a float cannot hold them. */
  public float[] toFloatArray() {
    var values = new float[size()];
    if (dtype == DType.FLOAT32) {
      data().asFloatBuffer().get(values);
      return values;
    }
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) dtype.scalar.floating(data, i * dtype.bytes());
    }
    return values;
  }

  /** The values as doubles; 64-bit integers are rounded. */
  public double[] toDoubleArray() {
    var values = new double[size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = dtype.scalar.floating(data, i * dtype.bytes());
    }
    return values;
  }

  /** The values as lists of lists, as NumPy's {@code tolist}. */
  public List<Object> toNestedLists() {
    return nested(0, 0, size());
  }

  private List<Object> nested(int axis, int from, int to) {
    int step = (to - from) / shape[axis];
    var list = new ArrayList<Object>(shape[axis]);
    for (int at = from; at < to; at += step) {
      list.add(
          axis == shape.length - 1
              ? dtype.scalar.decode(Encoding.slice(data, at * dtype.bytes(), dtype.bytes()))
              : nested(axis + 1, at, at + step));
    }
    return list;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof NdArray that
        && dtype == that.dtype
        && Arrays.equals(shape, that.shape)
        && data.equals(that.data);
  }

  @Override
  public int hashCode() {
    return Objects.hash(dtype, Arrays.hashCode(shape), data);
  }

  @Override
  public String toString() {
    return dtype.numpyName() + Arrays.toString(shape);
  }
}
