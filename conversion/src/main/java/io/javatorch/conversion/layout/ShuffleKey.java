package io.javatorch.conversion.layout;

import org.apache.spark.sql.api.java.UDF1;

/** From a row's place in the shuffle to the key that sends it to its share's partition. */
final class ShuffleKey implements UDF1<Long, Integer> {
  private static final long serialVersionUID = 1L;

  private final long[] cuts;
  private final int[] keys;

  /**
   * For a shuffle.
   *
   * @param cuts the first place of each share but the first one, ascending
   * @param keys the key of each share
   */
  ShuffleKey(long[] cuts, int[] keys) {
    this.cuts = cuts;
    this.keys = keys;
  }

  @Override
  public Integer call(Long place) {
    // How many cuts are at the place or before; some may be the same.
    int low = 0;
    int high = cuts.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (cuts[middle] <= place) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return keys[low];
  }
}
