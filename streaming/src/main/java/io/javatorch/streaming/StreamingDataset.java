package io.javatorch.streaming;

import io.javatorch.streaming.cache.ShardCache;
import io.javatorch.streaming.format.MalformedShardException;
import io.javatorch.streaming.format.Sample;
import io.javatorch.streaming.format.ShardIndex;
import io.javatorch.streaming.format.ShardInfo;
import io.javatorch.streaming.order.EpochStart;
import io.javatorch.streaming.order.PartitionAlgorithm;
import io.javatorch.streaming.order.RankOrder;
import io.javatorch.streaming.order.SampleOrder;
import io.javatorch.streaming.order.ShuffleAlgorithm;
import io.javatorch.streaming.order.StreamShards;
import io.javatorch.streaming.order.Topology;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * A data set of MDS shards, divided over the ranks of a run: which samples this rank reads, in
 * which order, and the samples themselves. Order and state equal the Python library's.
 *
 * <pre>{@code
 * try (var dataset = StreamingDataset.builder()
 *         .local(Path.of("/data/digits"))
 *         .batchSize(64)
 *         .shuffle(true)
 *         .world(context.world())
 *         .build();
 *     var loader = StreamingDataLoader.builder(dataset)
 *         .workers(2)
 *         .build(sample -> sample.getLong("label"))) {
 *   for (int epoch = 0; epoch < 3; epoch++) {
 *     for (List<Long> labels : loader) {
 *       train(labels);
 *       save(loader.state().toJson()); // loader.loadState(LoaderState.fromJson(...)) goes on here
 *     }
 *   }
 * }
 * }</pre>
 *
 * <p>Thread-safe. It holds no position: loaders do.
 */
public final class StreamingDataset implements AutoCloseable {
  private final Path directory;
  private final ShardCache cache;
  private final long[] shardOffsets;
  private final SampleOrder order;
  private final int numCanonicalNodes;
  private final long shuffleSeed;
  private final int batchSize;
  private final World world;
  private final World readingWorld;

  private StreamingDataset(Builder builder) throws IOException {
    if (builder.local == null) {
      throw new IllegalArgumentException("set local to the directory of the data set");
    }
    directory = builder.local;
    world = builder.world;
    if (!world.isEven()) {
      throw new IllegalArgumentException(
          world
              + " is uneven: every node must hold the same number of ranks, numbered node after"
              + " node; pass world.asSingleNode() on all ranks");
    }
    readingWorld = replicate(world, builder.replication);
    batchSize = builder.batchSize;
    shuffleSeed = builder.shuffleSeed;
    numCanonicalNodes =
        builder.numCanonicalNodes > 0
            ? builder.numCanonicalNodes
            : builder.shuffleAlgorithm.defaultCanonicalNodes(readingWorld.numNodes());
    ShardIndex index = readIndex(directory);
    List<ShardInfo> shards = index.shards();
    if (index.samples() == 0) {
      throw new IllegalArgumentException("the data set " + directory + " has no samples");
    }
    shardOffsets = new long[shards.size() + 1];
    for (int i = 0; i < shards.size(); i++) {
      shardOffsets[i + 1] = shardOffsets[i] + shards.get(i).samples();
    }
    var orderBuilder =
        SampleOrder.builder(
                List.of(new StreamShards(shards.stream().mapToLong(ShardInfo::samples).toArray())))
            .shuffle(builder.shuffle)
            .shuffleAlgorithm(builder.shuffleAlgorithm)
            .partitionAlgorithm(builder.partitionAlgorithm);
    if (builder.shuffleBlockSize > 0) {
      orderBuilder.shuffleBlockSize(builder.shuffleBlockSize);
    }
    order = orderBuilder.build();
    cache =
        new ShardCache(
            directory,
            builder.cacheDirectory == null ? directory : builder.cacheDirectory,
            shards,
            builder.validateHash.stream().toList());
  }

  /** Starts from the Python library's defaults, and a world of one process. */
  public static Builder builder() {
    return new Builder();
  }

  /** Samples in the shards. */
  public long size() {
    return shardOffsets[shardOffsets.length - 1];
  }

