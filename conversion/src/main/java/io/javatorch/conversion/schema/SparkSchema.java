package io.javatorch.conversion.schema;

import io.javatorch.conversion.schema.SchemaSidecar.TypedColumn;
import io.javatorch.streaming.format.Column;
import io.javatorch.streaming.format.NdArray.DType;
import io.javatorch.streaming.format.ShardIndex;
import io.javatorch.streaming.format.ShardInfo;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * How the columns of an MDS data set become columns of a DataFrame. Where the data set was written
 * by Spark, {@link SchemaSidecar} says the types; other columns get theirs from the encoding:
 *
 * <table>
 * <caption>Spark types of encodings</caption>
 * <tr><th>encoding</th><th>Spark type</th></tr>
 * <tr><td>int8, int16, int32, int64, int</td><td>tinyint, smallint, int, bigint, bigint</td></tr>
 * <tr><td>uint8, uint16, uint32, uint64</td><td>smallint, int, bigint, decimal(20,0)</td></tr>
 * <tr><td>float16, float32, float64</td><td>float, float, double</td></tr>
 * <tr><td>str, str_int, str_decimal</td><td>string</td></tr>
 * <tr><td>str_float</td><td>double</td></tr>
 * <tr><td>json</td><td>string with the JSON text</td></tr>
 * <tr><td>bytes, jpeg, png, pil, pkl</td><td>binary: the encoded value, a pickle is not opened</td>
 * </tr>
 * <tr><td>list[jpeg], list[png], list[pil], jpeg_array</td><td>array of binary</td></tr>
 * <tr><td>ndarray:dtype:shape</td><td>array of arrays …, as deep as the shape</td></tr>
 * <tr><td>ndarray:dtype</td><td>struct&lt;shape: array&lt;int&gt;, values: array of the
 * dtype's type&gt;, values in C order</td></tr>
 * <tr><td>ndarray</td><td>struct&lt;dtype: string, shape: array&lt;int&gt;, data: binary&gt;,
 * values in C order, little-endian</td></tr>
 * </table>
 *
 * <p>The type of a dtype is that of the encoding of the same name.
 *
 * @param columns the columns of the DataFrame, in order
 */
public record SparkSchema(List<ReadColumn> columns) implements Serializable {
  private static final long serialVersionUID = 1L;

  /**
   * One column.
   *
   * @param name its name, in the data set and in the DataFrame
   * @param type its Spark type
   * @param nullable whether it may be null
   * @param encoding its encoding
   * @param document whether it is text that is JSON, of the encoding json, rather than a JSON
   *     string
   */
  public record ReadColumn(
      String name, DataType type, boolean nullable, String encoding, boolean document)
      implements Serializable {
    private static final long serialVersionUID = 1L;
  }

  public SparkSchema {
    columns = List.copyOf(columns);
  }

  /**
   * The columns of a data set.
   *
   * @param location where it lies, for messages
   * @throws IllegalArgumentException if it has no shard, or its shards have different columns, so
   *     that they are no one table
   */
  public static SparkSchema of(ShardIndex index, Optional<SchemaSidecar> sidecar, String location) {
    if (index.shards().isEmpty()) {
      return ofEmpty(sidecar, location);
    }
    var first = index.shards().get(0);
    for (var shard : index.shards()) {
      if (!shard.columns().equals(first.columns())) {
        throw new IllegalArgumentException(
            "the shards of %s have different columns: %s has %s and %s has %s; write them again with the same"
                .formatted(
                    location,
                    first.data().raw().basename(),
                    names(first),
                    shard.data().raw().basename(),
                    names(shard)));
      }
    }
    return of(first.columns(), sidecar);
  }

  private static String names(ShardInfo shard) {
    return shard.columns().stream()
        .map(column -> column.name() + " (" + column.encoding() + ")")
        .collect(Collectors.joining(", "));
  }

