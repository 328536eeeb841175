package io.javatorch.streaming.order;

/**
 * The division {@code orig}. Read across, the sample space is a table with a row per canonical
 * node; the epoch goes down its columns, so that node n always draws on the same canonical nodes,
 * and what is left of an epoch after any number of samples can be dealt out again.
 */
final class DirectPartition implements Partition {
  private final long samples;
  private final int canonicalNodes;
  private final Topology topology;
  private final long dropFirst;

  /** Columns that hold samples, then columns that repeat earlier ones to fill up. */
  private final long columns;

  private final long paddedColumns;
  private final long repeatFrom;
  private final long repeatCount;
  private final boolean tiled;

  private final long samplesPerNode;
  private final long samplesPerRank;
  private final long steps;

  DirectPartition(long samples, int canonicalNodes, Topology topology, long dropFirst) {
    int nodes = topology.nodes();
    if (!Partition.divides(canonicalNodes, nodes)) {
      throw new IllegalArgumentException(
          "the number of nodes ("
              + nodes
              + ") and of canonical nodes ("
              + canonicalNodes
              + ") must divide one another; set numCanonicalNodes to a multiple of the nodes");
    }
    this.samples = samples;
    this.canonicalNodes = canonicalNodes;
    this.topology = topology;
    this.dropFirst = dropFirst - dropFirst % nodes;
    columns = (samples + canonicalNodes - 1) / canonicalNodes;
    int ratio = canonicalNodes < nodes ? nodes / canonicalNodes : 0;
    long fill = ratio == 0 ? 0 : (ratio - columns % ratio) % ratio;
    paddedColumns = columns + fill;
    tiled = samples < canonicalNodes || (samples == canonicalNodes && canonicalNodes < nodes);
    repeatFrom = Math.max(0, paddedColumns - 2 * fill - ratio + 1);
    repeatCount = Math.max(0, paddedColumns - fill - ratio + 1) - repeatFrom;
    if (!tiled && fill > 0 && repeatCount != fill && repeatCount != 1) {
      throw new IllegalArgumentException(
          samples
              + " samples are too few to divide over "
              + nodes
              + " nodes with "
              + canonicalNodes
              + " canonical nodes; raise numCanonicalNodes to the number of nodes or use fewer"
              + " nodes");
    }
    long left = Math.max(0, canonicalNodes * paddedColumns - this.dropFirst);
    samplesPerNode = left / nodes;
    int ranks = topology.ranksPerNode();
    samplesPerRank = (samplesPerNode + ranks - 1) / ranks;
    long round = (long) topology.workersPerRank() * topology.batchSize();
    steps = (samplesPerRank + round - 1) / round * round;
  }

  @Override
  public long stepsPerRank() {
    return steps;
  }

  @Override
  public long epochLength() {
    long ofNode = canonicalNodes * paddedColumns / topology.nodes();
    int ranks = topology.ranksPerNode();
    return (ofNode + ranks - 1) / ranks * topology.ranks();
  }

  @Override
  public long fullGlobalBatches() {
    return samplesPerRank / topology.batchSize();
  }

  @Override
  public long at(int node, int rankOfNode, long step) {
    if (step >= samplesPerRank) {
      return PADDING;
    }
    int ranks = topology.ranksPerNode();
    long index = step * ranks + rankOfNode;
    if (index >= samplesPerNode) {
      index = repeatFor(index - samplesPerNode);
    }
    long flat = dropFirst + index * topology.nodes() + node;
    return position((int) (flat % canonicalNodes), flat / canonicalNodes);
  }

  /** What the last, incomplete round of ranks reads instead. */
  private long repeatFor(long missing) {
    int ranks = topology.ranksPerNode();
    long lacking = ranks - samplesPerNode % ranks;
    if (ranks + lacking - 1 <= samplesPerNode) {
      return samplesPerNode - ranks - lacking + 1 + missing;
    }
    return missing % samplesPerNode;
  }

  private long position(int canonicalNode, long column) {
    if (tiled) {
      return (canonicalNode * paddedColumns + column) % samples;
    }
    if (column >= columns) {
      column = repeatFrom + (repeatCount == 1 ? 0 : column - columns);
    }
    long start = samples * canonicalNode / canonicalNodes;
    long stop = samples * (canonicalNode + 1) / canonicalNodes;
    // The last column of a short row repeats the one before.
    return column == columns - 1 && stop - start < columns ? start + column - 1 : start + column;
  }
}
