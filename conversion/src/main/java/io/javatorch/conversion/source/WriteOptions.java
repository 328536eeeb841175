package io.javatorch.conversion.source;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.javatorch.conversion.schema.NullPolicy;
import io.javatorch.streaming.codec.Compression;
import io.javatorch.streaming.codec.HashAlgorithm;
import io.javatorch.streaming.format.MdsWriter;
import io.javatorch.streaming.format.SizeLimit;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * The options of {@code df.write().format("mds")}. Names are taken in any case; an unknown one is
 * refused.
 *
 * <table>
 * <caption>Options</caption>
 * <tr><th>name</th><th>value</th><th>default</th></tr>
 * <tr><td>path</td><td>the target directory: a path, or a location such as {@code hdfs://…}, {@code
 * s3a://…} or {@code /Volumes/…}</td><td>required</td></tr>
 * <tr><td>columns</td><td>the columns to write and their encodings, as {@code a=int32,b} or as a
 * JSON object {@code {"a": "int32", "b": ""}}; the latter where a name or an encoding has a comma
 * or an equals sign. One without an encoding gets its type's default</td><td>all</td></tr>
 * <tr><td>compression</td><td>such as {@code zstd:7}; {@code none}</td><td>zstd</td></tr>
 * <tr><td>hashes</td><td>such as {@code sha1,xxh64}</td><td>none</td></tr>
 * <tr><td>sizeLimit</td><td>of a shard before compression: bytes, or such as {@code 64mb}</td>
 * <td>64mb</td></tr>
 * <tr><td>nullPolicy</td><td>fail, drop, zero or json</td><td>fail</td></tr>
 * <tr><td>mergeIndex</td><td>whether one index in the root names all shards; else each part has its
 * own</td><td>true</td></tr>
 * <tr><td>local</td><td>the directory on each executor in which shards are made before they are
 * uploaded; refused where the target is a local directory itself</td><td>a temporary one</td></tr>
 * <tr><td>keepLocal</td><td>whether shards stay in {@code local}</td><td>false</td></tr>
 * <tr><td>progress</td><td>time between two log lines, such as {@code 5s} or {@code 500ms}; 0 for
 * none</td><td>5s</td></tr>
 * </table>
 *
 * @param path the target directory
 * @param columns column names to encodings; an empty encoding means the default for the type; no
 *     columns at all mean all of the DataFrame's
 * @param compression an MDS compression name, or empty for none
 * @param hashes MDS hash names, sorted
 * @param sizeLimitBytes limit of a shard before compression, above 0 and below 2^32
 * @param nullPolicy what becomes of nulls
 * @param mergeIndex whether one index in the root names all shards
 * @param local directory on each executor for shards that are to be uploaded; may be empty
 * @param keepLocal whether shards stay there
 * @param progress time between two reports; zero for none
 */
public record WriteOptions(
    String path,
    Map<String, String> columns,
    String compression,
    List<String> hashes,
    long sizeLimitBytes,
    NullPolicy nullPolicy,
    boolean mergeIndex,
    String local,
    boolean keepLocal,
    Duration progress) {
  public static final String PATH = "path";
  public static final String COLUMNS = "columns";
  public static final String COMPRESSION = "compression";
  public static final String HASHES = "hashes";
  public static final String SIZE_LIMIT = "sizeLimit";
  public static final String NULL_POLICY = "nullPolicy";
  public static final String MERGE_INDEX = "mergeIndex";
  public static final String LOCAL = "local";
  public static final String KEEP_LOCAL = "keepLocal";
  public static final String PROGRESS = "progress";

  private static final List<String> NAMES =
      List.of(
          PATH,
          COLUMNS,
          COMPRESSION,
          HASHES,
          SIZE_LIMIT,
          NULL_POLICY,
          MERGE_INDEX,
          LOCAL,
          KEEP_LOCAL,
          PROGRESS);

  private static final ObjectMapper JSON = new ObjectMapper();

  public WriteOptions {
    columns = new LinkedHashMap<>(columns);
    hashes = List.copyOf(hashes);
  }

  /**
   * Reads options.
   *
   * @throws IllegalArgumentException if one is unknown, which the message says with the known name
   *     next to it, or has a value that it cannot have
   */
  public static WriteOptions of(Map<String, String> given) {
    var options = OptionParser.of("writing mds", NAMES, given);
    if (options.text(PATH).isBlank()) {
      throw new IllegalArgumentException(
          "There is no path to write to: use save(path), or the option path");
    }
    return new WriteOptions(
        options.text(PATH),
        options.value(COLUMNS, "", WriteOptions::parseColumns),
        options.value(COMPRESSION, "zstd", WriteOptions::compression),
        options.value(HASHES, "", WriteOptions::hashes),
        options.value(
            SIZE_LIMIT, Long.toString(MdsWriter.DEFAULT_SIZE_LIMIT_BYTES), WriteOptions::sizeLimit),
        options.value(NULL_POLICY, "fail", NullPolicy::parse),
        options.value(MERGE_INDEX, "true", WriteOptions::bool),
        options.text(LOCAL),
        options.value(KEEP_LOCAL, "false", WriteOptions::bool),
        options.value(PROGRESS, "5s", WriteOptions::duration));
  }

  /**
   * Reads columns and their encodings, in their order.
   *
   * @param value {@code a=int32,b} or a JSON object; empty for none
   * @throws IllegalArgumentException if it is neither, or a column is named twice
   */
  public static Map<String, String> parseColumns(String value) {
    var columns = new LinkedHashMap<String, String>();
    if (value.startsWith("{")) {
      return jsonColumns(value);
    }
    for (var item : value.isEmpty() ? new String[0] : value.split(",", -1)) {
      int equals = item.indexOf('=');
      var name = (equals < 0 ? item : item.substring(0, equals)).strip();
      if (name.isEmpty()) {
        throw new IllegalArgumentException(
            "'%s' has an empty name; write a=int32,b or a JSON object".formatted(value));
      }
      if (columns.put(name, equals < 0 ? "" : item.substring(equals + 1).strip()) != null) {
        throw new IllegalArgumentException("'%s' is named twice".formatted(name));
      }
    }
    return columns;
  }

  /**
   * Reads a JSON object of texts, in its order.
   *
   * @throws IllegalArgumentException if it is something else
   */
  static Map<String, String> jsonColumns(String json) {
    var columns = new LinkedHashMap<String, String>();
    try {
      var tree = JSON.readTree(json);
      if (!tree.isObject()) {
        throw new IllegalArgumentException("'%s' is no JSON object".formatted(json));
      }
      for (var field : tree.properties()) {
        if (!field.getValue().isTextual()) {
          throw new IllegalArgumentException(
              "the encoding of '%s' must be a text, such as \"int32\"".formatted(field.getKey()));
        }
        columns.put(field.getKey(), field.getValue().textValue());
      }
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(
          "'%s' is no JSON: %s".formatted(json, e.getOriginalMessage()), e);
    }
    return columns;
  }

  /** Columns in the form of JSON that {@link #parseColumns} takes. */
  public static String json(Map<String, String> columns) {
    try {
      return JSON.writeValueAsString(columns);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("Columns cannot be written as JSON: " + columns, e);
    }
  }

  private static String compression(String value) {
    return value.isEmpty() || value.equalsIgnoreCase("none") ? "" : Compression.parse(value).spec();
  }

  private static List<String> hashes(String value) {
    var names = new TreeSet<String>();
    for (var name : value.isEmpty() ? new String[0] : value.split(",", -1)) {
      names.add(new HashAlgorithm(name.strip()).name());
    }
    return new ArrayList<>(names);
  }

  private static long sizeLimit(String value) {
    long bytes = SizeLimit.parse(value);
    if (bytes <= 0 || bytes >= 1L << 32) {
      throw new IllegalArgumentException(bytes + " bytes are not above 0 and below 2^32");
    }
    return bytes;
  }

  private static boolean bool(String value) {
    if (value.equalsIgnoreCase("true")) {
      return true;
    } else if (value.equalsIgnoreCase("false")) {
      return false;
    }
    throw new IllegalArgumentException("'" + value + "' is neither true nor false");
  }

  private static long number(String value, int unitLength) {
    return Long.parseLong(value.substring(0, value.length() - unitLength).strip());
  }

  private static Duration duration(String value) {
    try {
      var time =
          value.endsWith("ms")
              ? Duration.ofMillis(number(value, 2))
              : Duration.ofSeconds(number(value, value.endsWith("s") ? 1 : 0));
      if (!time.isNegative()) {
        return time;
      }
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "'" + value + "' is no time; write for example 5s, 500ms or 0", e);
    }
    throw new IllegalArgumentException("'" + value + "' is negative");
  }
}
