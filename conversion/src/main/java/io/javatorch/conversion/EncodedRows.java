package io.javatorch.conversion;

import io.javatorch.conversion.commit.Scratch;
import io.javatorch.conversion.source.MdsWrites;
import io.javatorch.conversion.source.WriteOptions;
import io.javatorch.streaming.format.SampleEncoder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import org.apache.spark.TaskContext;
import org.apache.spark.TaskKilledException;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.MetadataBuilder;
import org.apache.spark.util.TaskCompletionListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Turns rows into encoded samples, in tasks, by a function of the user's. */
final class EncodedRows implements MapPartitionsFunction<Row, byte[]> {
  private static final long serialVersionUID = 1L;
  private static final Logger LOG = LoggerFactory.getLogger(EncodedRows.class);

  /** What the samples of one row may take of memory; the others go to disk. */
  static final int HELD_BYTES = 1 << 24;

  private final RowFunction function;
  private final LinkedHashMap<String, String> columns;

  private EncodedRows(RowFunction function, Map<String, String> columns) {
    this.function = function;
    this.columns = new LinkedHashMap<>(columns);
  }

  /**
   * The samples as a frame of one binary column, whose metadata says what they hold.
   *
   * @throws IllegalArgumentException if there are no columns, or an encoding is unknown
   */
  static Dataset<Row> of(Dataset<Row> frame, RowFunction function, Map<String, String> columns) {
    // To find out now rather than in a task.
    var unused = new SampleEncoder(columns);
    return frame
        .mapPartitions(new EncodedRows(function, columns), Encoders.BINARY())
        .toDF("sample")
        .select(
            functions
                .col("sample")
                .as(
                    "sample",
                    new MetadataBuilder()
                        .putString(MdsWrites.ENCODED_COLUMNS, WriteOptions.json(columns))
                        .build()));
  }

  @Override
  public Iterator<byte[]> call(Iterator<Row> rows) {
    return new Encoding(rows);
  }

  /**
   * Has the samples of one row at a time. The function runs to its end before the first is taken:
   * both happen in the task's thread, since functions, and what reads the rows, count on that.
   */
  private final class Encoding implements Iterator<byte[]>, RowFunction.Samples {
    private final Iterator<Row> rows;
    private final SampleEncoder encoder = new SampleEncoder(columns);
    private final SampleSpool samples = new SampleSpool(HELD_BYTES, Scratch.parent());
    private final Optional<TaskContext> task = Optional.ofNullable(TaskContext.get());
    private long row = -1;
    private boolean partial;

    /** Why a sample was not kept. The function cannot make it good by catching it. */
    private IOException lost;

    Encoding(Iterator<Row> rows) {
      this.rows = rows;
      task.ifPresent(
          running -> running.addTaskCompletionListener((TaskCompletionListener) ended -> close()));
    }

    private void close() {
      try {
        samples.close();
      } catch (IOException e) {
        LOG.warn("A temporary file of samples was not closed", e);
      }
    }

    @Override
    public boolean hasNext() {
      while (samples.isEmpty() && rows.hasNext()) {
        apply(rows.next());
      }
      return !samples.isEmpty();
    }

    @Override
    public byte[] next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      try {
        return samples.remove();
      } catch (IOException e) {
        throw notKept(e);
      }
    }

    private ConversionException notKept(IOException e) {
      return new ConversionException(
          "The samples of row %d of partition %d, which are too large for memory, cannot be kept in %s: %s"
              .formatted(row, TaskContext.getPartitionId(), Scratch.parent(), e),
          e);
    }

    private void keep(byte[] sample) {
      task.ifPresent(TaskContext::killTaskIfInterrupted);
      try {
        samples.add(sample);
      } catch (IOException e) {
        lost = e;
        throw new UncheckedIOException(e);
      }
      partial = false;
    }

    private void apply(Row next) {
      row++;
      try {
        function.apply(next, this);
      } catch (TaskKilledException e) {
        throw e;
      } catch (Exception e) {
        if (lost != null) {
          throw notKept(lost);
        }
        throw new ConversionException(
            "The row function failed at row %d of partition %d: %s"
                .formatted(
                    row,
                    TaskContext.getPartitionId(),
                    e.getMessage() == null ? e.toString() : e.getMessage()),
            e);
      }
      if (lost != null) {
        throw notKept(lost);
      }
      if (partial) {
        throw new ConversionException(
            ("The row function has set columns for row %d of partition %d and has not called"
                    + " write() after that")
                .formatted(row, TaskContext.getPartitionId()));
      }
    }

    @Override
    public RowFunction.Samples set(String column, Object value) {
      encoder.set(column, value);
      partial = true;
      return this;
    }

    @Override
    public void write() {
      keep(encoder.encode());
    }

    @Override
    public void write(Map<String, ?> sample) {
      if (partial) {
        throw new IllegalStateException(
            "Columns were set of a sample that write() has not emitted: call write() before"
                + " write(map), or put them into the map");
      }
      keep(encoder.encode(sample));
    }
  }
}
