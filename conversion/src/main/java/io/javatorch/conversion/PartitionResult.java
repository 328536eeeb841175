package io.javatorch.conversion;

import java.io.Serializable;

/**
 * What one attempt at a partition wrote.
 *
 * @param partition number of the partition
 * @param attempt path of the attempt's directory in the store; empty if the partition has no rows
 * @param samples number of rows
 * @param shards number of shards
 * @param rawBytes size of the shards before compression
 * @param storedBytes size of the shards as stored
 */
record PartitionResult(
    int partition, String attempt, long samples, int shards, long rawBytes, long storedBytes)
    implements Serializable {
  private static final long serialVersionUID = 1L;

  static PartitionResult empty(int partition) {
    return new PartitionResult(partition, "", 0, 0, 0, 0);
  }

  boolean isEmpty() {
    return attempt.isEmpty();
  }
}
