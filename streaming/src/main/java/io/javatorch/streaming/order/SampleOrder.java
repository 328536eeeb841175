package io.javatorch.streaming.order;

import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/**
 * The order in which the ranks of a run read a data set. It depends on the number of samples in
 * each shard, on the settings below, and on where an epoch starts; never on what is read. Equal to
 * the order of the Python library (mosaicml-streaming 0.13.0). Immutable and thread-safe.
 *
 * <p>Only one rank's share is held, and one canonical node's samples while it is computed.
 */
public final class SampleOrder {
  private final long[][] shardSizes;
  private final long[] choose;
  private final boolean shuffle;
  private final ShuffleAlgorithm shuffleAlgorithm;
  private final long shuffleBlockSize;
  private final PartitionAlgorithm partitionAlgorithm;
  private final SamplingMethod samplingMethod;
  private final long samplingGranularity;
  private final long epochSize;

  private SampleOrder(Builder builder) {
    shardSizes = builder.shardSizes;
    shuffle = builder.shuffle;
    shuffleAlgorithm = builder.shuffleAlgorithm;
    shuffleBlockSize = builder.shuffleBlockSize;
    partitionAlgorithm = builder.partitionAlgorithm;
    samplingMethod = builder.samplingMethod;
    samplingGranularity = builder.samplingGranularity;
    choose = new long[shardSizes.length];
    for (int i = 0; i < choose.length; i++) {
      choose[i] = Arrays.stream(shardSizes[i]).sum();
    }
    epochSize = Arrays.stream(choose).sum();
  }

  /**
   * Starts from the Python library's defaults: no shuffle.
   *
   * @param shardSizes samples in each shard of each stream, in the order of the index
   */
  public static Builder builder(List<long[]> shardSizes) {
    return new Builder(shardSizes);
  }

  /** Samples of an epoch over all ranks, without padding. */
  public long epochSize() {
    return epochSize;
  }

  /**
   * The share of one rank.
   *
   * @throws IllegalArgumentException if the start does not fit the data set, or the topology, the
   *     canonical nodes and the number of samples do not fit together
   */
  public RankOrder ofRank(EpochStart start, Topology topology, int node, int rankOfNode) {
    if (node < 0
        || node >= topology.nodes()
        || rankOfNode < 0
        || rankOfNode >= topology.ranksPerNode()) {
      throw new IllegalArgumentException(
          "node " + node + ", rank " + rankOfNode + " is not part of " + topology);
    }
    Resampling resampling = resample(start, 0, shardSizes.length);
    Partition partition =
        Partition.of(
            partitionAlgorithm,
            epochSize,
            start.canonicalNodes(),
            topology,
            start.sampleInEpoch(),
            start.initialNodes());
    long steps = partition.stepsPerRank();
    if (steps > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(
          "an epoch of "
              + epochSize
              + " samples gives each rank "
              + steps
              + ", at most 2^31 can"
              + " be held: use more ranks or a smaller epoch size");
    }
    long[] ids = new long[(int) steps];
    for (int step = 0; step < ids.length; step++) {
      ids[step] = partition.at(node, rankOfNode, step);
    }
    if (shuffle) {
      shuffle(ids, resampling.unitSizes(), epochSize, start, blockSize(start.canonicalNodes()));
    }
    for (int step = 0; step < ids.length; step++) {
      if (ids[step] != Partition.PADDING) {
        ids[step] = resampling.sampleAt(ids[step]);
      }
    }
    return new RankOrder(ids, topology.workersPerRank(), topology.batchSize());
  }

