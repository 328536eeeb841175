package io.javatorch.conversion;

import io.javatorch.conversion.source.MdsWrites;
import io.javatorch.conversion.source.WriteOptions;
import io.javatorch.streaming.format.SampleEncoder;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.NoSuchElementException;
import org.apache.spark.TaskContext;
import org.apache.spark.TaskKilledException;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.MetadataBuilder;

/** Turns rows into encoded samples, in tasks, by a function of the user's. */
final class EncodedRows implements MapPartitionsFunction<Row, byte[]> {
  private static final long serialVersionUID = 1L;

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

  /** Holds the samples of one row at a time. */
  private final class Encoding implements Iterator<byte[]>, RowFunction.Samples {
    private final Iterator<Row> rows;
    private final SampleEncoder encoder = new SampleEncoder(columns);
    private final ArrayDeque<byte[]> samples = new ArrayDeque<>();
    private long row = -1;
    private boolean partial;

    Encoding(Iterator<Row> rows) {
      this.rows = rows;
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
      return samples.remove();
    }

    private void apply(Row next) {
      row++;
      try {
        function.apply(next, this);
      } catch (TaskKilledException e) {
        throw e;
      } catch (Exception e) {
        throw new ConversionException(
            "The row function failed at row %d of partition %d: %s"
                .formatted(
                    row,
                    TaskContext.getPartitionId(),
                    e.getMessage() == null ? e.toString() : e.getMessage()),
            e);
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
      samples.add(encoder.encode());
      partial = false;
    }

    @Override
    public void write(Map<String, ?> sample) {
      samples.add(encoder.encode(sample));
      partial = false;
    }
  }
}
