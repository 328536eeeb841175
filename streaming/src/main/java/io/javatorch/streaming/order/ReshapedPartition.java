package io.javatorch.streaming.order;

/**
 * The division {@code relaxed} on a number of nodes that does not divide: the global batches of the
 * initial nodes, dealt out anew over the nodes there are.
 */
final class ReshapedPartition implements Partition {
  private final Topology topology;
  private final Topology initial;
  private final Partition partition;

  ReshapedPartition(
      long samples, int canonicalNodes, Topology topology, long dropFirst, int initialNodes) {
    long initialRanks = (long) initialNodes * topology.ranksPerNode();
    if (topology.globalBatchSize() % initialRanks != 0) {
      throw new IllegalArgumentException(
          "the global batch size "
              + topology.globalBatchSize()
              + " is no multiple of the "
              + initialRanks
              + " ranks that the run began with: keep the global batch size when resuming on"
              + " another number of nodes");
    }
    this.topology = topology;
    initial =
        new Topology(
            initialNodes,
            topology.ranksPerNode(),
            topology.workersPerRank(),
            Math.toIntExact(topology.globalBatchSize() / initialRanks));
    partition = new DirectPartition(samples, canonicalNodes, initial, dropFirst);
  }

  @Override
  public long stepsPerRank() {
    return partition.stepsPerRank() / initial.batchSize() * topology.batchSize();
  }

  /** Ranks can differ by less than a batch, so this counts the last one in full. */
  @Override
  public long epochLength() {
    long globalBatch = topology.globalBatchSize();
    return (partition.epochLength() + globalBatch - 1) / globalBatch * globalBatch;
  }

  @Override
  public long fullGlobalBatches() {
    return partition.fullGlobalBatches();
  }

  @Override
  public long at(int node, int rankOfNode, long step) {
    long batch = step / topology.batchSize();
    int rank = node * topology.ranksPerNode() + rankOfNode;
    long inGlobalBatch = (long) rank * topology.batchSize() + step % topology.batchSize();
    int initialRank = (int) (inGlobalBatch / initial.batchSize());
    return partition.at(
        initialRank / initial.ranksPerNode(),
        initialRank % initial.ranksPerNode(),
        batch * initial.batchSize() + inGlobalBatch % initial.batchSize());
  }
}
