package io.javatorch.conversion.schema;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.javatorch.streaming.codec.HashAlgorithm;
import io.javatorch.streaming.format.ShardInfo;
import java.io.IOException;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.MapType;
import org.apache.spark.sql.types.StructType;

/**
 * The Spark types of a data set's columns, which the index cannot say: a boolean is a uint8 there
 * and a struct is json. They lie in a file beside the index, in the order of the DataFrame's
 * columns, so that reading gives back the DataFrame's types. Other readers of MDS do not see it.
 *
 * <p>The file's name holds a hash of the name of the data set's first shard. So an index finds its
 * own types alone: those of a data set that replaces it may lie beside them already, and those of
 * one that was replaced may lie there still.
 *
 * <pre>{@code
 * {"version": 1, "columns": [{"name": "flag", "encoding": "uint8", "nullable": true,
 *   "document": false, "type": "boolean"}, ...]}
 * }</pre>
 *
 * @param columns what is known of each column
 */
public record SchemaSidecar(List<TypedColumn> columns) implements Serializable {
  private static final long serialVersionUID = 1L;

  /** All names of such files, and the one that all of them had once. */
  private static final Pattern BASENAME = Pattern.compile("_spark-schema(\\.[0-9a-f]{16})?\\.json");

  /** A file of more bytes is refused: it describes columns, not data. */
  public static final int MAX_BYTES = 1 << 24;

  private static final int VERSION = 1;

  /** JSON of types is no deeper than this; a struct takes three levels of it. */
  private static final int MAX_DEPTH = 300;

  private static final ObjectMapper MAPPER =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  /**
   * One column.
   *
   * @param name its name
   * @param type its Spark type
   * @param nullable whether the DataFrame said that it may be null
   * @param encoding the encoding that it was written with; where the index has another by now, this
   *     says nothing
   * @param document whether it is text that was written as the JSON it is
   */
  public record TypedColumn(
      String name, DataType type, boolean nullable, String encoding, boolean document)
      implements Serializable {
    private static final long serialVersionUID = 1L;
  }

  public SchemaSidecar {
    columns = List.copyOf(columns);
  }

  /**
   * The name of the file that belongs to a data set.
   *
   * @param shards all of its shards, as the index of the whole has them
   */
  public static String basename(List<ShardInfo> shards) {
    var first = shards.isEmpty() ? "" : shards.get(0).data().stored().basename();
    var hash = new HashAlgorithm("xxh3_64").start();
    hash.update(ByteBuffer.wrap(first.getBytes(StandardCharsets.UTF_8)));
    return "_spark-schema." + hash.hexDigest() + ".json";
  }

  /** Whether a file of such a name holds types of this data set or of another one. */
  public static boolean isBasename(String name) {
    return BASENAME.matcher(name).matches();
  }

  /**
   * What is to be remembered of a schema.
   *
   * @throws IllegalArgumentException if a type is too deep to be remembered
   */
  public static SchemaSidecar of(MdsSchema schema) {
    for (var column : schema.columns()) {
      try {
        checkPlain(column.name(), MAPPER.readTree(column.type().json()), 0);
      } catch (JsonProcessingException e) {
        throw new IllegalStateException("Spark's own JSON of a type cannot be read", e);
      }
    }
    return new SchemaSidecar(
        schema.columns().stream()
            .map(
                column ->
                    new TypedColumn(
                        column.name(),
                        column.type(),
                        column.nullable(),
                        column.encoding(),
                        column.document()))
            .toList());
  }

