package io.javatorch.conversion.schema;

import io.javatorch.streaming.format.NdArray.DType;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.BinaryType;
import org.apache.spark.sql.types.BooleanType;
import org.apache.spark.sql.types.ByteType;
import org.apache.spark.sql.types.CalendarIntervalType;
import org.apache.spark.sql.types.CharType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DateType;
import org.apache.spark.sql.types.DayTimeIntervalType;
import org.apache.spark.sql.types.DecimalType;
import org.apache.spark.sql.types.DoubleType;
import org.apache.spark.sql.types.FloatType;
import org.apache.spark.sql.types.IntegerType;
import org.apache.spark.sql.types.LongType;
import org.apache.spark.sql.types.MapType;
import org.apache.spark.sql.types.NullType;
import org.apache.spark.sql.types.ShortType;
import org.apache.spark.sql.types.StringType;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.types.TimestampNTZType;
import org.apache.spark.sql.types.TimestampType;
import org.apache.spark.sql.types.UserDefinedType;
import org.apache.spark.sql.types.VarcharType;
import org.apache.spark.sql.types.YearMonthIntervalType;

/** Which encodings each Spark type can have. */
final class EncodingTable {
  static final String JSON = "json";

  private static final List<String> INTEGERS =
      List.of("int8", "int16", "int32", "int64", "int", "uint8", "uint16", "uint32", "uint64");
  private static final List<String> FLOATS = List.of("float16", "float32", "float64");
  private static final List<String> IMAGE_LISTS =
      List.of("list[jpeg]", "list[png]", "list[pil]", "jpeg_array", "jpegarray");

  private EncodingTable() {}

  /**
   * The type in which Spark holds the values: another one for a user-defined type, at any depth.
   */
  static DataType storageType(DataType type) {
    if (type instanceof UserDefinedType<?> defined) {
      return storageType(defined.sqlType());
    } else if (type instanceof ArrayType array) {
      return new ArrayType(storageType(array.elementType()), array.containsNull());
    } else if (type instanceof MapType map) {
      return new MapType(
          storageType(map.keyType()), storageType(map.valueType()), map.valueContainsNull());
    } else if (type instanceof StructType struct) {
      var plain = new StructType();
      for (var field : struct.fields()) {
        plain = plain.add(field.name(), storageType(field.dataType()), field.nullable());
      }
      return plain;
    }
    return type;
  }

  /** What keeps a type from being written at all, with what to do; empty if nothing does. */
  static Optional<String> obstacle(DataType type) {
    if (type instanceof ArrayType array) {
      return obstacle(array.elementType());
    } else if (type instanceof MapType map) {
      return obstacle(map.keyType()).or(() -> obstacle(map.valueType()));
    } else if (type instanceof StructType struct) {
      var names = new HashSet<String>();
      for (var field : struct.fields()) {
        if (!names.add(field.name())) {
          return Optional.of(
              "the struct has two fields '" + field.name() + "'; give them different names");
        }
        var problem = obstacle(field.dataType());
        if (problem.isPresent()) {
          return problem;
        }
      }
      return Optional.empty();
    } else if (isText(type)
        || isInteger(type)
        || isFloating(type)
        || type instanceof BooleanType
        || type instanceof BinaryType
        || type instanceof DecimalType
        || type instanceof DateType
        || type instanceof TimestampType
        || type instanceof TimestampNTZType
        || type instanceof YearMonthIntervalType
        || type instanceof DayTimeIntervalType
        || type instanceof NullType) {
      return Optional.empty();
    } else if (type instanceof CalendarIntervalType) {
      return Optional.of(
          "an interval of months, days and microseconds at once has no form in MDS; split it with"
              + " extract, or cast it to string");
    }
    return Optional.of(
        "MDS has no form for " + type.typeName() + "; cast it to string, or leave the column out");
  }

  /** The encoding of a type that can be written, if none is chosen. */
  static String byDefault(DataType type) {
    if (isText(type)) {
      return "str";
    } else if (type instanceof BinaryType) {
      return "bytes";
    } else if (type instanceof BooleanType) {
      return "uint8";
    } else if (type instanceof ByteType) {
      return "int8";
    } else if (type instanceof ShortType) {
      return "int16";
    } else if (type instanceof IntegerType
        || type instanceof DateType
        || type instanceof YearMonthIntervalType) {
      return "int32";
    } else if (type instanceof LongType
        || type instanceof TimestampType
        || type instanceof TimestampNTZType
        || type instanceof DayTimeIntervalType) {
      return "int64";
    } else if (type instanceof FloatType) {
      return "float32";
    } else if (type instanceof DoubleType) {
      return "float64";
    } else if (type instanceof DecimalType) {
      return "str_decimal";
    } else if (type instanceof ArrayType) {
      return dtype(element(type)).map(dtype -> "ndarray:" + dtype.numpyName()).orElse(JSON);
    }
    return JSON;
  }

  /** The encodings a type can have, but those of ndarrays, the default first. */
  static List<String> named(DataType type) {
    var first = Stream.of(byDefault(type)).filter(name -> !NdArrayForm.isNdArray(name));
    return Stream.of(first, others(type), Stream.of(JSON))
        .flatMap(names -> names)
        .distinct()
        .toList();
  }

