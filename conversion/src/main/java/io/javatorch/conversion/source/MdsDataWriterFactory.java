package io.javatorch.conversion.source;

import io.javatorch.conversion.commit.AttemptWriter;
import io.javatorch.conversion.commit.Destination;
import io.javatorch.conversion.commit.ShardSettings;
import io.javatorch.conversion.schema.MdsSchema;
import io.javatorch.conversion.value.RowWriter;
import java.util.Optional;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.connector.write.DataWriter;
import org.apache.spark.sql.connector.write.DataWriterFactory;

/** Makes the writer of each attempt, where it runs. */
final class MdsDataWriterFactory implements DataWriterFactory {
  private static final long serialVersionUID = 1L;

  private final Destination destination;
  private final ShardSettings settings;
  private final MdsSchema schema;
  private final String job;
  private final int firstPart;

  /**
   * Describes the writers.
   *
   * @param schema how rows become samples; empty if each row is a sample that is encoded already
   */
  MdsDataWriterFactory(
      Destination destination,
      ShardSettings settings,
      Optional<MdsSchema> schema,
      String job,
      int firstPart) {
    this.destination = destination;
    this.settings = settings;
    this.schema = schema.orElse(null);
    this.job = job;
    this.firstPart = firstPart;
  }

  @Override
  public DataWriter<InternalRow> createWriter(int partition, long task) {
    return new MdsDataWriter(
        new AttemptWriter(destination, settings, job, firstPart + partition),
        Optional.ofNullable(schema).map(RowWriter::of),
        partition,
        Optional.ofNullable(TaskContext.get()));
  }

  @Override
  public String toString() {
    return "MdsDataWriterFactory[" + destination + "]";
  }
}
