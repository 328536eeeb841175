package io.javatorch.conversion.schema;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.apache.spark.sql.types.DataType;

/**
 * The Spark types of a data set's columns, which the index cannot say: a boolean is a uint8 there
 * and a struct is json. They lie in a file beside the index, in the order of the DataFrame's
 * columns, so that reading gives back the DataFrame's types. Other readers of MDS do not see it.
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

  /** The file's name in a data set's directory. */
  public static final String BASENAME = "_spark-schema.json";

  /** A file of more bytes is refused: it describes columns, not data. */
  public static final int MAX_BYTES = 1 << 24;

  private static final int VERSION = 1;

  /** Types lie in each other no deeper than this. */
  private static final int MAX_DEPTH = 100;

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

  /** What is to be remembered of a schema. */
  public static SchemaSidecar of(MdsSchema schema) {
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
          "the type of column '" + name + "' is deeper than " + MAX_DEPTH);
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
