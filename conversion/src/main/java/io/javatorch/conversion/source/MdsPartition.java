package io.javatorch.conversion.source;

import java.util.List;
import org.apache.spark.sql.connector.read.InputPartition;

/**
 * What one task reads.
 *
 * @param slices in the order of the data set
 */
record MdsPartition(List<ShardSlice> slices) implements InputPartition {
  private static final long serialVersionUID = 1L;

  MdsPartition {
    slices = List.copyOf(slices);
  }
}
