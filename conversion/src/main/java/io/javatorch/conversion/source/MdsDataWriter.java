package io.javatorch.conversion.source;

import io.javatorch.conversion.ConversionException;
import io.javatorch.conversion.commit.AttemptWriter;
import io.javatorch.conversion.commit.PartShards;
import io.javatorch.conversion.value.RowWriter;
import java.io.IOException;
import java.util.Optional;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.connector.metric.CustomTaskMetric;
import org.apache.spark.sql.connector.write.DataWriter;
import org.apache.spark.sql.connector.write.WriterCommitMessage;

/** Writes the rows of one attempt at one partition. */
final class MdsDataWriter implements DataWriter<InternalRow> {
  private final AttemptWriter attempt;
  private final Optional<RowWriter> rowWriter;
  private final int partition;
  private final Optional<TaskContext> task;
  private long rows;
  private long written;

  /**
   * Prepares the writer.
   *
   * @param rowWriter makes samples of rows; empty if each row is one that is encoded already
   * @param task says whether Spark wants the attempt to stop
   */
  MdsDataWriter(
      AttemptWriter attempt,
      Optional<RowWriter> rowWriter,
      int partition,
      Optional<TaskContext> task) {
    this.attempt = attempt;
    this.rowWriter = rowWriter;
    this.partition = partition;
    this.task = task;
  }

  /** What a task tells the driver. */
  record Written(PartShards shards) implements WriterCommitMessage {
    private static final long serialVersionUID = 1L;
  }

  /** A figure that Spark knows by its name. */
  private record Figure(String name, long value) implements CustomTaskMetric {}

  @Override
  public void write(InternalRow row) throws IOException {
    if (task.isPresent() && task.get().isInterrupted()) {
      throw new ConversionException(
          "Spark stopped this attempt at partition %d after %d rows".formatted(partition, rows));
    }
    // Not once alone: it refuses attempts that come too late.
    var writer = attempt.writer();
    try {
      if (rowWriter.isPresent()) {
        var sample = writer.row();
        if (rowWriter.get().write(row, sample)) {
          sample.write();
          written++;
        }
      } else {
        writer.writeEncoded(row.getBinary(0));
        written++;
      }
    } catch (IllegalArgumentException e) {
      throw new ConversionException(
          "Row %d of partition %d cannot be written: %s".formatted(rows, partition, e.getMessage()),
          e);
    }
    rows++;
  }

  @Override
  public WriterCommitMessage commit() throws IOException {
    var shards = attempt.finish(rows - written);
    // Spark asks for the figures before, when the last shard is not stored yet.
    task.ifPresent(
        running -> running.taskMetrics().outputMetrics().setBytesWritten(attempt.storedBytes()));
    return new Written(shards);
  }

  @Override
  public CustomTaskMetric[] currentMetricsValues() {
    return new CustomTaskMetric[] {
      new Figure("recordsWritten", written), new Figure("bytesWritten", attempt.storedBytes())
    };
  }

  @Override
  public void abort() {
    attempt.abort();
  }

  @Override
  public void close() {
    attempt.close();
  }
}
