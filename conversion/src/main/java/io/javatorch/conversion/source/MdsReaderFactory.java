package io.javatorch.conversion.source;

import io.javatorch.conversion.commit.Destination;
import io.javatorch.conversion.schema.SparkSchema;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.connector.read.InputPartition;
import org.apache.spark.sql.connector.read.PartitionReader;
import org.apache.spark.sql.connector.read.PartitionReaderFactory;
import org.apache.spark.sql.vectorized.ColumnarBatch;
import org.apache.spark.util.TaskCompletionListener;

/** Makes the reader of each partition, where it runs. */
final class MdsReaderFactory implements PartitionReaderFactory {
  private static final long serialVersionUID = 1L;

  private final Destination place;
  private final SparkSchema schema;
  private final ReadOptions options;

  MdsReaderFactory(Destination place, SparkSchema schema, ReadOptions options) {
    this.place = place;
    this.schema = schema;
    this.options = options;
  }

  /** Also of nested columns: Spark's columns are views of them here, so that rows save nothing. */
  @Override
  public boolean supportColumnarReads(InputPartition partition) {
    return true;
  }

  @Override
  public PartitionReader<InternalRow> createReader(InputPartition partition) {
    throw new UnsupportedOperationException("mds is read by columns");
  }

  @Override
  public PartitionReader<ColumnarBatch> createColumnarReader(InputPartition partition) {
    var reader = new MdsReader(place, schema, options, ((MdsPartition) partition).slices());
    var task = TaskContext.get();
    if (task != null) {
      // Also where it is killed, or its caller stops half-way.
      var unused = task.addTaskCompletionListener((TaskCompletionListener) ended -> reader.close());
    }
    return reader;
  }

  @Override
  public String toString() {
    return "MdsReaderFactory[" + place + "]";
  }
}
