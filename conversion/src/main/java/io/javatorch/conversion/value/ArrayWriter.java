package io.javatorch.conversion.value;

import io.javatorch.conversion.schema.NdArrayForm;
import io.javatorch.conversion.schema.NullPolicy;
import io.javatorch.streaming.format.Half;
import io.javatorch.streaming.format.MdsWriter;
import io.javatorch.streaming.format.NdArray;
import io.javatorch.streaming.format.NdArray.DType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.apache.spark.sql.catalyst.expressions.SpecializedGetters;
import org.apache.spark.sql.catalyst.util.ArrayData;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.BooleanType;
import org.apache.spark.sql.types.ByteType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DoubleType;
import org.apache.spark.sql.types.FloatType;
import org.apache.spark.sql.types.IntegerType;
import org.apache.spark.sql.types.LongType;
import org.apache.spark.sql.types.ShortType;

/** Writes arrays of numbers, of any depth, as ndarrays. */
final class ArrayWriter implements ValueWriter {
  private final String encoding;
  private final DType dtype;

  /** What the encoding's name says of the shape; empty if nothing. */
  private final int[] fixedShape;

  private final int depth;
  private final boolean nullIsZero;
  private final Filler filler;

  // Of the value that is being written.
  private final int[] shape;
  private ByteBuffer data = allocate(256);

  private ArrayWriter(ArrayType type, String encoding, NullPolicy nullPolicy) {
    this.encoding = encoding;
    DataType element = type;
    int arrays = 0;
    while (element instanceof ArrayType array) {
      element = array.elementType();
      arrays++;
    }
    depth = arrays;
    var form = NdArrayForm.parse(encoding);
    dtype = form.dtype().orElse(natural(element));
    fixedShape = form.shape().stream().mapToInt(Integer::intValue).toArray();
    nullIsZero = nullPolicy == NullPolicy.ZERO;
    filler = filler(element, dtype);
    shape = new int[depth];
  }

  static ArrayWriter of(ArrayType type, String encoding, NullPolicy nullPolicy) {
    return new ArrayWriter(type, encoding, nullPolicy);
  }

  private static DType natural(DataType element) {
    if (element instanceof BooleanType) {
      return DType.UINT8;
    } else if (element instanceof ByteType) {
      return DType.INT8;
    } else if (element instanceof ShortType) {
      return DType.INT16;
    } else if (element instanceof IntegerType) {
      return DType.INT32;
    } else if (element instanceof LongType) {
      return DType.INT64;
    } else if (element instanceof FloatType) {
      return DType.FLOAT32;
    }
    return DType.FLOAT64;
  }

  @Override
  public boolean write(SpecializedGetters values, int at, MdsWriter.Row sample, int column) {
    var array = values.getArray(at);
    if (!measure(array)) {
      return false;
    }
    long bytes = dtype.bytes();
    for (int dimension : shape) {
      bytes *= dimension;
      if (bytes > Integer.MAX_VALUE - 64) {
        throw new IllegalArgumentException(
            "an array of the shape " + Arrays.toString(shape) + " takes more than 2 GiB");
      }
    }
    if (data.capacity() < bytes) {
      data = allocate((int) Math.min(2 * bytes, Integer.MAX_VALUE - 64));
    }
    data.clear();
    if (!fill(array, 0)) {
      return false;
    }
    data.flip();
    sample.set(column, NdArray.over(dtype, finalShape(), data));
    return true;
  }

  /**
   * Takes the shape along the first elements; {@link #fill} sees whether the others have it too.
   */
  private boolean measure(ArrayData array) {
    var level = array;
    for (int axis = 0; axis < depth; axis++) {
      shape[axis] = level.numElements();
      if (shape[axis] == 0) {
        throw new IllegalArgumentException(
            "the array is empty%s, and an ndarray has no dimension of 0; choose json for the column"
                .formatted(axis == 0 ? "" : " in dimension " + axis));
      }
      if (axis + 1 < depth) {
        if (level.isNullAt(0)) {
          return false;
        }
        level = level.getArray(0);
      }
    }
    return true;
  }

  /** Copies the values; says whether there was none that is null. */
  private boolean fill(ArrayData array, int axis) {
    int size = array.numElements();
    if (size != shape[axis]) {
      throw new IllegalArgumentException(
          ("the arrays are not of one length in dimension %d: %d and %d; an ndarray is a full box,"
                  + " so choose json for the column")
              .formatted(axis, shape[axis], size));
    }
    if (axis == depth - 1) {
      for (int i = 0; i < size; i++) {
        if (array.isNullAt(i)) {
          if (!nullIsZero) {
            return false;
          }
          fillWithZeros(array, size);
          return true;
        }
      }
      filler.all(array, size, data);
      return true;
    }
    for (int i = 0; i < size; i++) {
      if (array.isNullAt(i) || !fill(array.getArray(i), axis + 1)) {
        return false;
      }
    }
    return true;
  }

  private void fillWithZeros(ArrayData array, int size) {
    var zero = new byte[dtype.bytes()];
    for (int i = 0; i < size; i++) {
      if (array.isNullAt(i)) {
        data.put(zero);
      } else {
        filler.one(array, i, data);
      }
    }
  }

