package io.javatorch.conversion.value;

import io.javatorch.conversion.schema.NdArrayForm;
import io.javatorch.conversion.schema.SparkSchema.ReadColumn;
import io.javatorch.conversion.value.ValueReader.OfDouble;
import io.javatorch.conversion.value.ValueReader.OfLong;
import io.javatorch.conversion.value.ValueReader.OfObject;
import io.javatorch.streaming.format.PilImage;
import io.javatorch.streaming.format.Sample;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.util.List;
import java.util.Locale;
import org.apache.spark.sql.catalyst.util.GenericArrayData;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.BinaryType;
import org.apache.spark.sql.types.BooleanType;
import org.apache.spark.sql.types.ByteType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DateType;
import org.apache.spark.sql.types.DayTimeIntervalType;
import org.apache.spark.sql.types.Decimal;
import org.apache.spark.sql.types.DecimalType;
import org.apache.spark.sql.types.DoubleType;
import org.apache.spark.sql.types.FloatType;
import org.apache.spark.sql.types.IntegerType;
import org.apache.spark.sql.types.LongType;
import org.apache.spark.sql.types.NullType;
import org.apache.spark.sql.types.ShortType;
import org.apache.spark.sql.types.TimestampNTZType;
import org.apache.spark.sql.types.TimestampType;
import org.apache.spark.sql.types.YearMonthIntervalType;
import org.apache.spark.unsafe.types.UTF8String;

/** Makes the reader of each pair of an encoding and a Spark type. */
final class ValueReaders {
  private ValueReaders() {}

  /**
   * Makes the reader of a column.
   *
   * @throws IllegalArgumentException if the type cannot be had from the encoding; the message names
   *     both, not the column
   */
  static ValueReader of(ReadColumn column) {
    var encoding = column.encoding();
    var type = column.type();
    if (NdArrayForm.isNdArray(encoding)) {
      return type instanceof BinaryType
          ? (OfObject) Sample::getBytes
          : ArrayReader.of(NdArrayForm.parse(encoding), type);
    }
    return switch (encoding) {
      case "json" -> json(column);
      case "str" -> text(type);
      case "str_int", "str_float", "str_decimal" -> textNumber(encoding, type);
      case "bytes" ->
          ValueText.isText(type)
              ? (OfObject) (sample, at) -> UTF8String.fromBytes(sample.getBytes(at))
              : encoded(encoding, type);
      case "jpeg", "png", "pil", "pkl" -> encoded(encoding, type);
      case "list[jpeg]", "list[png]", "list[pil]", "jpeg_array", "jpegarray" ->
          images(encoding, type);
      case "float16", "float32", "float64", "float" -> ofFloats(encoding, type);
      case "uint64" -> ofUnsigned(type);
      default -> ofIntegers(encoding, type);
    };
  }

  private static IllegalArgumentException impossible(String encoding, DataType type) {
    return new IllegalArgumentException(
        "%s cannot be read as %s".formatted(encoding, type.sql().toLowerCase(Locale.ROOT)));
  }

  private static ValueReader json(ReadColumn column) {
    var type = column.type();
    if (!column.document()) {
      var reader = JsonReader.of(type);
      return (OfObject) (sample, at) -> reader.read(sample.getBytes(at));
    }
    if (!ValueText.isText(type)) {
      throw impossible("json that is text", type);
    }
    // Of a nullable column, null is no text.
    boolean nullable = column.nullable();
    return (OfObject)
        (sample, at) -> {
          var text = sample.getUtf8(at);
          return nullable && isNull(text) ? null : UTF8String.fromBytes(text);
        };
  }

  private static boolean isNull(byte[] text) {
    return text.length == 4 && text[0] == 'n' && text[1] == 'u' && text[2] == 'l' && text[3] == 'l';
  }

  private static ValueReader text(DataType type) {
    if (ValueText.isText(type)) {
      return (OfObject) (sample, at) -> UTF8String.fromBytes(sample.getUtf8(at));
    } else if (type instanceof BinaryType) {
      return (OfObject) Sample::getBytes;
    } else if (isNested(type)) {
      throw impossible("str", type);
    }
    var parser = ValueText.parser(type);
    return (OfObject)
        (sample, at) -> {
          var text = sample.getString(at);
          try {
            return parser.parse(text);
          } catch (IllegalArgumentException | ArithmeticException | DateTimeException e) {
            throw new IllegalArgumentException(
                "'%s' is no %s".formatted(ValueText.shortened(text), type.sql()), e);
          }
        };
  }

  private static boolean isNested(DataType type) {
    return JsonWriter.hasParts(type) || type instanceof NullType;
  }

  private static ValueReader textNumber(String encoding, DataType type) {
    if (ValueText.isText(type)) {
      return (OfObject) (sample, at) -> UTF8String.fromBytes(sample.getUtf8(at));
    } else if (type instanceof DoubleType) {
      return (OfDouble) (sample, at) -> ((Number) sample.get(at)).doubleValue();
    } else if (type instanceof FloatType) {
      return (OfDouble) (sample, at) -> ((Number) sample.get(at)).floatValue();
    } else if (encoding.equals("str_float")) {
      throw impossible(encoding, type);
    } else if (type instanceof DecimalType decimal) {
      return encoding.equals("str_int")
          ? (OfObject)
              (sample, at) ->
                  ValueText.decimal(new BigDecimal((BigInteger) sample.get(at)), decimal)
          : (OfObject) (sample, at) -> ValueText.decimal((BigDecimal) sample.get(at), decimal);
    } else if (encoding.equals("str_int")) {
      var range = range(encoding, type);
      return (OfLong)
          (sample, at) -> {
            var value = (BigInteger) sample.get(at);
            if (value.bitLength() > 63) {
              throw outOfRange(ValueText.shortened(value.toString()), type);
            }
            return range.check(value.longValue());
          };
    }
    throw impossible(encoding, type);
  }

