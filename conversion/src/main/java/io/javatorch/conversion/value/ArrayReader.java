package io.javatorch.conversion.value;

import io.javatorch.conversion.schema.NdArrayForm;
import io.javatorch.conversion.value.ValueReader.OfObject;
import io.javatorch.streaming.format.Half;
import io.javatorch.streaming.format.NdArray;
import io.javatorch.streaming.format.NdArray.DType;
import io.javatorch.streaming.format.Sample;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.catalyst.expressions.UnsafeArrayData;
import org.apache.spark.sql.catalyst.util.ArrayData;
import org.apache.spark.sql.catalyst.util.GenericArrayData;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.BinaryType;
import org.apache.spark.sql.types.BooleanType;
import org.apache.spark.sql.types.ByteType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DecimalType;
import org.apache.spark.sql.types.DoubleType;
import org.apache.spark.sql.types.FloatType;
import org.apache.spark.sql.types.IntegerType;
import org.apache.spark.sql.types.LongType;
import org.apache.spark.sql.types.ShortType;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.unsafe.types.UTF8String;

/** Reads ndarrays: as arrays of arrays, or as structs of shape and values. */
final class ArrayReader {
  private ArrayReader() {}

  /**
   * Makes the reader of a form and a type.
   *
   * @throws IllegalArgumentException if the type cannot be had from the form
   */
  static OfObject of(NdArrayForm form, DataType type) {
    if (type instanceof StructType struct) {
      return struct(form, struct);
    }
    int depth = 0;
    var element = type;
    while (element instanceof ArrayType array) {
      element = array.elementType();
      depth++;
    }
    // An array of one dimension fills whatever shape the encoding has.
    if (depth == 0 || (depth > 1 && !form.shape().isEmpty() && form.shape().size() != depth)) {
      throw impossible(form, type);
    }
    var copier = copier(form, element);
    int dimensions = depth;
    boolean flat = depth == 1 && !form.shape().isEmpty();
    return (sample, at) -> {
      NdArray array = sample.getNdArray(at);
      int[] shape = flat ? new int[] {array.size()} : array.shape();
      if (shape.length != dimensions) {
        throw new IllegalArgumentException(
            ("the array has the shape %s, which is not of %d dimensions; read it with a schema of as"
                    + " many arrays in each other, or without one")
                .formatted(Arrays.toString(shape), dimensions));
      }
      return nested(array, shape, 0, 0, array.size(), copier);
    };
  }

  private static IllegalArgumentException impossible(NdArrayForm form, DataType type) {
    return new IllegalArgumentException(form + " cannot be read as " + type.sql());
  }

  private static ArrayData nested(
      NdArray array, int[] shape, int axis, int from, int to, Copier copier) {
    if (axis == shape.length - 1) {
      return copier.copy(array.dtype(), array.data(), from, to - from);
    }
    int step = (to - from) / shape[axis];
    var parts = new Object[shape[axis]];
    for (int i = 0; i < parts.length; i++) {
      parts[i] = nested(array, shape, axis + 1, from + i * step, from + (i + 1) * step, copier);
    }
    return new GenericArrayData(parts);
  }

  private static OfObject struct(NdArrayForm form, StructType type) {
    var names = List.of(type.fieldNames());
    var fields = type.fields();
    if (names.equals(List.of("shape", "values"))
        && isShape(fields[0].dataType())
        && fields[1].dataType() instanceof ArrayType values
        && !(values.elementType() instanceof ArrayType)) {
      var copier = copier(form, values.elementType());
      return (sample, at) -> {
        NdArray array = sample.getNdArray(at);
        return new GenericInternalRow(
            new Object[] {shape(array), copier.copy(array.dtype(), array.data(), 0, array.size())});
      };
    } else if (names.equals(List.of("dtype", "shape", "data"))
        && ValueText.isText(fields[0].dataType())
        && isShape(fields[1].dataType())
        && fields[2].dataType() instanceof BinaryType) {
      return ArrayReader::parts;
    }
    throw impossible(form, type);
  }

  private static boolean isShape(DataType type) {
    return type instanceof ArrayType array && array.elementType() instanceof IntegerType;
  }

  private static Object parts(Sample sample, int at) {
    NdArray array = sample.getNdArray(at);
    var data = array.data();
    var bytes = new byte[data.remaining()];
    data.get(bytes);
    return new GenericInternalRow(
        new Object[] {UTF8String.fromString(array.dtype().numpyName()), shape(array), bytes});
  }

  private static ArrayData shape(NdArray array) {
    return UnsafeArrayData.fromPrimitiveArray(array.shape());
  }

  /** Makes Spark's array of some of an ndarray's values. */
  private interface Copier {
    /**
     * Copies values.
     *
     * @param data all values, little-endian
     * @param from the first value to copy
     */
    ArrayData copy(DType dtype, ByteBuffer data, int from, int count);
  }

