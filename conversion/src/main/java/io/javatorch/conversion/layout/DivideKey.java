package io.javatorch.conversion.layout;

import java.util.Arrays;
import org.apache.spark.sql.api.java.UDF2;

/**
 * From the id that Spark counts up in each partition, and a hash of the row, to the key that sends
 * the row to its share's partition.
 */
final class DivideKey implements UDF2<Long, Long, Integer> {
  private static final long serialVersionUID = 1L;

  /** Where Spark has the number of the partition in the id. */
  private static final int POSITION_BITS = 33;

  private final long[] counts;
  private final long[] firsts;
  private final long rows;
  private final int[] keys;
  private final OrderCheck seen;

  /**
   * For a division.
   *
   * @param counts the number of rows in each partition
   * @param keys the key of each share
   * @param seen gets the rows of each task in their order
   */
  DivideKey(long[] counts, int[] keys, OrderCheck seen) {
    this.counts = counts;
    this.keys = keys;
    this.seen = seen;
    rows = Arrays.stream(counts).sum();
    firsts = new long[counts.length];
    for (int i = 1; i < counts.length; i++) {
      firsts[i] = firsts[i - 1] + counts[i - 1];
    }
  }

  @Override
  public Integer call(Long id, Long hash) {
    int partition = (int) (id >>> POSITION_BITS);
    seen.see(partition, hash);
    long position = id & ((1L << POSITION_BITS) - 1);
    if (partition >= counts.length || position >= counts[partition]) {
      throw new IllegalStateException(
          ("Partition %d of the DataFrame had %d rows when they were counted, and has more now."
                  + " Persist the DataFrame, or write it out first, so that it stays the same")
              .formatted(partition, partition < counts.length ? counts[partition] : 0));
    }
    long index = firsts[partition] + position;
    // The first shares have one row more than the others.
    long small = rows / keys.length;
    long large = rows % keys.length;
    long inLarge = large * (small + 1);
    long share = index < inLarge ? index / (small + 1) : large + (index - inLarge) / small;
    return keys[(int) share];
  }
}
