package io.javatorch.conversion.value;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Random;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.catalyst.expressions.SpecializedGetters;
import org.apache.spark.sql.catalyst.util.ArrayBasedMapData;
import org.apache.spark.sql.catalyst.util.GenericArrayData;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.BinaryType;
import org.apache.spark.sql.types.BooleanType;
import org.apache.spark.sql.types.ByteType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.DateType;
import org.apache.spark.sql.types.Decimal;
import org.apache.spark.sql.types.DecimalType;
import org.apache.spark.sql.types.DoubleType;
import org.apache.spark.sql.types.FloatType;
import org.apache.spark.sql.types.IntegerType;
import org.apache.spark.sql.types.MapType;
import org.apache.spark.sql.types.NumericType;
import org.apache.spark.sql.types.ShortType;
import org.apache.spark.sql.types.StringType;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.types.YearMonthIntervalType;
import org.apache.spark.unsafe.types.UTF8String;

/** Random schemas and rows of them in Spark's own form, from a seed; and rows as plain values. */
final class RandomRows {
  private static final List<DataType> SIMPLE =
      List.of(
          DataTypes.BooleanType,
          DataTypes.ByteType,
          DataTypes.ShortType,
          DataTypes.IntegerType,
          DataTypes.LongType,
          DataTypes.FloatType,
          DataTypes.DoubleType,
          DataTypes.StringType,
          DataTypes.BinaryType,
          DataTypes.DateType,
          DataTypes.TimestampType,
          DataTypes.TimestampNTZType,
          DataTypes.createYearMonthIntervalType(),
          DataTypes.createDayTimeIntervalType(),
          DataTypes.createDecimalType(5, 2),
          DataTypes.createDecimalType(18, 0),
          DataTypes.createDecimalType(38, 20));

  private final Random random;

  RandomRows(long seed) {
    random = new Random(seed);
  }

  StructType schema() {
    return struct(1 + random.nextInt(6), 2);
  }

  private StructType struct(int fields, int depth) {
    var type = new StructType();
    for (int i = 0; i < fields; i++) {
      type = type.add(name(i), type(depth), random.nextInt(3) > 0);
    }
    return type;
  }

  /** Names whose order differs in UTF-16, and that need escapes. */
  private String name(int i) {
    return switch (random.nextInt(4)) {
      case 0 -> "z" + i;
      case 1 -> "\uFFEE" + i;
      case 2 -> "\uD83D\uDE00" + i;
      default -> "a \"b\"\n" + i;
    };
  }

  private DataType type(int depth) {
    if (depth == 0 || random.nextInt(2) == 0) {
      return SIMPLE.get(random.nextInt(SIMPLE.size()));
    }
    return switch (random.nextInt(3)) {
      case 0 -> DataTypes.createArrayType(type(depth - 1), random.nextBoolean());
      case 1 -> struct(1 + random.nextInt(3), depth - 1);
      default -> DataTypes.createMapType(key(depth - 1), type(depth - 1), random.nextBoolean());
    };
  }

  /** Spark has no maps in keys. */
  private DataType key(int depth) {
    var type = type(depth);
    return holdsMap(type) ? DataTypes.StringType : type;
  }

  private static boolean holdsMap(DataType type) {
    return type instanceof MapType
        || (type instanceof ArrayType array && holdsMap(array.elementType()))
        || (type instanceof StructType struct
            && Arrays.stream(struct.fields()).anyMatch(field -> holdsMap(field.dataType())));
  }

  InternalRow row(StructType type) {
    var values = new Object[type.length()];
    for (int i = 0; i < values.length; i++) {
      var field = type.fields()[i];
      values[i] = field.nullable() && random.nextInt(4) == 0 ? null : value(field.dataType());
    }
    return new GenericInternalRow(values);
  }

  private GenericArrayData array(DataType element, boolean containsNull, int size) {
    var values = new Object[size];
    for (int i = 0; i < size; i++) {
      values[i] = containsNull && random.nextInt(4) == 0 ? null : value(element);
    }
    return new GenericArrayData(values);
  }