  /**
   * What is known once rows of another DataFrame are added: what is known now, with nulls wherever
   * either of the two may have them.
   *
   * @param added the columns of the other DataFrame, which have the same encodings
   * @throws IllegalArgumentException if a column has another type there, so that its values would
   *     not come back as what they are; the one message names all
   */
  public SchemaSidecar withRowsOf(SchemaSidecar added) {
    var problems = new ArrayList<String>();
    var all = new ArrayList<TypedColumn>();
    for (var known : columns) {
      var other =
          added.columns().stream()
              .filter(
                  column ->
                      column.name().equals(known.name())
                          && column.encoding().equals(known.encoding()))
              .findFirst();
      if (other.isEmpty()) {
        all.add(known);
        continue;
      }
      var type = common(known.type(), other.get().type());
      if (type.isEmpty()) {
        problems.add(
            "'%s' is %s there, and %s in the DataFrame; cast it"
                .formatted(known.name(), known.type().sql(), other.get().type().sql()));
      } else if (known.document() != other.get().document()) {
        problems.add(
            known.document()
                ? ("'%s' has JSON documents there, and JSON strings in the DataFrame; choose the"
                        + " encoding json for it")
                    .formatted(known.name())
                : ("'%s' has JSON strings there, which the null policy json makes of nullable text,"
                        + " and JSON documents in the DataFrame, for which the encoding json is"
                        + " chosen; use the null policy instead")
                    .formatted(known.name()));
      } else {
        all.add(
            new TypedColumn(
                known.name(),
                type.get(),
                known.nullable() || other.get().nullable(),
                known.encoding(),
                known.document()));
      }
    }
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(
          problems.stream()
              .collect(Collectors.joining("\n  - ", "columns have other types there:\n  - ", "")));
    }
    return new SchemaSidecar(all);
  }

  /** The type of values of either type, if they differ in nulls alone. */
  private static Optional<DataType> common(DataType one, DataType other) {
    if (one instanceof ArrayType array && other instanceof ArrayType that) {
      return common(array.elementType(), that.elementType())
          .map(element -> new ArrayType(element, array.containsNull() || that.containsNull()));
    } else if (one instanceof MapType map && other instanceof MapType that) {
      var value = common(map.valueType(), that.valueType());
      return common(map.keyType(), that.keyType())
          .filter(key -> value.isPresent())
          .map(
              key ->
                  new MapType(
                      key, value.get(), map.valueContainsNull() || that.valueContainsNull()));
    } else if (one instanceof StructType struct && other instanceof StructType that) {
      if (!Arrays.equals(struct.fieldNames(), that.fieldNames())) {
        return Optional.empty();
      }
      var all = new StructType();
      for (int i = 0; i < struct.fields().length; i++) {
        var field = struct.fields()[i];
        var type = common(field.dataType(), that.fields()[i].dataType());
        if (type.isEmpty()) {
          return Optional.empty();
        }
        all = all.add(field.name(), type.get(), field.nullable() || that.fields()[i].nullable());
      }
      return Optional.of(all);
    }
    // As the file has them, which lacks what a type is in Spark besides, such as a collation.
    return one.json().equals(other.json()) ? Optional.of(one) : Optional.empty();
  }

  /** The file's content. */
  public byte[] toJson() {
    try {
      var root = MAPPER.createObjectNode();
      root.put("version", VERSION);
      var list = root.putArray("columns");
      for (var column : columns) {
        var node = list.addObject();
        node.put("name", column.name());
        node.put("encoding", column.encoding());
        node.put("nullable", column.nullable());
        node.put("document", column.document());
        node.set("type", MAPPER.readTree(column.type().json()));
      }
      return (MAPPER.writeValueAsString(root) + "\n").getBytes(StandardCharsets.UTF_8);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("Spark's own JSON of a type cannot be read", e);
    }
  }

  /**
   * Reads the file's content, which is not trusted: it names types and nothing else, so that no
   * class is loaded by a name in it.
   *
   * @throws IllegalArgumentException if it is damaged, or of another version
   */
  public static SchemaSidecar parse(byte[] json) {
    if (json.length > MAX_BYTES) {
      throw new IllegalArgumentException("it has " + json.length + " bytes, too many for types");
    }
    try {
      var root = MAPPER.readTree(json);
      if (!root.path("version").isInt() || root.path("version").intValue() != VERSION) {
        throw new IllegalArgumentException(
            "it has version %s and only %d can be read".formatted(root.path("version"), VERSION));
      }
      var names = new HashSet<String>();
      var columns = new ArrayList<TypedColumn>();
      for (var node : root.path("columns")) {
        var column = column(node);
        if (!names.add(column.name())) {
          throw new IllegalArgumentException("it has two columns '" + column.name() + "'");
        }
        columns.add(column);
      }
      return new SchemaSidecar(columns);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("it is not JSON: " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new IllegalArgumentException("it is not JSON: " + e.getMessage(), e);
    }
  }

  private static TypedColumn column(JsonNode node) {
    if (!node.path("name").isTextual()
        || !node.path("encoding").isTextual()
        || !node.path("nullable").isBoolean()
        || !node.path("document").isBoolean()) {
      throw new IllegalArgumentException("a column lacks its name, encoding, nullable or document");
    }
    var name = node.get("name").textValue();
    checkPlain(name, node.path("type"), 0);
    DataType type;
    try {
      type = DataType.fromJson(MAPPER.writeValueAsString(node.path("type")));
    } catch (Exception e) {
      // Spark throws what its own parser throws, declared or not.
      throw new IllegalArgumentException(
          "the type of column '" + name + "' is none that Spark knows", e);
    }
    return new TypedColumn(
        name,
        EncodingTable.storageType(type),
        node.get("nullable").booleanValue(),
        node.get("encoding").textValue(),
        node.get("document").booleanValue());
  }

  /** Refuses user-defined types, for which Spark would load a class. */
  private static void checkPlain(String name, JsonNode type, int depth) {
    if (depth > MAX_DEPTH) {
      throw new IllegalArgumentException(
          "the type of column '" + name + "' has too many types in each other");
    }
    if (type.isObject()
        && (type.has("class") || type.has("pyClass") || type.path("type").asText().equals("udt"))) {
      throw new IllegalArgumentException(
          "the type of column '" + name + "' names a class, which is not loaded");
    }
    for (var part : type) {
      checkPlain(name, part, depth + 1);
    }
  }
}
