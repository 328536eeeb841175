package io.javatorch.conversion;

import io.javatorch.streaming.format.MdsWriter;
import io.javatorch.streaming.format.ShardIndex;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.Locale;
import java.util.function.BooleanSupplier;
import org.apache.spark.sql.Row;

/**
 * Writes one attempt at one partition into a directory of its own. Whether that directory becomes
 * the partition's is for the driver to say.
 *
 * @param staging path of the job's staging directory in the store
 */
record PartitionWriter(OutputStore store, String staging, ShardOptions options)
    implements Serializable {
  private static final long serialVersionUID = 1L;

  /**
   * Writes all rows.
   *
   * @param attempt distinguishes the attempts at the partition
   * @param killed whether Spark has asked the attempt to stop
   * @throws ConversionException if a row cannot be written, or the attempt was asked to stop;
   *     nothing of the attempt is left then
   */
  PartitionResult write(int partition, long attempt, Iterator<Row> rows, BooleanSupplier killed)
      throws IOException {
    if (!rows.hasNext()) {
      return PartitionResult.empty(partition);
    }
    var path = staging + "/" + partName(partition) + ".attempt-" + attempt;
    var directory = store.begin(path);
    try {
      var index = writeRows(partition, directory, rows, killed);
      store.finish(directory, path);
      return new PartitionResult(
          partition,
          path,
          index.samples(),
          index.shards().size(),
          index.shards().stream().mapToLong(shard -> shard.rawBytes()).sum(),
          index.shards().stream().mapToLong(shard -> shard.storedBytes()).sum());
    } catch (Throwable e) {
      discard(directory, path, e);
      throw e;
    }
  }

  /** Removes what a failed attempt wrote; what goes wrong then must not hide the failure. */
  private void discard(Path directory, String path, Throwable failure) {
    try {
      LocalOutput.deleteTree(directory);
    } catch (IOException | RuntimeException e) {
      failure.addSuppressed(e);
    }
    try {
      store.delete(path);
    } catch (IOException | RuntimeException e) {
      failure.addSuppressed(e);
    }
  }

  /** The final name of a partition's directory. */
  static String partName(int partition) {
    return String.format(Locale.ROOT, "part-%05d", partition);
  }

  private ShardIndex writeRows(
      int partition, Path directory, Iterator<Row> rows, BooleanSupplier killed)
      throws IOException {
    try (var writer = options.open(directory)) {
      var columns = new ColumnCopier(options, writer);
      for (long number = 0; rows.hasNext(); number++) {
        if (killed.getAsBoolean()) {
          throw new ConversionException(
              "Spark stopped this attempt at partition %d after %d rows"
                  .formatted(partition, number));
        }
        columns.copy(rows.next(), partition, number);
      }
      return writer.finish();
    }
  }

  /** Copies rows of the DataFrame into samples. */
  private static final class ColumnCopier {
    private final MdsWriter writer;
    private final String[] names;
    private final int[] from;
    private final int[] to;

    ColumnCopier(ShardOptions options, MdsWriter writer) {
      this.writer = writer;
      var columns = options.schema().columns();
      names = new String[columns.size()];
      from = new int[columns.size()];
      to = new int[columns.size()];
      for (int i = 0; i < names.length; i++) {
        names[i] = columns.get(i).name();
        from[i] = columns.get(i).ordinal();
        to[i] = writer.row().ordinal(names[i]);
      }
    }

    void copy(Row row, int partition, long number) throws IOException {
      var sample = writer.row();
      for (int i = 0; i < names.length; i++) {
        if (row.isNullAt(from[i])) {
          throw new ConversionException(
              ("Column '%s' is null in row %d of partition %d, and MDS has no null. Drop such rows"
                      + " with df.na().drop(new String[] {\"%s\"}), or give them a value with"
                      + " df.na().fill")
                  .formatted(names[i], number, partition, names[i]));
        }
        try {
          sample.set(to[i], row.get(from[i]));
        } catch (IllegalArgumentException e) {
          throw new ConversionException(
              "Column '%s' cannot be written in row %d of partition %d: %s"
                  .formatted(names[i], number, partition, e.getMessage()),
              e);
        }
      }
      try {
        sample.write();
      } catch (IllegalArgumentException e) {
        throw new ConversionException(
            "Row %d of partition %d cannot be written: %s"
                .formatted(number, partition, e.getMessage()),
            e);
      }
    }
  }
}