  private Object value(DataType type) {
    if (type instanceof StructType struct) {
      return row(struct);
    } else if (type instanceof ArrayType array) {
      // An ndarray is a full box and not empty.
      boolean box = !array.containsNull() && isNumber(innermost(array));
      return array(array.elementType(), array.containsNull(), box ? 2 : random.nextInt(4));
    } else if (type instanceof MapType map) {
      return map(map);
    } else if (type instanceof BooleanType) {
      return random.nextBoolean();
    } else if (type instanceof ByteType) {
      return (byte) random.nextInt();
    } else if (type instanceof ShortType) {
      return (short) random.nextInt();
    } else if (type instanceof IntegerType || type instanceof YearMonthIntervalType) {
      return oneOf(0, -1, Integer.MAX_VALUE, Integer.MIN_VALUE, random.nextInt());
    } else if (type instanceof DateType) {
      return oneOf(0, -1, 19_000, -719_529, 3_000_000, random.nextInt());
    } else if (type instanceof FloatType) {
      return oneOf(
          0f,
          -0f,
          Float.NaN,
          Float.NEGATIVE_INFINITY,
          Float.MIN_VALUE,
          0.1f,
          Float.intBitsToFloat(random.nextInt()));
    } else if (type instanceof DoubleType) {
      return oneOf(
          0d,
          -0d,
          Double.NaN,
          Double.POSITIVE_INFINITY,
          Double.MIN_VALUE,
          1e22,
          Double.longBitsToDouble(random.nextLong()));
    } else if (type instanceof DecimalType decimal) {
      var unscaled = new BigInteger(random.nextInt(120), random);
      unscaled = unscaled.mod(BigInteger.TEN.pow(decimal.precision()));
      var value =
          new BigDecimal(random.nextBoolean() ? unscaled : unscaled.negate(), decimal.scale());
      return Decimal.apply(value, decimal.precision(), decimal.scale());
    } else if (type instanceof StringType) {
      return UTF8String.fromString(text());
    } else if (type instanceof BinaryType) {
      var bytes = new byte[random.nextInt(20)];
      random.nextBytes(bytes);
      return bytes;
    }
    // Timestamps and intervals of microseconds.
    return oneOf(
        0L, -1L, 1_700_000_000_123_456L, Long.MAX_VALUE, Long.MIN_VALUE, random.nextLong());
  }

  private Object map(MapType type) {
    // By the plain form, since Spark's maps have no key twice.
    var entries = new LinkedHashMap<Object, Object>();
    for (int i = random.nextInt(4); i > 0; i--) {
      var key = value(type.keyType());
      entries.put(plain(new GenericInternalRow(new Object[] {key}), 0, type.keyType()), key);
    }
    var keys = entries.values().toArray();
    return new ArrayBasedMapData(
        new GenericArrayData(keys), array(type.valueType(), type.valueContainsNull(), keys.length));
  }

  private static DataType innermost(DataType type) {
    return type instanceof ArrayType array ? innermost(array.elementType()) : type;
  }

  private static boolean isNumber(DataType type) {
    return type instanceof BooleanType
        || (type instanceof NumericType && !(type instanceof DecimalType));
  }

  @SafeVarargs
  private <T> T oneOf(T... values) {
    return values[random.nextInt(values.length)];
  }

  private String text() {
    return oneOf(
        "",
        "plain",
        "null",
        "\"quoted\" \\ and\nbroken\u0000\t\u007f",
        "h\u00e9llo w\u00f6rld \u2603",
        "\uD83D\uDE00 smile \uFFFD",
        "x".repeat(random.nextInt(300)));
  }

  /** A value that is equal to another where the two mean the same. */
  static Object plain(SpecializedGetters values, int at, DataType type) {
    if (values.isNullAt(at)) {
      return "null of " + type;
    } else if (type instanceof StructType struct) {
      var row = values.getStruct(at, struct.length());
      var list = new ArrayList<Object>();
      for (int i = 0; i < struct.length(); i++) {
        list.add(plain(row, i, struct.fields()[i].dataType()));
      }
      return list;
    } else if (type instanceof ArrayType array) {
      var data = values.getArray(at);
      var list = new ArrayList<Object>();
      for (int i = 0; i < data.numElements(); i++) {
        list.add(plain(data, i, array.elementType()));
      }
      return list;
    } else if (type instanceof MapType map) {
      var data = values.getMap(at);
      var entries = new LinkedHashMap<Object, Object>();
      for (int i = 0; i < data.numElements(); i++) {
        entries.put(
            plain(data.keyArray(), i, map.keyType()), plain(data.valueArray(), i, map.valueType()));
      }
      return entries;
    } else if (type instanceof BinaryType) {
      return "bytes " + Arrays.toString(values.getBinary(at));
    } else if (type instanceof DecimalType decimal) {
      return values.getDecimal(at, decimal.precision(), decimal.scale()).toJavaBigDecimal();
    } else if (type instanceof FloatType) {
      return values.getFloat(at);
    } else if (type instanceof DoubleType) {
      return values.getDouble(at);
    } else if (type instanceof StringType) {
      return values.getUTF8String(at).toString();
    } else if (type instanceof BooleanType) {
      return values.getBoolean(at);
    } else if (type instanceof ByteType) {
      return values.getByte(at);
    } else if (type instanceof ShortType) {
      return values.getShort(at);
    } else if (type instanceof IntegerType
        || type instanceof DateType
        || type instanceof YearMonthIntervalType) {
      return values.getInt(at);
    }
    return values.getLong(at);
  }

  static List<Object> plain(InternalRow row, StructType type) {
    var list = new ArrayList<Object>();
    for (int i = 0; i < type.length(); i++) {
      list.add(plain(row, i, type.fields()[i].dataType()));
    }
    return list;
  }
}
