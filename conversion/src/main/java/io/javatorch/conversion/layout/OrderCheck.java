package io.javatorch.conversion.layout;

import io.javatorch.conversion.ConversionException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.apache.spark.util.AccumulatorV2;

/**
 * What tasks saw of the partitions that they divided: for each partition, a sum over its rows in
 * their order. Spark runs a task again where what it has put into an exchange is lost, after some
 * shares may have been read from there; if the rows then come in another order, which is possible
 * behind any exchange, other rows get the places of the lost ones. There are two sums then.
 *
 * <p>Unlike other accumulators this one says the same however often a task runs.
 */
final class OrderCheck extends AccumulatorV2<OrderCheck.Seen, Map<Integer, Set<Long>>> {
  private static final long serialVersionUID = 1L;

  /** A row: the number of its partition, and a hash of what it holds. */
  record Seen(int partition, long hash) {}

  /** Of the task that this copy is in; -1 before its first row, and on the driver. */
  private int partition = -1;

  private long sum;

  /** Of the tasks that have ended, on the driver. */
  private final HashMap<Integer, Set<Long>> sums = new HashMap<>();

  /** Adds the next row of the task's partition. */
  void see(int of, long hash) {
    partition = of;
    sum = sum * 31 + hash;
  }

  @Override
  public void add(Seen row) {
    see(row.partition(), row.hash());
  }

  /**
   * Makes sure that every partition was the same each time a task went through it.
   *
   * @throws ConversionException if one was not
   */
  synchronized void check() {
    sums.forEach(
        (divided, seen) -> {
          if (seen.size() > 1) {
            throw new ConversionException(
                ("Rows may be missing or there twice: Spark had to read partition %d of the"
                        + " DataFrame again, since an executor was lost, and its rows came in"
                        + " another order, or were others. Nothing was published. Write the"
                        + " DataFrame out first and convert what was written, sort it by columns"
                        + " that tell all its rows apart, or shuffle: shards without a shuffle need"
                        + " rows in a fixed order")
                    .formatted(divided));
          }
        });
  }

  @Override
  public synchronized boolean isZero() {
    return partition < 0 && sums.isEmpty();
  }

  @Override
  public synchronized OrderCheck copy() {
    var copy = new OrderCheck();
    copy.partition = partition;
    copy.sum = sum;
    sums.forEach((key, value) -> copy.sums.put(key, new HashSet<>(value)));
    return copy;
  }

  @Override
  public synchronized void reset() {
    partition = -1;
    sum = 0;
    sums.clear();
  }

  @Override
  public synchronized void merge(AccumulatorV2<Seen, Map<Integer, Set<Long>>> other) {
    other
        .value()
        .forEach((key, seen) -> sums.computeIfAbsent(key, unused -> new HashSet<>()).addAll(seen));
  }

  @Override
  public synchronized Map<Integer, Set<Long>> value() {
    var all = new HashMap<Integer, Set<Long>>();
    sums.forEach((key, seen) -> all.put(key, new HashSet<>(seen)));
    if (partition >= 0) {
      all.computeIfAbsent(partition, unused -> new HashSet<>()).add(sum);
    }
    return all;
  }
}