  private static Copier copier(NdArrayForm form, DataType element) {
    if (element instanceof FloatType) {
      return ArrayReader::floats;
    } else if (element instanceof DoubleType) {
      return ArrayReader::doubles;
    } else if (element instanceof BooleanType) {
      return (dtype, data, from, count) ->
          UnsafeArrayData.fromPrimitiveArray(booleans(longs(dtype, data, from, count)));
    } else if (element instanceof ByteType) {
      return ArrayReader::bytes;
    } else if (element instanceof ShortType) {
      return ArrayReader::shorts;
    } else if (element instanceof IntegerType) {
      return ArrayReader::ints;
    } else if (element instanceof LongType) {
      return (dtype, data, from, count) ->
          UnsafeArrayData.fromPrimitiveArray(longs(dtype, data, from, count));
    } else if (element instanceof DecimalType decimal) {
      return (dtype, data, from, count) -> {
        var values = new Object[count];
        for (int i = 0; i < count; i++) {
          values[i] =
              ValueText.decimal(
                  dtype == DType.UINT64
                      ? new BigDecimal(unsigned(data.getLong(8 * (from + i))))
                      : BigDecimal.valueOf(integer(dtype, data, from + i)),
                  decimal);
        }
        return new GenericArrayData(values);
      };
    }
    throw impossible(form, element);
  }

  private static BigInteger unsigned(long bits) {
    return new BigInteger(Long.toUnsignedString(bits));
  }

  private static ByteBuffer slice(DType dtype, ByteBuffer data, int from, int count) {
    return data.slice(from * dtype.bytes(), count * dtype.bytes()).order(data.order());
  }

  private static ArrayData floats(DType dtype, ByteBuffer data, int from, int count) {
    var values = new float[count];
    if (dtype == DType.FLOAT32) {
      slice(dtype, data, from, count).asFloatBuffer().get(values);
    } else {
      for (int i = 0; i < count; i++) {
        values[i] = (float) floating(dtype, data, from + i);
      }
    }
    return UnsafeArrayData.fromPrimitiveArray(values);
  }

  private static ArrayData doubles(DType dtype, ByteBuffer data, int from, int count) {
    var values = new double[count];
    if (dtype == DType.FLOAT64) {
      slice(dtype, data, from, count).asDoubleBuffer().get(values);
    } else {
      for (int i = 0; i < count; i++) {
        values[i] = floating(dtype, data, from + i);
      }
    }
    return UnsafeArrayData.fromPrimitiveArray(values);
  }

  private static ArrayData bytes(DType dtype, ByteBuffer data, int from, int count) {
    var values = new byte[count];
    if (dtype == DType.INT8) {
      data.get(from, values);
    } else {
      for (int i = 0; i < count; i++) {
        values[i] = (byte) inRange(integer(dtype, data, from + i), Byte.MIN_VALUE, Byte.MAX_VALUE);
      }
    }
    return UnsafeArrayData.fromPrimitiveArray(values);
  }

  private static ArrayData shorts(DType dtype, ByteBuffer data, int from, int count) {
    var values = new short[count];
    if (dtype == DType.INT16) {
      slice(dtype, data, from, count).asShortBuffer().get(values);
    } else {
      for (int i = 0; i < count; i++) {
        values[i] =
            (short) inRange(integer(dtype, data, from + i), Short.MIN_VALUE, Short.MAX_VALUE);
      }
    }
    return UnsafeArrayData.fromPrimitiveArray(values);
  }

  private static ArrayData ints(DType dtype, ByteBuffer data, int from, int count) {
    var values = new int[count];
    if (dtype == DType.INT32) {
      slice(dtype, data, from, count).asIntBuffer().get(values);
    } else {
      for (int i = 0; i < count; i++) {
        values[i] =
            (int) inRange(integer(dtype, data, from + i), Integer.MIN_VALUE, Integer.MAX_VALUE);
      }
    }
    return UnsafeArrayData.fromPrimitiveArray(values);
  }

  private static long[] longs(DType dtype, ByteBuffer data, int from, int count) {
    var values = new long[count];
    if (dtype == DType.INT64) {
      slice(dtype, data, from, count).asLongBuffer().get(values);
    } else {
      for (int i = 0; i < count; i++) {
        values[i] = integer(dtype, data, from + i);
      }
    }
    return values;
  }

  private static boolean[] booleans(long[] values) {
    var booleans = new boolean[values.length];
    for (int i = 0; i < values.length; i++) {
      booleans[i] = inRange(values[i], 0, 1) == 1;
    }
    return booleans;
  }

  private static long inRange(long value, long min, long max) {
    if (value < min || value > max) {
      throw new IllegalArgumentException(
          value + " in the array is out of the range from " + min + " to " + max);
    }
    return value;
  }

  private static long integer(DType dtype, ByteBuffer data, int at) {
    return switch (dtype) {
      case INT8 -> data.get(at);
      case UINT8 -> data.get(at) & 0xff;
      case INT16 -> data.getShort(2 * at);
      case UINT16 -> data.getShort(2 * at) & 0xffff;
      case INT32 -> data.getInt(4 * at);
      case UINT32 -> data.getInt(4 * at) & 0xffffffffL;
      case INT64 -> data.getLong(8 * at);
      case UINT64 -> inRange(data.getLong(8 * at), 0, Long.MAX_VALUE);
      case FLOAT16, FLOAT32, FLOAT64 -> {
        double value = floating(dtype, data, at);
        if ((long) value != value || value == 0x1p63) {
          throw new IllegalArgumentException(value + " in the array is no integer");
        }
        yield (long) value;
      }
    };
  }

  private static double floating(DType dtype, ByteBuffer data, int at) {
    return switch (dtype) {
      case FLOAT16 -> Half.toFloat(data.getShort(2 * at));
      case FLOAT32 -> data.getFloat(4 * at);
      case FLOAT64 -> data.getDouble(8 * at);
      case UINT64 -> unsigned(data.getLong(8 * at)).doubleValue();
      default -> (double) integer(dtype, data, at);
    };
  }
}
