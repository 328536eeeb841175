package io.javatorch.conversion.value;

import io.javatorch.conversion.schema.MdsSchema.MappedColumn;
import io.javatorch.conversion.schema.NdArrayForm;
import io.javatorch.conversion.schema.NullPolicy;
import io.javatorch.streaming.format.Half;
import java.util.ArrayList;
import org.apache.spark.sql.catalyst.expressions.SpecializedGetters;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.BinaryType;
import org.apache.spark.sql.types.BooleanType;
import org.apache.spark.sql.types.ByteType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DateType;
import org.apache.spark.sql.types.DecimalType;
import org.apache.spark.sql.types.DoubleType;
import org.apache.spark.sql.types.FloatType;
import org.apache.spark.sql.types.IntegerType;
import org.apache.spark.sql.types.ShortType;
import org.apache.spark.sql.types.YearMonthIntervalType;

/** Makes the writer of each pair of a Spark type and an encoding. */
final class ValueWriters {
  private ValueWriters() {}

  static ValueWriter of(MappedColumn column, NullPolicy nullPolicy) {
    var type = column.type();
    var encoding = column.encoding();
    if (column.document()) {
      // Its bytes are looked at, so that they are JSON.
      return (values, at, sample, to) -> {
        sample.set(to, values.getUTF8String(at).getBytes());
        return true;
      };
    } else if (encoding.equals("json")) {
      return json(type);
    } else if (type instanceof BinaryType) {
      return (values, at, sample, to) -> {
        sample.set(to, values.getBinary(at));
        return true;
      };
    } else if (ValueText.isText(type)) {
      return (values, at, sample, to) -> {
        sample.set(to, values.getUTF8String(at).getBytes());
        return true;
      };
    } else if (type instanceof ArrayType array) {
      return NdArrayForm.isNdArray(encoding)
          ? ArrayWriter.of(array, encoding, nullPolicy)
          : images();
    } else if (encoding.equals("str")) {
      var printer = ValueText.printer(type);
      return (values, at, sample, to) -> {
        sample.set(to, printer.print(values, at));
        return true;
      };
    } else if (type instanceof DecimalType decimal) {
      return decimal(decimal, encoding);
    } else if (type instanceof FloatType || type instanceof DoubleType) {
      return floating(type, encoding);
    }
    return integer(type, encoding);
  }

  private static ValueWriter json(DataType type) {
    var json = JsonWriter.of(type);
    var out = new JsonOut();
    return (values, at, sample, to) -> {
      out.reset();
      json.write(values, at, out);
      sample.setEncoded(to, out.toByteArray());
      return true;
    };
  }

  private static ValueWriter images() {
    return (values, at, sample, to) -> {
      var array = values.getArray(at);
      int size = array.numElements();
      var images = new ArrayList<byte[]>(size);
      for (int i = 0; i < size; i++) {
        if (array.isNullAt(i)) {
          return false;
        }
        images.add(array.getBinary(i));
      }
      sample.set(to, images);
      return true;
    };
  }

  private static ValueWriter decimal(DecimalType type, String encoding) {
    int precision = type.precision();
    int scale = type.scale();
    return switch (encoding) {
      case "str_decimal" ->
          (values, at, sample, to) -> {
            sample.set(to, values.getDecimal(at, precision, scale).toJavaBigDecimal());
            return true;
          };
      case "float16", "float32", "float64" ->
          (values, at, sample, to) -> {
            var value = values.getDecimal(at, precision, scale);
            double rounded = value.toDouble();
            checkFits(rounded, type, encoding);
            sample.setDouble(to, rounded);
            return true;
          };
      default ->
          (values, at, sample, to) -> {
            sample.set(to, values.getDecimal(at, precision, scale).toJavaBigInteger());
            return true;
          };
    };
  }

  /** Makes sure that what is left of a decimal can be read as one of its type. */
  private static void checkFits(double value, DecimalType type, String encoding) {
    double stored =
        switch (encoding) {
          case "float16" -> Half.toFloat((short) Half.fromDouble(value));
          case "float32" -> (double) (float) value;
          default -> value;
        };
    // Most are far from the limit, and nothing is made of them.
    boolean fits = Math.abs(stored) <= 0.9 * Math.pow(10, type.precision() - type.scale());
    if (!fits && !isReadable(stored, type)) {
      throw new IllegalArgumentException(
          "%s holds it as %s, which is no %s any more; choose a wider type or str_decimal"
              .formatted(encoding, stored, type.sql()));
    }
  }

  private static boolean isReadable(double value, DecimalType type) {
    try {
      var unused = ValueReaders.rounded(value, type);
      return true;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  private static ValueWriter floating(DataType type, String encoding) {
    boolean text = encoding.equals("str_float");
    if (type instanceof FloatType) {
      return (values, at, sample, to) -> {
        if (text) {
          sample.set(to, values.getFloat(at));
        } else {
          sample.setDouble(to, values.getFloat(at));
        }
        return true;
      };
    }
    return (values, at, sample, to) -> {
      if (text) {
        sample.set(to, values.getDouble(at));
      } else {
        sample.setDouble(to, values.getDouble(at));
      }
      return true;
    };
  }

  /** Reads an integer, or what Spark holds as one. */
  interface LongGetter {
    long get(SpecializedGetters values, int at);
  }

  static LongGetter longs(DataType type) {
    if (type instanceof BooleanType) {
      return (values, at) -> values.getBoolean(at) ? 1 : 0;
    } else if (type instanceof ByteType) {
      return SpecializedGetters::getByte;
    } else if (type instanceof ShortType) {
      return SpecializedGetters::getShort;
    } else if (type instanceof IntegerType
        || type instanceof DateType
        || type instanceof YearMonthIntervalType) {
      return SpecializedGetters::getInt;
    }
    return SpecializedGetters::getLong;
  }

  private static ValueWriter integer(DataType type, String encoding) {
    var getter = longs(type);
    return switch (encoding) {
      case "float16", "float32", "float64" ->
          (values, at, sample, to) -> {
            sample.setDouble(to, exact(getter.get(values, at), encoding));
            return true;
          };
      case "str_int" ->
          (values, at, sample, to) -> {
            sample.set(to, getter.get(values, at));
            return true;
          };
      default ->
          (values, at, sample, to) -> {
            sample.setLong(to, getter.get(values, at));
            return true;
          };
    };
  }

  /**
   * An integer as a floating-point number.
   *
   * @throws IllegalArgumentException if the type cannot hold it exactly
   */
  static double exact(long value, String encoding) {
    double exact =
        switch (encoding) {
          case "float16" -> Half.toFloat((short) Half.fromDouble((double) value));
          case "float32" -> (double) (float) value;
          default -> (double) value;
        };
    // 2^63 as a double would come back as the greatest long.
    if ((long) exact != value || exact == 0x1p63) {
      throw new IllegalArgumentException(
          value + " cannot be held exactly by " + encoding + "; choose a wider type");
    }
    return exact;
  }
}
