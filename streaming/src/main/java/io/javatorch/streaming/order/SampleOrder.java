package io.javatorch.streaming.order;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HexFormat;
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
  private final StreamMix mix;
  private final BatchingMethod batchingMethod;
  private final boolean shuffle;
  private final ShuffleAlgorithm shuffleAlgorithm;
  private final long shuffleBlockSize;
  private final PartitionAlgorithm partitionAlgorithm;
  private final SamplingMethod samplingMethod;
  private final long samplingGranularity;
  private final long epochSize;
  private final String shardsDigest;

  private SampleOrder(Builder builder) {
    shardSizes = builder.streams.stream().map(StreamShards::shardSizes).toArray(long[][]::new);
    shuffle = builder.shuffle;
    shuffleAlgorithm = builder.shuffleAlgorithm;
    shuffleBlockSize = builder.shuffleBlockSize;
    partitionAlgorithm = builder.partitionAlgorithm;
    samplingMethod = builder.samplingMethod;
    samplingGranularity = builder.samplingGranularity;
    batchingMethod = builder.batchingMethod;
    mix = StreamMix.of(builder.streams, builder.epochSize, builder.seed);
    epochSize = mix.epochSize();
    shardsDigest = shardsDigest();
  }

  /**
   * Starts from the Python library's defaults: no shuffle.
   *
   * @throws IllegalArgumentException if there is no stream, or one has no samples
   */
  public static Builder builder(List<StreamShards> streams) {
    return new Builder(streams);
  }

  /** Samples of an epoch over all ranks, without padding. */
  public long epochSize() {
    return epochSize;
  }

  /**
   * What an epoch's order follows from, beside what an {@link EpochStart} and a {@link Topology}
   * say: equal for orders that are equal. One line, for messages and to be kept with a state.
   *
   * @param canonicalNodes those of the epoch, which the default size of a block depends on
   */
  public String description(int canonicalNodes) {
    return (shuffle
            ? shuffleAlgorithm.pythonName()
                + (shuffleAlgorithm.hasBlocks() ? ", blocks of " + blockSize(canonicalNodes) : "")
            : "unshuffled")
        + ", batching "
        + batchingMethod.pythonName()
        + ", sampling "
        + samplingMethod.pythonName()
        + " by "
        + samplingGranularity
        + ", shards "
        + shardsDigest;
  }

  private String shardsDigest() {
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
    for (int stream = 0; stream < shardSizes.length; stream++) {
      long[] sizes = shardSizes[stream];
      var bytes = ByteBuffer.allocate(8 * (sizes.length + 2));
      bytes.putLong(mix.choose()[stream]).putLong(sizes.length).asLongBuffer().put(sizes);
      digest.update(bytes.array());
    }
    return HexFormat.of().formatHex(digest.digest(), 0, 8);
  }

  /**
   * The most samples that all ranks together count in an epoch: with those that are repeated to
   * fill up, and at most a round of batches more.
   *
   * @param start its sample does not matter
   * @throws IllegalArgumentException as {@link #ofRank}
   */
  public long longestEpoch(EpochStart start, Topology topology) {
    if (batchingMethod == BatchingMethod.RANDOM) {
      return Partition.of(
              partitionAlgorithm,
              epochSize,
              start.canonicalNodes(),
              topology,
              0,
              start.initialNodes())
          .epochLength();
    }
    var whole =
        new EpochStart(
            start.epoch(), 0, start.canonicalNodes(), start.seed(), start.initialNodes());
    return layout(whole, topology, groups(whole)).ofRank(0, 0).steps() * topology.ranks();
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
    Group[] groups = groups(start);
    RankLayout layout = layout(start, topology, groups).ofRank(node, rankOfNode);
    long steps = layout.steps();
    if (steps > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(
          "an epoch of "
              + epochSize
              + " samples gives each rank "
              + steps
              + ", at most 2^31 can be held: use more ranks or a smaller epoch size");
    }
    long[] ids = new long[(int) steps];
    for (int step = 0; step < ids.length; step++) {
      ids[step] = layout.position(step);
    }
    if (groups.length == 1) {
      resolve(ids, groups[0], start);
    } else {
      resolveEach(ids, layout, groups, start);
    }
    return new RankOrder(ids, topology.workersPerRank(), topology.batchSize());
  }

  /**
   * The order of all ranks together. Shuffled, it takes 8 bytes a sample of memory or, above a few
   * million samples, of a temporary file; and memory for one canonical node while it is made.
   *
   * @throws IllegalArgumentException as {@link #ofRank}
   * @throws IOException if the temporary file cannot be written
   */
  public GlobalOrder global(EpochStart start, Topology topology) throws IOException {
    Group[] groups = groups(start);
    Layouts.WorldLayout layout = layout(start, topology, groups);
    var parts = new GlobalOrder.Part[groups.length];
    for (int i = 0; i < groups.length; i++) {
      Resampling resampling = groups[i].resampling();
      parts[i] =
          new GlobalOrder.Part(
              shuffle && resampling.size() > 0
                  ? ShuffledIds.of(shuffle(groups[i], start), shuffleAlgorithm)
                  : null,
              resampling);
    }
    return new GlobalOrder(layout, topology, parts);
  }

  private Shuffle shuffle(Group group, EpochStart start) {
    return new Shuffle(
        group.resampling().unitSizes(),
        start.canonicalNodes(),
        start.seed(),
        start.epoch(),
        group.blockSize());
  }

  /** Streams that are shuffled together: all of them, or each by itself. */
  private record Group(Resampling resampling, long blockSize) {}

  private long blockSize(int canonicalNodes) {
    return shuffleBlockSize == 0 ? Math.max(4_000_000 / canonicalNodes, 1 << 18) : shuffleBlockSize;
  }

  private Group[] groups(EpochStart start) {
    long blockSize = blockSize(start.canonicalNodes());
    int streams = shardSizes.length;
    if (batchingMethod == BatchingMethod.RANDOM) {
      return new Group[] {new Group(resample(start, 0, streams), blockSize)};
    }
    var groups = new Group[streams];
    for (int stream = 0; stream < streams; stream++) {
      if (mix.choose()[stream] == 0) {
        throw new IllegalArgumentException(
            "stream "
                + stream
                + " has no samples in an epoch of "
                + epochSize
                + ", but "
                + batchingMethod.pythonName()
                + " batching needs some of each: raise the epoch size or the stream's weight");
      }
      long share = (long) (blockSize * mix.proportion()[stream]);
      if (shuffle && share == 0 && batchingMethod == BatchingMethod.DEVICE_PER_STREAM) {
        throw new IllegalArgumentException(
            "stream "
                + stream
                + "'s share of the shuffle block size "
                + blockSize
                + " is less than one sample: raise the block size or the stream's proportion");
      }
      groups[stream] = new Group(resample(start, stream, stream + 1), share);
    }
    return groups;
  }

  private Layouts.WorldLayout layout(EpochStart start, Topology topology, Group[] groups) {
    var layouts = new Layouts(partitionAlgorithm, start, topology);
    if (batchingMethod == BatchingMethod.RANDOM) {
      return layouts.random(epochSize);
    }
    long[] samples = Arrays.stream(groups).mapToLong(group -> group.resampling().size()).toArray();
    return switch (batchingMethod) {
      case RANDOM -> throw new IllegalStateException();
      case STRATIFIED -> layouts.stratified(samples, mix.proportion());
      case PER_STREAM -> layouts.perStream(samples, batchRandom(start));
      case DEVICE_PER_STREAM -> layouts.devicePerStream(samples, batchRandom(start));
    };
  }

  private NumPyRandom batchRandom(EpochStart start) {
    return NumPyRandom.seeded(
        shuffle && samplingMethod == SamplingMethod.BALANCED
            ? Math.addExact(start.seed(), start.epoch())
            : start.seed());
  }

  private void resolveEach(long[] ids, RankLayout layout, Group[] groups, EpochStart start) {
    int[] groupEnd = new int[groups.length + 1];
    for (int step = 0; step < ids.length; step++) {
      if (ids[step] != Partition.PADDING) {
        groupEnd[layout.group(step) + 1]++;
      }
    }
    for (int group = 0; group < groups.length; group++) {
      groupEnd[group + 1] += groupEnd[group];
    }
    int[] steps = new int[groupEnd[groups.length]];
    for (int step = 0; step < ids.length; step++) {
      if (ids[step] != Partition.PADDING) {
        steps[groupEnd[layout.group(step)]++] = step;
      }
    }
    for (int group = 0; group < groups.length; group++) {
      int from = group == 0 ? 0 : groupEnd[group - 1];
      long[] own = new long[groupEnd[group] - from];
      for (int i = 0; i < own.length; i++) {
        own[i] = ids[steps[from + i]];
      }
      resolve(own, groups[group], start);
      for (int i = 0; i < own.length; i++) {
        ids[steps[from + i]] = own[i];
      }
    }
  }

  /** Turns positions of a group's sample space into the samples that are read there. */
  private void resolve(long[] positions, Group group, EpochStart start) {
    Resampling resampling = group.resampling();
    if (shuffle) {
      shuffle(positions, resampling.size(), start, group);
    }
    for (int i = 0; i < positions.length; i++) {
      if (positions[i] != Partition.PADDING) {
        positions[i] = resampling.sampleAt(positions[i]);
      }
    }
  }

  /** Replaces positions by what the shuffle puts there. */
  private void shuffle(long[] positions, long total, EpochStart start, Group group) {
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
    shuffle(group, start)
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
        mix.choose(),
        fromStream,
        toStream,
        new Resampling.Settings(
            samplingMethod, samplingGranularity, shuffle, start.seed(), start.epoch()));
  }

  /** Collects the settings. */
  public static final class Builder {
    private final List<StreamShards> streams;
    private long epochSize;
    private long seed = 9176;
    private BatchingMethod batchingMethod = BatchingMethod.RANDOM;
    private boolean shuffle;
    private ShuffleAlgorithm shuffleAlgorithm = ShuffleAlgorithm.PY1E;
    private long shuffleBlockSize;
    private PartitionAlgorithm partitionAlgorithm = PartitionAlgorithm.RELAXED;
    private SamplingMethod samplingMethod = SamplingMethod.BALANCED;
    private long samplingGranularity = 1;

    private Builder(List<StreamShards> streams) {
      if (streams.isEmpty()) {
        throw new IllegalArgumentException("a data set needs at least one stream");
      }
      this.streams = List.copyOf(streams);
      for (int i = 0; i < streams.size(); i++) {
        if (streams.get(i).samples() == 0) {
          throw new IllegalArgumentException("stream " + i + " has no samples");
        }
      }
    }

    /** Samples of an epoch; default what follows from the streams' weights. */
    public Builder epochSize(long value) {
      if (value < 1) {
        throw new IllegalArgumentException("epoch size must be at least 1, got " + value);
      }
      epochSize = value;
      return this;
    }

    /**
     * Decides which streams get the samples that rounding their weights leaves over; default 9176.
     * The seed of an epoch's order is that of its {@link EpochStart}.
     */
    public Builder seed(long value) {
      seed = value;
      return this;
    }

    /** How streams are put together in batches; default {@link BatchingMethod#RANDOM}. */
    public Builder batchingMethod(BatchingMethod value) {
      batchingMethod = value;
      return this;
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
