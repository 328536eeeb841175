package io.javatorch.streaming.order;

/**
 * What the samples are divided over.
 *
 * @param nodes physical nodes
 * @param ranksPerNode ranks on each node
 * @param workersPerRank loader workers of each rank, at least 1
 * @param batchSize samples a batch, per rank
 */
public record Topology(int nodes, int ranksPerNode, int workersPerRank, int batchSize) {
  /**
   * Checks that every count is at least 1.
   *
   * @throws IllegalArgumentException naming the count otherwise
   */
  public Topology {
    checkPositive("number of nodes", nodes);
    checkPositive("ranks per node", ranksPerNode);
    checkPositive("workers per rank", workersPerRank);
    checkPositive("batch size", batchSize);
  }

  /** Ranks on all nodes together. */
  public int ranks() {
    return Math.multiplyExact(nodes, ranksPerNode);
  }

  /** Samples in one batch of all ranks. */
  public long globalBatchSize() {
    return (long) ranks() * batchSize;
  }

  private static void checkPositive(String what, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(what + " must be at least 1, got " + value);
    }
  }
}