  /** Replaces positions by what the shuffle puts there. */
  private void shuffle(
      long[] positions, long[] unitSizes, long total, EpochStart start, long blockSize) {
    int nodes = start.canonicalNodes();
    // Steps sorted by canonical node, so that the nodes can be made one after another.
    int[] nodeEnd = new int[nodes + 1];
    for (long position : positions) {
      if (position != Partition.PADDING) {
        nodeEnd[nodeOf(position, total, nodes) + 1]++;
      }
    }
    var wanted = new BitSet(nodes);
    for (int node = 0; node < nodes; node++) {
      if (nodeEnd[node + 1] > 0) {
        wanted.set(node);
      }
      nodeEnd[node + 1] += nodeEnd[node];
    }
    int[] steps = new int[nodeEnd[nodes]];
    for (int step = 0; step < positions.length; step++) {
      if (positions[step] != Partition.PADDING) {
        steps[nodeEnd[nodeOf(positions[step], total, nodes)]++] = step;
      }
    }
    new Shuffle(unitSizes, nodes, start.seed(), start.epoch(), blockSize)
        .visit(
            shuffleAlgorithm,
            wanted,
            (node, samples, offset) -> {
              long begin = Spans.nodeBegin(total, nodes, node);
              for (int i = node == 0 ? 0 : nodeEnd[node - 1]; i < nodeEnd[node]; i++) {
                int step = steps[i];
                positions[step] = samples[offset + (int) (positions[step] - begin)];
              }
            });
  }

  private static int nodeOf(long position, long total, int nodes) {
    return nodes == 1 ? 0 : (int) ((Math.multiplyExact(position + 1, (long) nodes) - 1) / total);
  }

  private Resampling resample(EpochStart start, int fromStream, int toStream) {
    return Resampling.of(
        shardSizes,
        choose,
        fromStream,
        toStream,
        new Resampling.Settings(
            samplingMethod, samplingGranularity, shuffle, start.seed(), start.epoch()));
  }

  private long blockSize(int canonicalNodes) {
    return shuffleBlockSize == 0 ? Math.max(4_000_000 / canonicalNodes, 1 << 18) : shuffleBlockSize;
  }

  /** Collects the settings. */
  public static final class Builder {
    private final long[][] shardSizes;
    private boolean shuffle;
    private ShuffleAlgorithm shuffleAlgorithm = ShuffleAlgorithm.PY1E;
    private long shuffleBlockSize;
    private PartitionAlgorithm partitionAlgorithm = PartitionAlgorithm.RELAXED;
    private SamplingMethod samplingMethod = SamplingMethod.BALANCED;
    private long samplingGranularity = 1;

    private Builder(List<long[]> shardSizes) {
      if (shardSizes.isEmpty()) {
        throw new IllegalArgumentException("a data set needs at least one stream");
      }
      this.shardSizes = new long[shardSizes.size()][];
      for (int i = 0; i < this.shardSizes.length; i++) {
        this.shardSizes[i] = shardSizes.get(i).clone();
        if (Arrays.stream(this.shardSizes[i]).sum() == 0) {
          throw new IllegalArgumentException("stream " + i + " has no samples");
        }
      }
    }

    /** Whether to shuffle; default false. */
    public Builder shuffle(boolean value) {
      shuffle = value;
      return this;
    }

    /** How to shuffle; default {@link ShuffleAlgorithm#PY1E}. */
    public Builder shuffleAlgorithm(ShuffleAlgorithm value) {
      shuffleAlgorithm = value;
      return this;
    }

    /**
     * Samples in a block of those algorithms that shuffle in blocks; default {@code max(4,000,000 /
     * canonicalNodes, 2^18)}.
     */
    public Builder shuffleBlockSize(long value) {
      if (value < 1) {
        throw new IllegalArgumentException("shuffle block size must be at least 1, got " + value);
      }
      shuffleBlockSize = value;
      return this;
    }

    /** How to divide; default {@link PartitionAlgorithm#RELAXED}. */
    public Builder partitionAlgorithm(PartitionAlgorithm value) {
      partitionAlgorithm = value;
      return this;
    }

    /** What to draw where not all is drawn; default {@link SamplingMethod#BALANCED}. */
    public Builder samplingMethod(SamplingMethod value) {
      samplingMethod = value;
      return this;
    }

    /** Samples drawn from the same shard at a time; default 1. */
    public Builder samplingGranularity(long value) {
      if (value < 1) {
        throw new IllegalArgumentException("sampling granularity must be at least 1, got " + value);
      }
      samplingGranularity = value;
      return this;
    }

    /** The order for these settings. */
    public SampleOrder build() {
      return new SampleOrder(this);
    }
  }
}
