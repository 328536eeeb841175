package io.javatorch.streaming.format;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What an index says of one shard.
 *
 * @param format the format's name, {@code mds}
 * @param samples how many samples it has; may be 0
 * @param columns its columns, in the order the shard stores them
 * @param compression the compression's name, such as {@code zstd:7}, if it was compressed
 * @param hashes the names of the hashes in the index, sorted
 * @param sizeLimit the writer's limit of a shard's size in bytes, if there was one
 * @param data the file with the samples
 */
public record ShardInfo(
    String format,
    int samples,
    List<Column> columns,
    Optional<String> compression,
    List<String> hashes,
    OptionalLong sizeLimit,
    FilePair data) {
  static final int VERSION = 2;

  public ShardInfo {
    columns = List.copyOf(columns);
    hashes = List.copyOf(hashes);
  }

  /** All files of the shard. */
  public List<FilePair> files() {
    return List.of(data);
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
    json.put("raw_data", json(data.raw()));
    json.put("samples", samples);
    json.put("zip_data", data.zip().map(ShardInfo::json).orElse(null));
    return PythonJson.sorted(json);
  }

  /** What a shard says of itself: the entry less what is known only once it is written. */
  Map<String, Object> config() {
    var encodings = columns.stream().map(column -> Encoding.parse(column.encoding())).toList();
    var json = new LinkedHashMap<String, Object>();
    json.put("column_encodings", columns.stream().map(Column::encoding).toList());
    json.put("column_names", columns.stream().map(Column::name).toList());
    var sizes = new ArrayList<Integer>();
    for (var encoding : encodings) {
      sizes.add(encoding.size() < 0 ? null : encoding.size());
    }
    json.put("column_sizes", sizes);
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
