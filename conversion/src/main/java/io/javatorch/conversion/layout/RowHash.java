package io.javatorch.conversion.layout;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DoubleType;
import org.apache.spark.sql.types.FloatType;
import org.apache.spark.sql.types.MapType;
import org.apache.spark.sql.types.StringType;
import org.apache.spark.sql.types.StructType;

/**
 * SQL expressions that hash whole rows. Spark's own {@code xxhash64} refuses maps, and it gives the
 * same hash to rows that differ in where a null is, in how nested arrays are grouped, in the sign
 * of zero, or in what a collation takes for equal.
 */
final class RowHash {
  private RowHash() {}

  /** A 64-bit hash of all columns, fast, that differs for most rows that differ. */
  static String quick(StructType schema, long seed) {
    var arguments = new ArrayList<String>();
    arguments.add(literal(seed));
    for (var field : schema.fields()) {
      arguments.add(hashable(field.dataType(), quote(field.name()), 0));
    }
    return "xxhash64(" + String.join(", ", arguments) + ")";
  }

  /**
   * A 64-bit hash of all columns that tells apart whatever differs, up to chance. Slow for arrays
   * and maps: meant to be looked at only where {@link #quick} is the same.
   */
  static String exact(StructType schema, long seed) {
    var arguments = new ArrayList<String>();
    arguments.add(literal(seed));
    for (var field : schema.fields()) {
      arguments.add(exact(field.dataType(), quote(field.name()), 0));
    }
    return "xxhash64(" + String.join(", ", arguments) + ")";
  }

  static String quote(String name) {
    return "`" + name.replace("`", "``") + "`";
  }

  /** The smallest long has no literal of its own in every version of Spark. */
  private static String literal(long seed) {
    return "cast('" + seed + "' as bigint)";
  }

  private static boolean hasNone(DataType type) {
    if (type instanceof MapType || isVariant(type)) {
      return false;
    }
    if (type instanceof ArrayType array) {
      return hasNone(array.elementType());
    }
    if (type instanceof StructType struct) {
      return Arrays.stream(struct.fields()).allMatch(field -> hasNone(field.dataType()));
    }
    return true;
  }

  /** By name, since Spark 3 does not have the class. */
  private static boolean isVariant(DataType type) {
    return type.typeName().equals("variant");
  }

  /** The value in a form that xxhash64 takes. */
  private static String hashable(DataType type, String value, int depth) {
    if (hasNone(type)) {
      return value;
    }
    var element = "x" + depth;
    if (type instanceof MapType map) {
      if (hasNone(map.keyType()) && hasNone(map.valueType())) {
        return "map_entries(" + value + ")";
      }
      return "transform(map_entries(%s), %s -> struct(%s, %s))"
          .formatted(
              value,
              element,
              hashable(map.keyType(), element + ".key", depth + 1),
              hashable(map.valueType(), element + ".value", depth + 1));
    }
    if (type instanceof ArrayType array) {
      return "transform(%s, %s -> %s)"
          .formatted(value, element, hashable(array.elementType(), element, depth + 1));
    }
    if (type instanceof StructType struct) {
      var fields = new ArrayList<String>();
      for (var field : struct.fields()) {
        fields.add(hashable(field.dataType(), value + "." + quote(field.name()), depth + 1));
      }
      return "struct(" + String.join(", ", fields) + ")";
    }
    return "to_json(" + value + ")";
  }

  private static String exact(DataType type, String value, int depth) {
    var arguments = new ArrayList<String>();
    arguments.add("isnull(" + value + ")");
    if (type instanceof ArrayType array) {
      arguments.addAll(elements(array.elementType(), value, depth));
    } else if (type instanceof MapType map) {
      var entry = new StructType().add("key", map.keyType()).add("value", map.valueType());
      arguments.addAll(elements(entry, "map_entries(" + value + ")", depth));
    } else if (type instanceof StructType struct) {
      for (var field : struct.fields()) {
        arguments.add(exact(field.dataType(), value + "." + quote(field.name()), depth));
      }
    } else if (type instanceof StringType) {
      arguments.add("cast(" + value + " as binary)");
    } else if (type instanceof FloatType || type instanceof DoubleType) {
      arguments.add(value);
      arguments.add("cast(" + value + " as string)");
    } else {
      arguments.add(hashable(type, value, depth));
    }
    return "xxhash64(" + String.join(", ", arguments) + ")";
  }

  private static List<String> elements(DataType type, String array, int depth) {
    var element = "x" + depth;
    return List.of(
        "size(" + array + ")",
        "transform(%s, %s -> %s)".formatted(array, element, exact(type, element, depth + 1)));
  }
}
