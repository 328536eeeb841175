package io.javatorch.conversion.commit;

import io.javatorch.streaming.format.Column;
import io.javatorch.streaming.format.FileInfo;
import io.javatorch.streaming.format.FilePair;
import io.javatorch.streaming.format.ShardIndex;
import io.javatorch.streaming.format.ShardInfo;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What one attempt at a partition wrote, as the task tells the driver. The driver needs to read
 * nothing back to write the index.
 */
public final class PartShards implements Serializable {
  private static final long serialVersionUID = 1L;

  /** One shard, without what all shards of a job have in common. */
  private record Shard(int samples, Stored raw, Stored zip) implements Serializable {
    private static final long serialVersionUID = 1L;
  }

  private record Stored(String name, long bytes, HashMap<String, String> hashes)
      implements Serializable {
    private static final long serialVersionUID = 1L;

    static Stored of(FileInfo file) {
      return new Stored(file.basename(), file.bytes(), new HashMap<>(file.hashes()));
    }

    FileInfo in(String directory) {
      return new FileInfo(directory.isEmpty() ? name : directory + "/" + name, bytes, hashes);
    }
  }

  private final int part;
  private final long droppedRows;
  private final String host;
  private final ArrayList<String> names = new ArrayList<>();
  private final ArrayList<String> encodings = new ArrayList<>();
  private final String compression;
  private final ArrayList<String> hashes;
  private final long sizeLimitBytes;
  private final ArrayList<Shard> shards = new ArrayList<>();

  PartShards(int part, ShardSettings settings, ShardIndex index, long droppedRows, String host) {
    this.part = part;
    this.droppedRows = droppedRows;
    this.host = host;
    compression =
        index.shards().stream().flatMap(s -> s.compression().stream()).findFirst().orElse("");
    hashes =
        new ArrayList<>(
            index.shards().isEmpty() ? settings.hashes() : index.shards().get(0).hashes());
    sizeLimitBytes = settings.sizeLimitBytes();
    if (!index.shards().isEmpty()) {
      for (var column : index.shards().get(0).columns()) {
        names.add(column.name());
        encodings.add(column.encoding());
      }
    }
    for (var shard : index.shards()) {
      shards.add(
          new Shard(
              shard.samples(),
              Stored.of(shard.data().raw()),
              shard.data().zip().map(Stored::of).orElse(null)));
    }
  }

  /** The name of a part's directory. */
  static String directory(int part) {
    return String.format(Locale.ROOT, "part-%05d", part);
  }

  String directory() {
    return directory(part);
  }

  boolean isEmpty() {
    return shards.isEmpty();
  }

  /** The host that wrote it. */
  String host() {
    return host;
  }

  long droppedRows() {
    return droppedRows;
  }

  /** The shards as an index in {@code parent} has them; empty for the part's own directory. */
  List<ShardInfo> in(String parent) {
    var columns = new ArrayList<Column>();
    for (int i = 0; i < names.size(); i++) {
      columns.add(new Column(names.get(i), encodings.get(i)));
    }
    var infos = new ArrayList<ShardInfo>(shards.size());
    for (var shard : shards) {
      infos.add(
          new ShardInfo(
              "mds",
              shard.samples(),
              columns,
              compression.isEmpty() ? Optional.empty() : Optional.of(compression),
              hashes,
              OptionalLong.of(sizeLimitBytes),
              new FilePair(
                  shard.raw().in(parent), Optional.ofNullable(shard.zip()).map(z -> z.in(parent))),
              Optional.empty(),
              Optional.empty()));
    }
    return infos;
  }

  /** Sizes in bytes of the files that must be in the part's directory, by name. */
  Map<String, Long> files() {
    var files = new HashMap<String, Long>();
    for (var shard : shards) {
      var stored = shard.zip() == null ? shard.raw() : shard.zip();
      files.put(stored.name(), stored.bytes());
    }
    return files;
  }

  @Override
  public String toString() {
    return directory() + ": " + shards.size() + " shards";
  }
}