  private static SparkSchema ofEmpty(Optional<SchemaSidecar> sidecar, String location) {
    var columns =
        sidecar
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "the index of "
                            + location
                            + " has no shards, and so nothing says which columns there are"))
            .columns();
    return new SparkSchema(columns.stream().map(SparkSchema::remembered).toList());
  }

  /**
   * The columns of shards; those that the sidecar knows in its order, then the others in theirs.
   */
  static SparkSchema of(List<Column> stored, Optional<SchemaSidecar> sidecar) {
    var left = new LinkedHashMap<String, String>();
    stored.forEach(column -> left.put(column.name(), column.encoding()));
    var columns = new ArrayList<ReadColumn>();
    for (var typed : sidecar.map(SchemaSidecar::columns).orElse(List.of())) {
      var encoding = left.remove(typed.name());
      if (encoding != null) {
        columns.add(
            encoding.equals(typed.encoding()) ? remembered(typed) : plain(typed.name(), encoding));
      }
    }
    left.forEach((name, encoding) -> columns.add(plain(name, encoding)));
    return new SparkSchema(columns);
  }

  private static ReadColumn remembered(TypedColumn typed) {
    return new ReadColumn(
        typed.name(), typed.type(), typed.nullable(), typed.encoding(), typed.document());
  }

  private static ReadColumn plain(String name, String encoding) {
    boolean document = encoding.equals(EncodingTable.JSON);
    try {
      return new ReadColumn(name, type(encoding), false, encoding, document);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "column '" + name + "' has the encoding '" + encoding + "', which is not known", e);
    }
  }

  /** The type of an encoding, of which nothing more is known. */
  static DataType type(String encoding) {
    if (NdArrayForm.isNdArray(encoding)) {
      return arrayType(NdArrayForm.parse(encoding));
    }
    return switch (encoding) {
      case "str", "str_int", "str_decimal", "json" -> DataTypes.StringType;
      // So a text format calls it.
      case "str_float", "float" -> DataTypes.DoubleType;
      case "int" -> DataTypes.LongType;
      case "list[jpeg]", "list[png]", "list[pil]", "jpeg_array", "jpegarray" ->
          DataTypes.createArrayType(DataTypes.BinaryType, false);
      case "bytes", "jpeg", "png", "pil", "pkl" -> DataTypes.BinaryType;
      default -> numberType(DType.of(encoding));
    };
  }

  private static DataType numberType(DType dtype) {
    return switch (dtype) {
      case INT8 -> DataTypes.ByteType;
      case INT16, UINT8 -> DataTypes.ShortType;
      case INT32, UINT16 -> DataTypes.IntegerType;
      case INT64, UINT32 -> DataTypes.LongType;
      case UINT64 -> DataTypes.createDecimalType(20, 0);
      case FLOAT16, FLOAT32 -> DataTypes.FloatType;
      case FLOAT64 -> DataTypes.DoubleType;
    };
  }

  private static DataType arrayType(NdArrayForm form) {
    var shape = DataTypes.createArrayType(DataTypes.IntegerType, false);
    if (form.dtype().isEmpty()) {
      return new StructType()
          .add("dtype", DataTypes.StringType, false)
          .add("shape", shape, false)
          .add("data", DataTypes.BinaryType, false);
    }
    var number = numberType(form.dtype().get());
    if (form.shape().isEmpty()) {
      return new StructType()
          .add("shape", shape, false)
          .add("values", DataTypes.createArrayType(number, false), false);
    }
    for (int i = 0; i < form.shape().size(); i++) {
      number = DataTypes.createArrayType(number, false);
    }
    return number;
  }

  /**
   * The columns that a user's own schema asks for, with its types. Whether each type can be had
   * from its encoding is for the reader of the values to say.
   *
   * @throws IllegalArgumentException if the data set lacks a column, or one is named twice; the one
   *     message names all
   */
  public SparkSchema as(StructType wanted, String location) {
    var problems = new ArrayList<String>();
    var names = new HashSet<String>();
    var chosen = new ArrayList<ReadColumn>();
    for (var field : wanted.fields()) {
      var column = columns.stream().filter(known -> known.name().equals(field.name())).findFirst();
      if (!names.add(field.name())) {
        problems.add("'" + field.name() + "' occurs more than once");
      } else if (column.isEmpty()) {
        problems.add("'" + field.name() + "' is not in the data set");
      } else {
        var type = EncodingTable.storageType(field.dataType());
        boolean document =
            EncodingTable.isText(type)
                && (EncodingTable.isText(column.get().type())
                    ? column.get().document()
                    : column.get().encoding().equals(EncodingTable.JSON));
        chosen.add(
            new ReadColumn(
                field.name(), type, field.nullable(), column.get().encoding(), document));
      }
    }
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(
          problems.stream()
              .collect(
                  Collectors.joining(
                      "\n  - ",
                      "The given schema is not that of " + location + ":\n  - ",
                      "\nIts columns are "
                          + Arrays.toString(columns.stream().map(ReadColumn::name).toArray()))));
    }
    return new SparkSchema(chosen);
  }

  /** As Spark has it. */
  public StructType structType() {
    var type = new StructType();
    for (var column : columns) {
      type = type.add(column.name(), column.type(), column.nullable());
    }
    return type;
  }
}
