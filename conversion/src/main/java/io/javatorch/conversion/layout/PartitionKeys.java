package io.javatorch.conversion.layout;

import org.apache.spark.unsafe.hash.Murmur3_x86_32;

/** Numbers that Spark's hash partitioning sends to a partition of one's choice. */
final class PartitionKeys {
  /** What Spark's hash partitioning starts from. */
  private static final int SPARK_SEED = 42;

  private PartitionKeys() {}

  /** For each of {@code partitions} partitions, an int that {@code repartition} sends there. */
  static int[] of(int partitions) {
    var keys = new int[partitions];
    var found = new boolean[partitions];
    int missing = partitions;
    for (int key = 0; missing > 0; key++) {
      int partition = Math.floorMod(Murmur3_x86_32.hashInt(key, SPARK_SEED), partitions);
      if (!found[partition]) {
        found[partition] = true;
        keys[partition] = key;
        missing--;
      }
    }
    return keys;
  }
}
