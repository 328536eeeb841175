package io.javatorch.streaming.order;

/**
 * The samples of one rank in one epoch, from where it starts. Immutable.
 *
 * <p>Steps run through the rank's batches as its workers take turns: batch 0 of worker 0, batch 0
 * of worker 1, …, batch 1 of worker 0, ….
 */
public final class RankOrder {
  /** Stands where a rank has no sample; such steps are passed over. */
  public static final long PADDING = Partition.PADDING;

  private final long[] ids;
  private final int workers;
  private final int batchSize;

  RankOrder(long[] ids, int workers, int batchSize) {
    this.ids = ids;
    this.workers = workers;
    this.batchSize = batchSize;
  }

  /** Steps, with padding: a multiple of workers × batch size. */
  public int steps() {
    return ids.length;
  }

  /** The sample id at a step, or {@link #PADDING}. */
  public long at(int step) {
    return ids[step];
  }

  /** The ids of one worker in the order in which it reads them, without padding. */
  public long[] ofWorker(int worker) {
    int count = 0;
    for (int step = worker * batchSize; step < ids.length; step += workers * batchSize) {
      for (int i = step; i < step + batchSize; i++) {
        count += ids[i] == PADDING ? 0 : 1;
      }
    }
    long[] own = new long[count];
    int filled = 0;
    for (int step = worker * batchSize; step < ids.length; step += workers * batchSize) {
      for (int i = step; i < step + batchSize; i++) {
        if (ids[i] != PADDING) {
          own[filled++] = ids[i];
        }
      }
    }
    return own;
  }
}