  /** Samples that an epoch reads over all ranks, without padding. */
  public long epochSize() {
    return order.epochSize();
  }

  /** Samples that an epoch gives each rank: {@code len(dataset)} in Python. */
  public long samplesPerRank() {
    return (order.epochSize() + readingWorld.worldSize() - 1) / readingWorld.worldSize();
  }

  /**
   * A sample by its id, which is its place in the index's order of shards.
   *
   * @throws IndexOutOfBoundsException if there is no such sample
   * @throws MalformedShardException if its shard is damaged
   * @throws UncheckedIOException if its shard cannot be read
   */
  public Sample get(long id) {
    if (id < 0 || id >= size()) {
      throw new IndexOutOfBoundsException(
          "sample " + id + " of " + directory + ", which has " + size());
    }
    int shard = Arrays.binarySearch(shardOffsets, id);
    if (shard < 0) {
      shard = -shard - 2;
    }
    // Empty shards begin where the next one does.
    while (shardOffsets[shard + 1] == id) {
      shard++;
    }
    return cache.get(shard, (int) (id - shardOffsets[shard]));
  }

  /** The world that the data set is divided over. */
  public World world() {
    return world;
  }

  /** Samples a batch on each rank, 0 if none was set. */
  public int batchSize() {
    return batchSize;
  }

  /** Where a new run begins. */
  public LoaderState start() {
    return new LoaderState(
        0, 0, numCanonicalNodes, shuffleSeed, readingWorld.numNodes(), order.epochSize());
  }

  /**
   * This rank's samples in one epoch, from the state on.
   *
   * @param from where the epoch is to be taken up
   * @param resumed whether {@code from} was loaded, so that its initial nodes count
   * @param workers loader workers of this rank, at least 1
   * @throws IllegalArgumentException if the state does not fit this data set and world, or no batch
   *     size is set
   */
  RankOrder order(LoaderState from, boolean resumed, int workers) {
    checkFits(from);
    if (batchSize == 0) {
      throw new IllegalArgumentException(
          "set batchSize on the data set: it decides which samples each rank reads");
    }
    var start =
        new EpochStart(
            from.epoch(),
            Math.min(from.sampleInEpoch(), longestEpoch()),
            from.numCanonicalNodes(),
            from.shuffleSeed(),
            resumed ? from.initialPhysicalNodes() : 0);
    return order.ofRank(
        start,
        new Topology(readingWorld.numNodes(), readingWorld.localWorldSize(), workers, batchSize),
        readingWorld.nodeRank(),
        readingWorld.localRank());
  }

  /**
   * Checks that a state can be one of this data set.
   *
   * @throws IllegalArgumentException if not
   */
  void checkFits(LoaderState state) {
    if (state.epochSize() != 0 && state.epochSize() != order.epochSize()) {
      throw new IllegalArgumentException(
          "the loader state is of a data set with "
              + state.epochSize()
              + " samples an epoch, but "
              + directory
              + " has "
              + order.epochSize()
              + ": resume with the data set and settings that the state was saved with");
    }
    if (state.epochSize() == 0 && state.sampleInEpoch() > longestEpoch()) {
      throw new IllegalArgumentException(
          "the loader state says that "
              + state.sampleInEpoch()
              + " samples of epoch "
              + state.epoch()
              + " have been read, but "
              + directory
              + " has "
              + order.epochSize()
              + " an epoch: the state is of another data set");
    }
  }

  /** The most samples that an epoch can count: the last round of ranks is filled up. */
  private long longestEpoch() {
    int ranks = readingWorld.worldSize();
    return order.epochSize() + ranks - order.epochSize() % ranks;
  }

  /** Samples of the whole run that are behind when this rank has read {@code count}. */
  long acrossRanks(long count) {
    return Math.multiplyExact(count, (long) readingWorld.worldSize());
  }

  private static World replicate(World world, int replication) {
    if (replication == 1) {
      return world;
    }
    if (world.worldSize() % replication != 0) {
      throw new IllegalArgumentException(
          "a replication of "
              + replication
              + " does not divide the "
              + world.worldSize()
              + " ranks");
    }
    int ranks = world.worldSize() / replication;
    int nodes = ranks % world.localWorldSize() == 0 ? ranks / world.localWorldSize() : 1;
    return World.of(world.rank() / replication, nodes, ranks / nodes);
  }