  private int[] finalShape() {
    if (fixedShape.length == 0) {
      return shape;
    }
    boolean same =
        depth == 1
            ? shape[0] == Arrays.stream(fixedShape).reduce(1, (a, b) -> a * b)
            : Arrays.equals(shape, fixedShape);
    if (!same) {
      throw new IllegalArgumentException(
          "an array of the shape %s does not fit %s".formatted(Arrays.toString(shape), encoding));
    }
    return fixedShape;
  }

  private static ByteBuffer allocate(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Appends numbers of an array to a buffer. */
  private interface Filler {
    void one(ArrayData from, int at, ByteBuffer to);

    default void all(ArrayData from, int size, ByteBuffer to) {
      for (int i = 0; i < size; i++) {
        one(from, i, to);
      }
    }
  }

  /** How an array's numbers are copied at once, where Spark has them as the ndarray has them. */
  private interface Bulk {
    void copy(ArrayData from, ByteBuffer to);
  }

  private static Filler filler(DataType element, DType dtype) {
    if (element instanceof FloatType || element instanceof DoubleType) {
      return floating(element, dtype);
    }
    var getter = ValueWriters.longs(element);
    var name = dtype.numpyName();
    int width = dtype.bytes();
    return switch (dtype) {
      case INT8, UINT8 -> {
        Filler each = (from, at, to) -> to.put((byte) inRange(getter.get(from, at), dtype));
        yield element instanceof ByteType && dtype == DType.INT8
            ? bulk(width, each, (from, to) -> to.put(from.toByteArray()))
            : each;
      }
      case INT16, UINT16 -> {
        Filler each = (from, at, to) -> to.putShort((short) inRange(getter.get(from, at), dtype));
        yield element instanceof ShortType && dtype == DType.INT16
            ? bulk(width, each, (from, to) -> to.asShortBuffer().put(from.toShortArray()))
            : each;
      }
      case INT32, UINT32 -> {
        Filler each = (from, at, to) -> to.putInt((int) inRange(getter.get(from, at), dtype));
        yield element instanceof IntegerType && dtype == DType.INT32
            ? bulk(width, each, (from, to) -> to.asIntBuffer().put(from.toIntArray()))
            : each;
      }
      case INT64, UINT64 -> {
        Filler each = (from, at, to) -> to.putLong(inRange(getter.get(from, at), dtype));
        yield element instanceof LongType && dtype == DType.INT64
            ? bulk(width, each, (from, to) -> to.asLongBuffer().put(from.toLongArray()))
            : each;
      }
      case FLOAT16 ->
          (from, at, to) ->
              to.putShort((short) Half.fromDouble(ValueWriters.exact(getter.get(from, at), name)));
      case FLOAT32 ->
          (from, at, to) -> to.putFloat((float) ValueWriters.exact(getter.get(from, at), name));
      case FLOAT64 ->
          (from, at, to) -> to.putDouble(ValueWriters.exact(getter.get(from, at), name));
    };
  }

  private static Filler floating(DataType element, DType dtype) {
    if (element instanceof FloatType) {
      return switch (dtype) {
        case FLOAT16 -> (from, at, to) -> to.putShort((short) Half.fromDouble(from.getFloat(at)));
        case FLOAT32 ->
            bulk(
                Float.BYTES,
                (from, at, to) -> to.putFloat(from.getFloat(at)),
                (from, to) -> to.asFloatBuffer().put(from.toFloatArray()));
        default -> (from, at, to) -> to.putDouble(from.getFloat(at));
      };
    }
    return switch (dtype) {
      case FLOAT16 -> (from, at, to) -> to.putShort((short) Half.fromDouble(from.getDouble(at)));
      case FLOAT32 -> (from, at, to) -> to.putFloat((float) from.getDouble(at));
      default ->
          bulk(
              Double.BYTES,
              (from, at, to) -> to.putDouble(from.getDouble(at)),
              (from, to) -> to.asDoubleBuffer().put(from.toDoubleArray()));
    };
  }

  private static Filler bulk(int width, Filler each, Bulk bulk) {
    return new Filler() {
      @Override
      public void one(ArrayData from, int at, ByteBuffer to) {
        each.one(from, at, to);
      }

      @Override
      public void all(ArrayData from, int size, ByteBuffer to) {
        // Views of other types do not move the buffer's own position.
        int begin = to.position();
        int bytes = size * width;
        bulk.copy(from, to.slice(begin, bytes).order(ByteOrder.LITTLE_ENDIAN));
        to.position(begin + bytes);
      }
    };
  }

  private static long inRange(long value, DType dtype) {
    int bits = 8 * dtype.bytes();
    boolean fits =
        switch (dtype) {
          case INT8, INT16, INT32 -> value >> (bits - 1) == value >> 63;
          case UINT8, UINT16, UINT32 -> value >>> bits == 0;
          case UINT64 -> value >= 0;
          default -> true;
        };
    if (!fits) {
      throw new IllegalArgumentException(value + " is out of the range of " + dtype.numpyName());
    }
    return value;
  }
}
