package io.javatorch.conversion.schema;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StructType;

/**
 * How the columns of a DataFrame become columns of an MDS shard.
 *
 * <table>
 * <caption>Encodings, the default first</caption>
 * <tr><th>Spark SQL type</th><th>MDS encodings</th></tr>
 * <tr><td>boolean</td><td>uint8 (0 or 1); any other integer or float type; str</td></tr>
 * <tr><td>tinyint, smallint, int, bigint</td><td>int8, int16, int32, int64; any other integer type,
 * signed or not; float16, float32, float64 where they hold the value exactly; str_int; str</td></tr>
 * <tr><td>float, double</td><td>float32, float64; float16; str_float; str</td></tr>
 * <tr><td>decimal</td><td>str_decimal; float16, float32, float64; str; without a scale also the
 * integer types and str_int</td></tr>
 * <tr><td>string, char, varchar</td><td>str; bytes; str_int, str_float, str_decimal where the text
 * is such a number; json where the text is JSON</td></tr>
 * <tr><td>binary</td><td>bytes; and, where the bytes are such a value: jpeg, png, pil, pkl,
 * list[jpeg], list[png], list[pil], jpeg_array, ndarray in every form</td></tr>
 * <tr><td>date</td><td>int32, days since 1970-01-01; int64, int; str</td></tr>
 * <tr><td>timestamp, timestamp_ntz</td><td>int64, microseconds since 1970-01-01T00:00; int; str</td>
 * </tr>
 * <tr><td>interval year to month</td><td>int32, months; int64, int; str</td></tr>
 * <tr><td>interval day to second</td><td>int64, microseconds; int; str</td></tr>
 * <tr><td>array of numbers or booleans, of any depth</td><td>ndarray:dtype with the type's own
 * dtype; ndarray, ndarray:dtype and ndarray:dtype:shape of any dtype</td></tr>
 * <tr><td>array of binary</td><td>json; list[jpeg], list[png], list[pil], jpeg_array</td></tr>
 * <tr><td>any other array, struct, map, void</td><td>json</td></tr>
 * </table>
 *
 * <p>Every type can be json besides. A user-defined type is written as the type Spark stores it in.
 * An encoding that cannot hold each value of the type is taken when it is chosen; a value out of
 * its range, or an integer that a float cannot hold exactly, is then an error that names the row.
 * Only floating-point numbers and decimals are rounded.
 *
 * <p>The Python library maps tinyint to uint8 and smallint to uint16, in which negative values
 * overflow; here both stay signed.
 *
 * @param columns the mapped columns, in the DataFrame's order
 * @param nullPolicy what becomes of nulls
 */
public record MdsSchema(List<MappedColumn> columns, NullPolicy nullPolicy) implements Serializable {
  private static final long serialVersionUID = 1L;

  /**
   * One column.
   *
   * @param name its name, in the DataFrame and in the shard
   * @param ordinal its position in a row of the DataFrame, from 0
   * @param type its Spark type, without user-defined types
   * @param nullable whether the DataFrame says that it may be null
   * @param encoding its MDS encoding, such as {@code int32}
   * @param document whether it is text that is written as the JSON it is, not as a JSON string;
   *     only for strings that json was chosen for. If it is nullable, the document null comes back
   *     as a null of Spark's
   */
  public record MappedColumn(
      String name, int ordinal, DataType type, boolean nullable, String encoding, boolean document)
      implements Serializable {
    private static final long serialVersionUID = 1L;

    /** Whether it can hold null. */
    public boolean holdsNull() {
      return encoding.equals(EncodingTable.JSON);
    }
  }

  public MdsSchema {
    columns = List.copyOf(columns);
    Objects.requireNonNull(nullPolicy, "nullPolicy");
  }

  /** Maps every column of {@code schema} to its default encoding; nulls are errors. */
  public static MdsSchema of(StructType schema) {
    return of(schema, NullPolicy.FAIL);
  }

  /**
   * Maps every column of {@code schema} to its default encoding.
   *
   * @throws IllegalArgumentException if a column cannot be mapped, as {@link #of(StructType, Map,
   *     NullPolicy)}
   */
  public static MdsSchema of(StructType schema, NullPolicy nullPolicy) {
    var all = new LinkedHashMap<String, String>();
    for (var field : schema.fields()) {
      all.put(field.name(), "");
    }
    return of(schema, all, nullPolicy);
  }

  /** Maps the named columns; nulls are errors. */
  public static MdsSchema of(StructType schema, Map<String, String> columns) {
    return of(schema, columns, NullPolicy.FAIL);
  }

  /**
   * Maps the named columns.
   *
   * @param columns column name to encoding; an empty encoding means the default for the column's
   *     type
   * @throws IllegalArgumentException if a column is missing or named twice in {@code schema},
   *     cannot be mapped, or cannot have the chosen encoding; the one message names every such
   *     column and what to do
   */
  public static MdsSchema of(
      StructType schema, Map<String, String> columns, NullPolicy nullPolicy) {
    return of(schema, columns, nullPolicy, Set.of());
  }

  /**
   * Maps the named columns, as {@link #of(StructType, Map, NullPolicy)}.
   *
   * @param jsonStrings the columns of text that are JSON strings where json is chosen for them, and
   *     no documents
   */
  public static MdsSchema of(
      StructType schema,
      Map<String, String> columns,
      NullPolicy nullPolicy,
      Set<String> jsonStrings) {
    var problems = new ArrayList<String>();
    var mapped = new ArrayList<MappedColumn>();
    var fields = schema.fields();
    if (columns.isEmpty()) {
      problems.add("there is no column; the DataFrame needs at least one");
    }
    for (var name : columns.keySet()) {
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
      var chosen = columns.get(field.name());
      if (chosen == null) {
        continue;
      }
      var type = EncodingTable.storageType(field.dataType());
      var problem =
          EncodingTable.obstacle(type)
              .or(
                  () ->
                      chosen.isEmpty()
                          ? Optional.<String>empty()
                          : EncodingTable.problem(type, chosen));
      if (problem.isPresent()) {
        problems.add("'%s' is of type %s: %s".formatted(field.name(), type.sql(), problem.get()));
      } else {
        boolean document =
            chosen.equals(EncodingTable.JSON)
                && EncodingTable.isText(type)
                && !jsonStrings.contains(field.name());
        mapped.add(
            chosen.isEmpty()
                ? byDefault(field.name(), ordinal, type, field.nullable(), nullPolicy)
                : new MappedColumn(
                    field.name(), ordinal, type, field.nullable(), chosen, document));
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
    return new MdsSchema(mapped, nullPolicy);
  }

  private static MappedColumn byDefault(
      String name, int ordinal, DataType type, boolean nullable, NullPolicy nullPolicy) {
    boolean lossless =
        nullPolicy == NullPolicy.JSON && (nullable || EncodingTable.mayHaveNull(type));
    var encoding = lossless ? EncodingTable.JSON : EncodingTable.byDefault(type);
    return new MappedColumn(name, ordinal, type, nullable, encoding, false);
  }

  /** Column names to encodings, in the DataFrame's order, as a shard writer wants them. */
  public LinkedHashMap<String, String> encodings() {
    var encodings = new LinkedHashMap<String, String>();
    columns.forEach(column -> encodings.put(column.name(), column.encoding()));
    return encodings;
  }
}
