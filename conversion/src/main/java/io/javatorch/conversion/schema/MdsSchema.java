package io.javatorch.conversion.schema;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
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
import org.apache.spark.sql.types.LongType;
import org.apache.spark.sql.types.MapType;
import org.apache.spark.sql.types.ShortType;
import org.apache.spark.sql.types.StringType;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.types.TimestampType;

/**
 * How the columns of a DataFrame become columns of an MDS shard.
 *
 * <table>
 * <caption>Encodings, the default first</caption>
 * <tr><th>Spark SQL type</th><th>MDS encodings</th></tr>
 * <tr><td>string</td><td>str</td></tr>
 * <tr><td>binary</td><td>bytes</td></tr>
 * <tr><td>tinyint</td><td>int8, int16, int32, int64, int</td></tr>
 * <tr><td>smallint</td><td>int16, int32, int64, int</td></tr>
 * <tr><td>int</td><td>int32, int64, int</td></tr>
 * <tr><td>bigint</td><td>int64, int</td></tr>
 * <tr><td>float</td><td>float32, float64</td></tr>
 * <tr><td>double</td><td>float64</td></tr>
 * </table>
 *
 * <p>The Python library maps tinyint to uint8 and smallint to uint16, in which negative values
 * overflow; here both stay signed. An encoding may be wider than the type, never narrower, so that
 * no value is refused or rounded in the middle of a job.
 *
 * @param columns the mapped columns, in the DataFrame's order
 */
public record MdsSchema(List<MappedColumn> columns) implements Serializable {
  private static final long serialVersionUID = 1L;

  /**
   * One column.
   *
   * @param name its name, in the DataFrame and in the shard
   * @param ordinal its position in a row of the DataFrame, from 0
   * @param encoding its MDS encoding, such as {@code int32}
   */
  public record MappedColumn(String name, int ordinal, String encoding) implements Serializable {
    private static final long serialVersionUID = 1L;
  }

  public MdsSchema {
    columns = List.copyOf(columns);
  }

  /** Maps every column of {@code schema} to its default encoding. */
  public static MdsSchema of(StructType schema) {
    var all = new LinkedHashMap<String, String>();
    for (var field : schema.fields()) {
      all.put(field.name(), "");
    }
    return of(schema, all);
  }

  /**
   * Maps the named columns.
   *
   * @param chosen column name to encoding; an empty encoding means the default for the column's
   *     type
   * @throws IllegalArgumentException if a column is missing or named twice in {@code schema},
   *     cannot be mapped, or cannot have the chosen encoding; the one message names every such
   *     column and what to do
   */
  public static MdsSchema of(StructType schema, Map<String, String> chosen) {
    var problems = new ArrayList<String>();
    var columns = new ArrayList<MappedColumn>();
    var fields = schema.fields();
    if (chosen.isEmpty()) {
      problems.add("there is no column; the DataFrame needs at least one");
    }
    for (var name : chosen.keySet()) {
      long count = List.of(schema.fieldNames()).stream().filter(name::equals).count();
      if (count == 0) {
        problems.add(
            "'%s' is not in the DataFrame, whose columns are %s"
                .formatted(name, String.join(", ", schema.fieldNames())));
      } else if (count > 1) {
        problems.add("'%s' occurs %d times; rename all but one".formatted(name, count));
      }
    }
    for (int ordinal = 0; ordinal < fields.length; ordinal++) {
      var field = fields[ordinal];
      var encoding = chosen.get(field.name());
      if (encoding == null) {
        continue;
      }
      var possible = encodings(field.dataType());
      if (possible.isEmpty()) {
        problems.add(
            "'%s' is of type %s: %s"
                .formatted(field.name(), field.dataType().sql(), remedy(field.dataType())));
      } else if (encoding.isEmpty()) {
        columns.add(new MappedColumn(field.name(), ordinal, possible.get(0)));
      } else if (possible.contains(encoding)) {
        columns.add(new MappedColumn(field.name(), ordinal, encoding));
      } else {
        problems.add(
            "'%s' is of type %s, which can be %s but not %s; cast the column or choose another"
                .formatted(
                    field.name(), field.dataType().sql(), String.join(", ", possible), encoding));
      }
    }
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(
          problems.stream()
              .distinct()
              .collect(
                  Collectors.joining(
                      "\n  - ", "The DataFrame cannot be written as MDS. Columns:\n  - ", "")));
    }
    return new MdsSchema(columns);
  }

  /** Column names to encodings, in the DataFrame's order, as a shard writer wants them. */
  public LinkedHashMap<String, String> encodings() {
    var encodings = new LinkedHashMap<String, String>();
    columns.forEach(column -> encodings.put(column.name(), column.encoding()));
    return encodings;
  }

  /** The encodings a type can have, the default first; none if it cannot be written. */
  private static List<String> encodings(DataType type) {
    if (type instanceof StringType) {
      return List.of("str");
    } else if (type instanceof BinaryType) {
      return List.of("bytes");
    } else if (type instanceof ByteType) {
      return List.of("int8", "int16", "int32", "int64", "int");
    } else if (type instanceof ShortType) {
      return List.of("int16", "int32", "int64", "int");
    } else if (type instanceof IntegerType) {
      return List.of("int32", "int64", "int");
    } else if (type instanceof LongType) {
      return List.of("int64", "int");
    } else if (type instanceof FloatType) {
      return List.of("float32", "float64");
    } else if (type instanceof DoubleType) {
      return List.of("float64");
    }
    return List.of();
  }

  private static String remedy(DataType type) {
    if (type instanceof BooleanType) {
      return "cast it to int";
    } else if (type instanceof DecimalType) {
      return "cast it to double, or to string to keep every digit";
    } else if (type instanceof TimestampType || type instanceof DateType) {
      return "cast it to string, or to a number with unix_micros or unix_date";
    } else if (type instanceof ArrayType) {
      return "store it as binary, or as a string with to_json";
    } else if (type instanceof StructType) {
      return "select its fields as columns of their own, or make it a string with to_json";
    } else if (type instanceof MapType) {
      return "make it a string with to_json";
    }
    return "cast it to string, binary, int, bigint, float or double, or drop it";
  }
}