  private static ValueReader encoded(String encoding, DataType type) {
    if (type instanceof BinaryType) {
      return (OfObject) Sample::getBytes;
    }
    throw impossible(encoding, type);
  }

  private static ValueReader images(String encoding, DataType type) {
    if (type instanceof BinaryType) {
      return (OfObject) Sample::getBytes;
    }
    if (!(type instanceof ArrayType array) || !(array.elementType() instanceof BinaryType)) {
      throw impossible(encoding, type);
    }
    boolean pil = encoding.equals("list[pil]");
    return (OfObject)
        (sample, at) -> {
          var images = ((List<?>) sample.get(at)).toArray();
          for (int i = 0; pil && i < images.length; i++) {
            images[i] = encoded((PilImage) images[i]);
          }
          return new GenericArrayData(images);
        };
  }

  /** What a column of the encoding pil has of an image. */
  private static byte[] encoded(PilImage image) {
    var mode = image.mode().getBytes(StandardCharsets.UTF_8);
    var pixels = image.pixels();
    return ByteBuffer.allocate(12 + mode.length + pixels.remaining())
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(image.width())
        .putInt(image.height())
        .putInt(mode.length)
        .put(mode)
        .put(pixels)
        .array();
  }

  private static ValueReader ofFloats(String encoding, DataType type) {
    if (type instanceof FloatType) {
      return (OfDouble) (sample, at) -> (float) sample.getDouble(at);
    } else if (type instanceof DoubleType) {
      return (OfDouble) Sample::getDouble;
    } else if (type instanceof DecimalType decimal) {
      return (OfObject) (sample, at) -> rounded(sample.getDouble(at), decimal);
    } else if (type instanceof BooleanType
        || type instanceof ByteType
        || type instanceof ShortType
        || type instanceof IntegerType
        || type instanceof LongType) {
      var range = range(encoding, type);
      return (OfLong)
          (sample, at) -> {
            double value = sample.getDouble(at);
            if ((long) value != value || value == 0x1p63) {
              throw new IllegalArgumentException(value + " is no " + type.sql());
            }
            return range.check((long) value);
          };
    }
    throw impossible(encoding, type);
  }

  static Decimal rounded(double value, DecimalType type) {
    if (Double.isNaN(value) || Double.isInfinite(value)) {
      throw new IllegalArgumentException(value + " is no " + type.sql());
    }
    return ValueText.decimal(
        BigDecimal.valueOf(value).setScale(type.scale(), RoundingMode.HALF_EVEN), type);
  }

  private static ValueReader ofUnsigned(DataType type) {
    if (type instanceof DecimalType decimal) {
      return (OfObject)
          (sample, at) -> ValueText.decimal(new BigDecimal((BigInteger) sample.get(at)), decimal);
    }
    return ofIntegers("uint64", type);
  }

  private static ValueReader ofIntegers(String encoding, DataType type) {
    if (type instanceof DoubleType || type instanceof FloatType) {
      return (OfDouble) Sample::getDouble;
    } else if (type instanceof DecimalType decimal) {
      return (OfObject)
          (sample, at) -> ValueText.decimal(BigDecimal.valueOf(sample.getLong(at)), decimal);
    }
    var range = range(encoding, type);
    // Most fit by their width alone.
    return range.holds(encoding)
        ? (OfLong) Sample::getLong
        : (OfLong)
            (sample, at) -> {
              try {
                return range.check(sample.getLong(at));
              } catch (ArithmeticException e) {
                throw new IllegalArgumentException(e.getMessage(), e);
              }
            };
  }

  /** The integers that a type holds. */
  private record Range(DataType type, long min, long max) {
    long check(long value) {
      if (value < min || value > max) {
        throw outOfRange(Long.toString(value), type);
      }
      return value;
    }

    boolean holds(String encoding) {
      return switch (encoding) {
        case "int8" -> min <= Byte.MIN_VALUE && max >= Byte.MAX_VALUE;
        case "uint8" -> max >= 0xff;
        case "int16" -> min <= Short.MIN_VALUE && max >= Short.MAX_VALUE;
        case "uint16" -> max >= 0xffff;
        case "int32" -> min <= Integer.MIN_VALUE && max >= Integer.MAX_VALUE;
        case "uint32" -> max >= 0xffffffffL;
        case "int", "int64" -> max == Long.MAX_VALUE;
        default -> false;
      };
    }
  }

  private static IllegalArgumentException outOfRange(String value, DataType type) {
    return new IllegalArgumentException(value + " is out of the range of " + type.sql());
  }

  private static Range range(String encoding, DataType type) {
    if (type instanceof BooleanType) {
      return new Range(type, 0, 1);
    } else if (type instanceof ByteType) {
      return new Range(type, Byte.MIN_VALUE, Byte.MAX_VALUE);
    } else if (type instanceof ShortType) {
      return new Range(type, Short.MIN_VALUE, Short.MAX_VALUE);
    } else if (type instanceof IntegerType
        || type instanceof DateType
        || type instanceof YearMonthIntervalType) {
      return new Range(type, Integer.MIN_VALUE, Integer.MAX_VALUE);
    } else if (type instanceof LongType
        || type instanceof TimestampType
        || type instanceof TimestampNTZType
        || type instanceof DayTimeIntervalType) {
      return new Range(type, Long.MIN_VALUE, Long.MAX_VALUE);
    }
    throw impossible(encoding, type);
  }
}
