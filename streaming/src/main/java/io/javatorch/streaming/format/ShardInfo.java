package io.javatorch.streaming.format;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * What an index says of one shard.
 *
 * @param format the format's name: {@code mds}, or {@code json}, {@code csv}, {@code tsv} or {@code
 *     xsv} for rows of text
 * @param samples how many samples it has; may be 0
 * @param columns its columns, in the order the shard stores them; in a text format their encodings
 *     are {@code str}, {@code int} or {@code float}
 * @param compression the compression's name, such as {@code zstd:7}, if it was compressed
 * @param hashes the names of the hashes in the index, sorted
 * @param sizeLimit the writer's limit of a shard's size in bytes, if there was one
 * @param data the file with the samples
 * @param meta the file with the offsets of the samples, in a text format
 * @param layout how the rows look, in a text format
 */
public record ShardInfo(
    String format,
    int samples,
    List<Column> columns,
    Optional<String> compression,
    List<String> hashes,
    OptionalLong sizeLimit,
    FilePair data,
    Optional<FilePair> meta,
    Optional<TextLayout> layout) {
  static final int VERSION = 2;
  static final String MDS = "mds";

  /** The text formats, and their separators where the format's name says it. */
  static final Map<String, Optional<String>> TEXT_FORMATS =
      Map.of(
          "json", Optional.empty(),
          "csv", Optional.of(","),
          "tsv", Optional.of("\t"),
          "xsv", Optional.empty());

  static final Set<String> TEXT_ENCODINGS = Set.of("str", "int", "float");

  public ShardInfo {
    columns = List.copyOf(columns);
    hashes = List.copyOf(hashes);
  }

  /** A shard in the MDS format. */
  static ShardInfo mds(
      int samples,
      List<Column> columns,
      Optional<String> compression,
      List<String> hashes,
      OptionalLong sizeLimit,
      FilePair data) {
    return new ShardInfo(
        MDS,
        samples,
        columns,
        compression,
        hashes,
        sizeLimit,
        data,
        Optional.empty(),
        Optional.empty());
  }

  /** All files of the shard: it is readable where all of them are. */
  public List<FilePair> files() {
    return meta.map(file -> List.of(file, data)).orElse(List.of(data));
  }

  /** The size of the shard's readable form in bytes. */
  public long rawBytes() {
    return files().stream().mapToLong(file -> file.raw().bytes()).sum();
  }

  /** The size of the shard's stored form in bytes. */
  public long storedBytes() {
    return files().stream().mapToLong(file -> file.stored().bytes()).sum();
  }

  /** The shard's entry in an index, in the order in which Python writes the keys. */
  Map<String, Object> toJson() {
    var json = config();
    json.put("samples", samples);
    json.put("raw_data", json(data.raw()));
    json.put("zip_data", data.zip().map(ShardInfo::json).orElse(null));
    if (meta.isPresent()) {
      json.put("raw_meta", json(meta.get().raw()));
      json.put("zip_meta", meta.get().zip().map(ShardInfo::json).orElse(null));
    }
    return PythonJson.sorted(json);
  }

  /** What a shard says of itself: the entry less what is known only once it is written. */
  Map<String, Object> config() {
    var json = new LinkedHashMap<String, Object>();
    var names = columns.stream().map(Column::name).toList();
    var encodings = columns.stream().map(Column::encoding).toList();
    if (format.equals("json")) {
      var types = new LinkedHashMap<String, String>();
      columns.forEach(column -> types.put(column.name(), column.encoding()));
      json.put("columns", PythonJson.sorted(types));
    } else {
      json.put("column_names", names);
      json.put("column_encodings", encodings);
    }
    if (format.equals(MDS)) {
      var sizes = new ArrayList<Integer>();
      for (var name : encodings) {
        int size = Encoding.parse(name).size();
        sizes.add(size < 0 ? null : size);
      }
      json.put("column_sizes", sizes);
    }
    layout.ifPresent(text -> json.put("newline", text.newline()));
    if (format.equals("xsv")) {
      json.put("separator", layout.flatMap(TextLayout::separator).orElseThrow());
    }
    json.put("compression", compression.orElse(null));
    json.put("format", format);
    json.put("hashes", hashes);
    json.put("size_limit", sizeLimit.isPresent() ? sizeLimit.getAsLong() : null);
    json.put("version", VERSION);
    return json;
  }

  private static Map<String, Object> json(FileInfo file) {
    var json = new LinkedHashMap<String, Object>();
    json.put("basename", file.basename());
    json.put("bytes", file.bytes());
    json.put("hashes", PythonJson.sorted(file.hashes()));
    return json;
  }
}
