package io.javatorch.conversion.source;

import io.javatorch.streaming.format.Column;
import io.javatorch.streaming.format.FileInfo;
import io.javatorch.streaming.format.FilePair;
import io.javatorch.streaming.format.ShardInfo;
import io.javatorch.streaming.format.TextLayout;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * Some samples of a shard, with what the index says of it, to be sent to a task.
 *
 * @param format as in {@link ShardInfo}, and so the others that are not described
 * @param names names of the columns
 * @param encodings their encodings
 * @param compression empty if there is none
 * @param meta null if there is none
 * @param layout the newline, and the separator if there is one; empty if there is no layout
 * @param from the first sample
 * @param to the sample behind the last one
 */
record ShardSlice(
    String format,
    int samples,
    List<String> names,
    List<String> encodings,
    String compression,
    List<String> hashes,
    SentPair data,
    SentPair meta,
    List<String> layout,
    int from,
    int to)
    implements Serializable {
  private static final long serialVersionUID = 1L;

  /** A file of the shard. */
  private record SentFile(String basename, long bytes, TreeMap<String, String> hashes)
      implements Serializable {
    private static final long serialVersionUID = 1L;

    static SentFile of(FileInfo file) {
      return new SentFile(file.basename(), file.bytes(), new TreeMap<>(file.hashes()));
    }

    FileInfo info() {
      return new FileInfo(basename, bytes, Map.copyOf(hashes));
    }
  }

  /** A file in its two forms; the second is null if it is stored in the first. */
  private record SentPair(SentFile raw, SentFile zip) implements Serializable {
    private static final long serialVersionUID = 1L;

    static SentPair of(FilePair file) {
      return new SentPair(SentFile.of(file.raw()), file.zip().map(SentFile::of).orElse(null));
    }

    FilePair pair() {
      return new FilePair(raw.info(), Optional.ofNullable(zip).map(SentFile::info));
    }
  }

  static ShardSlice of(ShardInfo shard, int from, int to) {
    var layout = new ArrayList<String>();
    shard
        .layout()
        .ifPresent(
            text -> {
              layout.add(text.newline());
              text.separator().ifPresent(layout::add);
            });
    return new ShardSlice(
        shard.format(),
        shard.samples(),
        new ArrayList<>(shard.columns().stream().map(Column::name).toList()),
        new ArrayList<>(shard.columns().stream().map(Column::encoding).toList()),
        shard.compression().orElse(""),
        new ArrayList<>(shard.hashes()),
        SentPair.of(shard.data()),
        shard.meta().map(SentPair::of).orElse(null),
        layout,
        from,
        to);
  }

  ShardInfo shard() {
    var columns = new ArrayList<Column>();
    for (int i = 0; i < names.size(); i++) {
      columns.add(new Column(names.get(i), encodings.get(i)));
    }
    return new ShardInfo(
        format,
        samples,
        columns,
        compression.isEmpty() ? Optional.empty() : Optional.of(compression),
        hashes,
        OptionalLong.empty(),
        data.pair(),
        Optional.ofNullable(meta).map(SentPair::pair),
        layout.isEmpty()
            ? Optional.empty()
            : Optional.of(
                new TextLayout(
                    layout.get(0),
                    layout.size() > 1 ? Optional.of(layout.get(1)) : Optional.empty())));
  }

  int count() {
    return to - from;
  }
}
