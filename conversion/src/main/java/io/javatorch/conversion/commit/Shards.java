package io.javatorch.conversion.commit;

import io.javatorch.streaming.format.Column;
import io.javatorch.streaming.format.FileInfo;
import io.javatorch.streaming.format.FilePair;
import io.javatorch.streaming.format.ShardInfo;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** What an index says of shards. */
final class Shards {
  private Shards() {}

  /** A shard as the index of the directory above has it. */
  static ShardInfo in(String directory, ShardInfo shard) {
    return new ShardInfo(
        shard.format(),
        shard.samples(),
        shard.columns(),
        shard.compression(),
        shard.hashes(),
        shard.sizeLimit(),
        in(directory, shard.data()),
        shard.meta().map(meta -> in(directory, meta)),
        shard.layout());
  }

  private static FilePair in(String directory, FilePair files) {
    return new FilePair(in(directory, files.raw()), files.zip().map(zip -> in(directory, zip)));
  }

  private static FileInfo in(String directory, FileInfo file) {
    return new FileInfo(directory + "/" + file.basename(), file.bytes(), file.hashes());
  }

  /** The files of a shard, in both forms of each. */
  static List<String> files(ShardInfo shard) {
    var files = new ArrayList<String>();
    for (var pair : shard.files()) {
      files.add(pair.raw().basename());
      pair.zip().ifPresent(zip -> files.add(zip.basename()));
    }
    return files;
  }

  /** Why a shard cannot be of one data set with shards of the given columns. */
  static String difference(ShardInfo shard, List<Column> columns) {
    if (!shard.format().equals("mds")) {
      return "its shards are of the format " + shard.format() + ", not mds";
    }
    return "it has the columns [%s], and the DataFrame's would be [%s]. Select and cast columns so that they agree, or choose encodings with the option columns"
        .formatted(text(shard.columns()), text(columns));
  }

  private static String text(List<Column> columns) {
    return columns.stream()
        .map(column -> column.name() + " " + column.encoding())
        .collect(Collectors.joining(", "));
  }
}
