package io.javatorch.streaming.order;

/**
 * The samples of all ranks in one epoch, from where it starts. Immutable and thread-safe; what it
 * keeps on disk goes with it.
 *
 * <p>A worker's batches are numbered from 0. The order of the run goes through batch 0 of worker 0
 * of every rank, batch 0 of worker 1 of every rank, …, batch 1 of worker 0, …, with the ranks of
 * one node after another: the Python library's array of sample ids, transposed to (batch, worker,
 * node, rank, sample).
 */
public final class GlobalOrder {
  private final RankLayout[] ranks;
  private final Topology topology;
  private final Part[] parts;
  private final long batches;

  /** A group's samples: its shuffle, null if it has none, and what its places mean. */
  record Part(ShuffledIds shuffled, Resampling resampling) {
    long sampleAt(long position) {
      return resampling.sampleAt(shuffled == null ? position : shuffled.at(position));
    }
  }

  GlobalOrder(Layouts.WorldLayout layout, Topology topology, Part[] parts) {
    this.topology = topology;
    this.parts = parts;
    ranks = new RankLayout[topology.ranks()];
    for (int rank = 0; rank < ranks.length; rank++) {
      ranks[rank] = layout.ofRank(rank / topology.ranksPerNode(), rank % topology.ranksPerNode());
    }
    batches = ranks[0].steps() / topology.batchSize() / topology.workersPerRank();
  }

  /** Batches of each worker, the same for all; the last ones may hold padding alone. */
  public long batchesPerWorker() {
    return batches;
  }

  /**
   * One batch.
   *
   * @param batch which of the worker's batches, less than {@link #batchesPerWorker}
   * @param worker which worker of the rank
   * @param rank which rank of all
   * @return as many ids as the batch size, {@link RankOrder#PADDING} where there is no sample
   */
  public long[] batch(long batch, int worker, int rank) {
    int size = topology.batchSize();
    long first = (batch * topology.workersPerRank() + worker) * size;
    RankLayout layout = ranks[rank];
    long[] ids = new long[size];
    for (int i = 0; i < size; i++) {
      long position = layout.position(first + i);
      ids[i] =
          position == Partition.PADDING
              ? RankOrder.PADDING
              : parts[layout.group(first + i)].sampleAt(position);
    }
    return ids;
  }
}
