package io.javatorch.streaming.order;

/**
 * Which position of the (yet unshuffled) sample space each rank reads at each of its steps.
 * Computed on demand: nothing is held per sample.
 *
 * <p>A rank's steps run through its batches as its workers take turns to give them: batch 0 of
 * worker 0, batch 0 of worker 1, …, batch 1 of worker 0, ….
 */
interface Partition {
  /** The position that stands for padding, where a rank has no sample. */
  long PADDING = -1;

  /** Steps of each rank: a multiple of workers × batch size, the same for all ranks. */
  long stepsPerRank();

  /**
   * Samples that all ranks together have read at the end of the epoch, those included that are
   * repeated because canonical nodes, nodes and ranks do not divide the samples; those that were
   * dropped count.
   */
  long epochLength();

  /** Batches of all ranks together that hold no padding; they come first. */
  long fullGlobalBatches();

  /** Position read at a step, or {@link #PADDING}. */
  long at(int node, int rankOfNode, long step);

  /**
   * The division for a topology.
   *
   * @param samples samples of the epoch
   * @param canonicalNodes parts of the sample space
   * @param dropFirst samples of the epoch that have been read
   * @param initialNodes nodes that the run began on, 0 if it begins now or that is not known
   * @throws IllegalArgumentException if nodes do not divide as the algorithm needs, or {@code
   *     dropFirst} is past the epoch's end
   */
  static Partition of(
      PartitionAlgorithm algorithm,
      long samples,
      int canonicalNodes,
      Topology topology,
      long dropFirst,
      int initialNodes) {
    boolean divides = divides(canonicalNodes, topology.nodes());
    Partition partition =
        algorithm == PartitionAlgorithm.ORIG || initialNodes == 0 || divides
            ? new DirectPartition(samples, canonicalNodes, topology, dropFirst)
            : new ReshapedPartition(samples, canonicalNodes, topology, dropFirst, initialNodes);
    // The Python library lets a whole round of ranks pass where they divide the samples.
    int ranks = topology.ranks();
    if (dropFirst > Math.max(partition.epochLength(), samples + ranks - samples % ranks)) {
      throw new IllegalArgumentException(
          "cannot resume after sample "
              + dropFirst
              + " of an epoch that has "
              + samples
              + " ("
              + partition.epochLength()
              + " with what is repeated to fill up): the state belongs to a larger data set");
    }
    return partition;
  }

  /** Whether one of the two is a multiple of the other. */
  static boolean divides(int canonicalNodes, int nodes) {
    return canonicalNodes >= nodes ? canonicalNodes % nodes == 0 : nodes % canonicalNodes == 0;
  }
}