  private static Stream<String> others(DataType type) {
    if (isText(type)) {
      return Stream.of("bytes", "str_int", "str_float", "str_decimal");
    } else if (type instanceof BinaryType) {
      return Stream.concat(Stream.of("jpeg", "png", "pil", "pkl"), IMAGE_LISTS.stream());
    } else if (type instanceof BooleanType) {
      return Stream.of(INTEGERS.stream(), FLOATS.stream(), Stream.of("str")).flatMap(n -> n);
    } else if (isInteger(type)) {
      return Stream.of(INTEGERS.stream(), FLOATS.stream(), Stream.of("str_int", "str"))
          .flatMap(n -> n);
    } else if (isFloating(type)) {
      return Stream.concat(FLOATS.stream(), Stream.of("str_float", "str"));
    } else if (type instanceof DecimalType decimal) {
      return Stream.of(
              decimal.scale() == 0
                  ? Stream.concat(INTEGERS.stream(), Stream.of("str_int"))
                  : Stream.<String>empty(),
              FLOATS.stream(),
              Stream.of("str"))
          .flatMap(n -> n);
    } else if (type instanceof DateType || type instanceof YearMonthIntervalType) {
      return Stream.of("int64", "int", "str");
    } else if (type instanceof TimestampType
        || type instanceof TimestampNTZType
        || type instanceof DayTimeIntervalType) {
      return Stream.of("int", "str");
    } else if (type instanceof ArrayType array && array.elementType() instanceof BinaryType) {
      return IMAGE_LISTS.stream();
    }
    return Stream.empty();
  }

  /**
   * Says why a type that can be written cannot have an encoding; empty if it can.
   *
   * @param encoding a name, which may be unknown
   */
  static Optional<String> problem(DataType type, String encoding) {
    if (!NdArrayForm.isNdArray(encoding)) {
      return named(type).contains(encoding)
          ? Optional.empty()
          : Optional.of("it can be " + choices(type) + " but not " + encoding);
    }
    NdArrayForm form;
    try {
      form = NdArrayForm.parse(encoding);
    } catch (IllegalArgumentException e) {
      return Optional.of(e.getMessage());
    }
    if (type instanceof BinaryType) {
      return Optional.empty();
    }
    var element = element(type);
    var natural = dtype(element);
    if (!(type instanceof ArrayType) || natural.isEmpty()) {
      return Optional.of("it can be " + choices(type) + " but not " + encoding);
    }
    var dtype = form.dtype().orElse(natural.get());
    if (isFloating(element) && !isFloating(dtype)) {
      return Optional.of(
          "an array of floating-point numbers cannot be %s; choose ndarray:float16, :float32 or :float64"
              .formatted(encoding));
    }
    int depth = depth(type);
    if (!form.shape().isEmpty() && depth > 1 && depth != form.shape().size()) {
      return Optional.of(
          "its arrays have %d dimensions and %s has %d"
              .formatted(depth, encoding, form.shape().size()));
    }
    return Optional.empty();
  }

  private static String choices(DataType type) {
    var names = String.join(", ", named(type));
    if (type instanceof BinaryType) {
      return names + " or ndarray:dtype:shape";
    }
    return type instanceof ArrayType && dtype(element(type)).isPresent()
        ? byDefault(type) + " (or another dtype, or with a shape), " + names
        : names;
  }

  /** What an array of arrays of … has in the end. */
  static DataType element(DataType type) {
    return type instanceof ArrayType array ? element(array.elementType()) : type;
  }

  /** How many arrays lie in each other. */
  static int depth(DataType type) {
    return type instanceof ArrayType array ? 1 + depth(array.elementType()) : 0;
  }

  /** The dtype that holds a number as it is. */
  static Optional<DType> dtype(DataType type) {
    if (type instanceof BooleanType) {
      return Optional.of(DType.UINT8);
    } else if (type instanceof ByteType) {
      return Optional.of(DType.INT8);
    } else if (type instanceof ShortType) {
      return Optional.of(DType.INT16);
    } else if (type instanceof IntegerType) {
      return Optional.of(DType.INT32);
    } else if (type instanceof LongType) {
      return Optional.of(DType.INT64);
    } else if (type instanceof FloatType) {
      return Optional.of(DType.FLOAT32);
    } else if (type instanceof DoubleType) {
      return Optional.of(DType.FLOAT64);
    }
    return Optional.empty();
  }

  static boolean isText(DataType type) {
    // Char and varchar are strings of their own in Spark 3.
    return type instanceof StringType || type instanceof CharType || type instanceof VarcharType;
  }

  static boolean isInteger(DataType type) {
    return type instanceof ByteType
        || type instanceof ShortType
        || type instanceof IntegerType
        || type instanceof LongType;
  }

  static boolean isFloating(DataType type) {
    return type instanceof FloatType || type instanceof DoubleType;
  }

  private static boolean isFloating(DType dtype) {
    return dtype == DType.FLOAT16 || dtype == DType.FLOAT32 || dtype == DType.FLOAT64;
  }

  /** Whether there may be a null that a column of this type and no json cannot hold. */
  static boolean mayHaveNull(DataType type) {
    return type instanceof ArrayType array
        && (array.containsNull() || mayHaveNull(array.elementType()));
  }
}