  private static ShardIndex readIndex(Path directory) throws IOException {
    try {
      return ShardIndex.read(directory);
    } catch (NoSuchFileException e) {
      var missing =
          new NoSuchFileException(
              directory.resolve(ShardIndex.BASENAME).toString(),
              null,
              "it is the data set's index; is local the right directory, and was its writer"
                  + " finished?");
      missing.initCause(e);
      throw missing;
    }
  }

  /** Closes the shards; samples that were taken stay readable. */
  @Override
  public void close() {
    try {
      cache.close();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot close " + directory, e);
    }
  }

  /** Collects the settings. */
  public static final class Builder {
    private Path local;
    private Path cacheDirectory;
    private Optional<String> validateHash = Optional.empty();
    private int batchSize;
    private boolean shuffle;
    private ShuffleAlgorithm shuffleAlgorithm = ShuffleAlgorithm.PY1E;
    private long shuffleSeed = 9176;
    private long shuffleBlockSize;
    private int numCanonicalNodes;
    private PartitionAlgorithm partitionAlgorithm = PartitionAlgorithm.RELAXED;
    private int replication = 1;
    private World world = World.single();

    private Builder() {}

    /** The directory with the index and the shards. Required. */
    public Builder local(Path value) {
      local = value;
      return this;
    }

    /**
     * Where compressed shards are decompressed to; default the data set's directory itself, as the
     * Python library does. The ranks of a host share it.
     */
    public Builder cacheDirectory(Path value) {
      cacheDirectory = value;
      return this;
    }

    /** A hash of the index, such as {@code xxh64}, to verify shards by; default none. */
    public Builder validateHash(String value) {
      validateHash = Optional.of(value);
      return this;
    }

    /** Samples a batch on each rank. Required to iterate: the order depends on it. */
    public Builder batchSize(int value) {
      batchSize = positive("batchSize", value);
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

    /** Seed of the shuffle, not negative; default 9176. */
    public Builder shuffleSeed(long value) {
      if (value < 0) {
        throw new IllegalArgumentException("shuffleSeed must not be negative, got " + value);
      }
      shuffleSeed = value;
      return this;
    }

    /** Samples shuffled together; default {@code max(4,000,000 / canonical nodes, 2^18)}. */
    public Builder shuffleBlockSize(long value) {
      if (value < 1) {
        throw new IllegalArgumentException("shuffleBlockSize must be at least 1, got " + value);
      }
      shuffleBlockSize = value;
      return this;
    }

    /**
     * Parts that the samples are divided into for shuffling; it and the number of nodes must divide
     * one another. Default 64 × nodes for py1s and py2s, else the number of nodes. A state that is
     * loaded overrides it.
     */
    public Builder numCanonicalNodes(int value) {
      numCanonicalNodes = positive("numCanonicalNodes", value);
      return this;
    }

    /** How samples are divided; default {@link PartitionAlgorithm#RELAXED}. */
    public Builder partitionAlgorithm(PartitionAlgorithm value) {
      partitionAlgorithm = value;
      return this;
    }

    /** How many consecutive ranks read the same samples; default 1. */
    public Builder replication(int value) {
      replication = positive("replication", value);
      return this;
    }

    /** Where this process stands among the ranks; default a single process. */
    public Builder world(World value) {
      world = value;
      return this;
    }

    /**
     * Reads the index.
     *
     * @throws IllegalArgumentException if a setting is missing or does not fit the others
     * @throws MalformedShardException if the index is not valid
     * @throws UncheckedIOException if it cannot be read
     */
    public StreamingDataset build() {
      try {
        return new StreamingDataset(this);
      } catch (IOException e) {
        throw new UncheckedIOException("cannot read the data set " + local + ": " + e, e);
      }
    }

    private static int positive(String name, int value) {
      if (value < 1) {
        throw new IllegalArgumentException(name + " must be at least 1, got " + value);
      }
      return value;
    }
  }
}
