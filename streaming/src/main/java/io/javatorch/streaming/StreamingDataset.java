package io.javatorch.streaming;

import io.javatorch.auth.CredentialsSource;
import io.javatorch.auth.DatabricksAuth;
import io.javatorch.streaming.cache.CacheMetrics;
import io.javatorch.streaming.cache.ShardCache;
import io.javatorch.streaming.cache.StreamFiles;
import io.javatorch.streaming.format.MalformedShardException;
import io.javatorch.streaming.format.Sample;
import io.javatorch.streaming.format.ShardInfo;
import io.javatorch.streaming.format.ShardReader.Pickles;
import io.javatorch.streaming.order.BatchingMethod;
import io.javatorch.streaming.order.EpochStart;
import io.javatorch.streaming.order.PartitionAlgorithm;
import io.javatorch.streaming.order.RankOrder;
import io.javatorch.streaming.order.SampleOrder;
import io.javatorch.streaming.order.SamplingMethod;
import io.javatorch.streaming.order.ShuffleAlgorithm;
import io.javatorch.streaming.order.StreamShards;
import io.javatorch.streaming.order.Topology;
import io.javatorch.streaming.storage.Cancellation;
import io.javatorch.streaming.storage.Locations;
import io.javatorch.streaming.storage.ParallelRanges;
import io.javatorch.streaming.storage.RetryPolicy;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
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
 *   for (int epoch = loader.epoch(); epoch < 3; epoch++) {
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
  private static final long DEFAULT_PREDOWNLOAD = 64;

  private final String name;
  private final ShardCache cache;
  private final long[] shardOffsets;
  private final SampleOrder order;
  private final int numCanonicalNodes;
  private final long shuffleSeed;
  private final int batchSize;
  private final long predownload;
  private final World world;
  private final World readingWorld;

  private StreamingDataset(Builder builder) throws IOException {
    List<Stream> streams = builder.streams();
    name = streams.size() == 1 ? streams.get(0).toString() : streams.toString();
    world = builder.world;
    if (!world.isEven()) {
      throw new IllegalArgumentException(
          world
              + " is uneven: every node must hold the same number of ranks, numbered node after"
              + " node; pass world.asSingleNode() on all ranks");
    }
    readingWorld = world.replicate(builder.replication);
    batchSize = builder.batchSize;
    predownload =
        builder.predownload > 0
            ? builder.predownload
            : batchSize > 0 ? 8L * batchSize : DEFAULT_PREDOWNLOAD;
    shuffleSeed = builder.shuffleSeed;
    numCanonicalNodes =
        builder.numCanonicalNodes > 0
            ? builder.numCanonicalNodes
            : builder.shuffleAlgorithm.defaultCanonicalNodes(readingWorld.numNodes());
    var files = new ArrayList<StreamFiles>();
    try {
      for (int i = 0; i < streams.size(); i++) {
        files.add(StreamOpener.open(streams.get(i), builder.defaults(), files));
      }
      var shards = new ArrayList<StreamShards>();
      for (int i = 0; i < files.size(); i++) {
        long[] sizes = files.get(i).shards().stream().mapToLong(ShardInfo::samples).toArray();
        if (Arrays.stream(sizes).sum() == 0) {
          throw new IllegalArgumentException("the data set " + streams.get(i) + " has no samples");
        }
        shards.add(new StreamShards(sizes, streams.get(i).weight()));
      }
      shardOffsets = offsets(files);
      order = builder.order(shards);
      cache = new ShardCache(files, builder.cacheLimit, world.localWorldSize(), builder.slowNotice);
    } catch (IOException | RuntimeException e) {
      for (StreamFiles opened : files) {
        if (opened.remote().isPresent()) {
          opened.remote().get().close();
        }
      }
      throw e;
    }
  }

  private static long[] offsets(List<StreamFiles> files) {
    long[] sizes =
        files.stream()
            .flatMap(stream -> stream.shards().stream())
            .mapToLong(ShardInfo::samples)
            .toArray();
    long[] offsets = new long[sizes.length + 1];
    for (int i = 0; i < sizes.length; i++) {
      offsets[i + 1] = offsets[i] + sizes[i];
    }
    return offsets;
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
   * @param id from 0; below 0 it counts from the end, -1 for the last
   * @throws IndexOutOfBoundsException if there is no such sample
   * @throws MalformedShardException if its shard is damaged
   * @throws UncheckedIOException if its shard cannot be read
   */
  public Sample get(long id) {
    return get(id < 0 && id >= -size() ? id + size() : id, new Cancellation());
  }

  /**
   * Several samples, in the order of the ids.
   *
   * @param ids each as {@link #get(long)} takes it
   * @throws IndexOutOfBoundsException if there is no sample of one of them
   */
  public List<Sample> get(long... ids) {
    var samples = new ArrayList<Sample>(ids.length);
    for (long id : ids) {
      samples.add(get(id));
    }
    return List.copyOf(samples);
  }

  /** The samples of a range of ids, such as {@code Slice.parse("-10:")}. */
  public List<Sample> get(Slice slice) {
    return get(slice.ids(size()));
  }

  Sample get(long id, Cancellation cancellation) {
    int shard = shardOf(id);
    return cache.get(shard, (int) (id - shardOffsets[shard]), cancellation);
  }

  private int shardOf(long id) {
    if (id < 0 || id >= size()) {
      throw new IndexOutOfBoundsException("sample " + id + " of " + name + ", which has " + size());
    }
    int shard = Arrays.binarySearch(shardOffsets, id);
    if (shard < 0) {
      shard = -shard - 2;
    }
    // Empty shards begin where the next one does.
    while (shardOffsets[shard + 1] == id) {
      shard++;
    }
    return shard;
  }

  /** What this process has done to have the shards ready. */
  public CacheMetrics metrics() {
    return cache.metrics();
  }

  /** What is waited for the longest, if a shard is. */
  Optional<String> waitingFor() {
    return cache.waitingFor();
  }

  /** Makes shards ready ahead of the workers that read an order; null if that takes no work. */
  Predownloader predownloader(RankOrder rankOrder, int workers, Cancellation cancellation) {
    return cache.takesWork()
        ? new Predownloader(cache, rankOrder, this::shardOf, predownload * workers, cancellation)
        : null;
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
        0,
        0,
        numCanonicalNodes,
        shuffleSeed,
        readingWorld.numNodes(),
        order.epochSize(),
        order.description(numCanonicalNodes));
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
    var topology =
        new Topology(readingWorld.numNodes(), readingWorld.localWorldSize(), workers, batchSize);
    int initialNodes = resumed ? from.initialPhysicalNodes() : 0;
    var start =
        new EpochStart(
            from.epoch(),
            from.sampleInEpoch(),
            from.numCanonicalNodes(),
            from.shuffleSeed(),
            initialNodes);
    if (from.sampleInEpoch() > order.epochSize()) {
      start = withinEpoch(start, order.longestEpoch(start, topology), from);
    }
    return order.ofRank(start, topology, readingWorld.nodeRank(), readingWorld.localRank());
  }

  /** A start past the epoch's end means its end, if the state is of this data set. */
  private EpochStart withinEpoch(EpochStart start, long longest, LoaderState from) {
    if (start.sampleInEpoch() <= longest) {
      return start;
    }
    if (from.epochSize() == 0) {
      throw new IllegalArgumentException(
          "the loader state says that "
              + from.sampleInEpoch()
              + " samples of epoch "
              + from.epoch()
              + " have been read, but "
              + name
              + " has "
              + order.epochSize()
              + " an epoch ("
              + longest
              + " with what is repeated to fill up): the state is of another data set");
    }
    // The world that it was saved in had more ranks to fill up.
    return new EpochStart(
        start.epoch(), longest, start.canonicalNodes(), start.seed(), start.initialNodes());
  }

  private void checkFits(LoaderState state) {
    if (state.epochSize() != 0 && state.epochSize() != order.epochSize()) {
      throw new IllegalArgumentException(
          "the loader state is of a data set with "
              + state.epochSize()
              + " samples an epoch, but "
              + name
              + " has "
              + order.epochSize()
              + ": resume with the data set and settings that the state was saved with");
    }
    // Between epochs any order will do.
    String here = order.description(state.numCanonicalNodes());
    if (state.sampleInEpoch() != 0 && !state.order().isEmpty() && !state.order().equals(here)) {
      throw new IllegalArgumentException(
          "the loader state is in the middle of an epoch whose order was ["
              + state.order()
              + "], but that of "
              + name
              + " is ["
              + here
              + "]: resume with the shards and settings that the state was saved with, or its epoch"
              + " would repeat some samples and miss others");
    }
  }

  /** Samples of the whole run that are behind when this rank has read {@code count}. */
  long acrossRanks(long count) {
    return Math.multiplyExact(count, (long) readingWorld.worldSize());
  }

  /** Closes the shards; samples that were taken stay readable. */
  @Override
  public void close() {
    try {
      cache.close();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot close " + name, e);
    }
  }

  /** Collects the settings. */
  public static final class Builder {
    private List<Stream> streams = List.of();
    private String remote;
    private Path local;
    private String split;
    private Path cacheDirectory;
    private String validateHash;
    private boolean keepZip;
    private boolean allowUnsafeTypes;
    private RetryPolicy retries = RetryPolicy.DEFAULT;
    private ParallelRanges ranges = ParallelRanges.DEFAULT;
    private CredentialsSource credentials = DatabricksAuth.builder().build().source();
    private long epochSize;
    private SamplingMethod samplingMethod = SamplingMethod.BALANCED;
    private long samplingGranularity = 1;
    private BatchingMethod batchingMethod = BatchingMethod.RANDOM;
    private long predownload;
    private long cacheLimit;
    private int batchSize;
    private boolean shuffle;
    private ShuffleAlgorithm shuffleAlgorithm = ShuffleAlgorithm.PY1E;
    private long shuffleSeed = 9176;
    private long shuffleBlockSize;
    private int numCanonicalNodes;
    private PartitionAlgorithm partitionAlgorithm = PartitionAlgorithm.RELAXED;
    private int replication = 1;
    private World world = World.single();
    private Duration slowNotice = Duration.ofSeconds(10);

    private Builder() {}

    private List<Stream> streams() {
      if (!streams.isEmpty()) {
        if (local != null || remote != null) {
          throw new IllegalArgumentException(
              "set streams, or local and remote, but not both on one data set");
        }
        return streams;
      }
      if (local == null && remote == null) {
        throw new IllegalArgumentException(
            "set local to the directory of the data set, or remote to where it is stored");
      }
      var stream = Stream.builder().local(local).remote(remote).split(split);
      return List.of(stream.build());
    }

    private StreamOpener.Defaults defaults() {
      return new StreamOpener.Defaults(
          Optional.ofNullable(split),
          Optional.ofNullable(cacheDirectory),
          Optional.ofNullable(validateHash),
          keepZip,
          allowUnsafeTypes ? Pickles.PLAIN_DATA : Pickles.REFUSED,
          retries,
          world.localWorldSize(),
          ranges,
          credentials);
    }

    private SampleOrder order(List<StreamShards> shards) {
      var order =
          SampleOrder.builder(shards)
              .seed(shuffleSeed)
              .shuffle(shuffle)
              .shuffleAlgorithm(shuffleAlgorithm)
              .partitionAlgorithm(partitionAlgorithm)
              .samplingMethod(samplingMethod)
              .samplingGranularity(samplingGranularity)
              .batchingMethod(batchingMethod);
      if (shuffleBlockSize > 0) {
        order.shuffleBlockSize(shuffleBlockSize);
      }
      if (epochSize > 0) {
        order.epochSize(epochSize);
      }
      return order.build();
    }

    /** The directory with the index and the shards, or where they are brought to. */
    public Builder local(Path value) {
      local = value;
      return this;
    }

    /**
     * Where the data set is stored, if not in the local directory, whose index must then be the
     * same: a path, or a URI of one of the {@link io.javatorch.streaming.storage.StorageProvider
     * storages}. Without a local directory, files are brought to one in the system's directory for
     * temporary files, whose name follows from the remote one.
     */
    public Builder remote(String value) {
      remote = value;
      return this;
    }

    /** A sub-directory of local and remote. */
    public Builder split(String value) {
      split = value;
      return this;
    }

    /** Several streams instead of one directory, each with an index of its own. */
    public Builder streams(List<Stream> value) {
      streams = List.copyOf(value);
      return this;
    }

    /**
     * Where compressed shards are decompressed to; default the local directory, as in the Python
     * library. The ranks of a host share it, and so can data sets: each stream gets a sub-directory
     * whose name follows from its place and its index. That of an index that was replaced is not
     * used any more and can be deleted.
     */
    public Builder cacheDirectory(Path value) {
      cacheDirectory = value;
      return this;
    }

    /**
     * A hash of the index, such as {@code xxh64}, to verify shards by when a process first opens
     * them, and whenever they are brought; default none.
     */
    public Builder validateHash(String value) {
      validateHash = value;
      return this;
    }

    /** Whether to keep compressed files that were downloaded; default false. */
    public Builder keepZip(boolean value) {
      keepZip = value;
      return this;
    }

    /**
     * Whether to read pickled columns, of which only plain data is read and no code is run; default
     * false, which refuses shards that have any.
     */
    public Builder allowUnsafeTypes(boolean value) {
      allowUnsafeTypes = value;
      return this;
    }

    /** How downloads are tried again; default {@link RetryPolicy#DEFAULT}. */
    public Builder retries(RetryPolicy value) {
      retries = value;
      return this;
    }

    /** How often to try a download in all; default 2. */
    public Builder downloadAttempts(int value) {
      return retries(
          new RetryPolicy(value, retries.timeout(), retries.firstDelay(), retries.deadline()));
    }

    /** The longest that one try of a download may take; default 60 s. */
    public Builder downloadTimeout(Duration value) {
      return retries(
          new RetryPolicy(retries.attempts(), value, retries.firstDelay(), retries.deadline()));
    }

    /** How big files are read in parts; default {@link ParallelRanges#DEFAULT}. */
    public Builder parallelRanges(ParallelRanges value) {
      ranges = value;
      return this;
    }

    /**
     * The Databricks credentials that volumes are read with; default what {@link DatabricksAuth}
     * finds when a volume is first read, which in a rank are those that its job keeps fresh. Asked
     * before each request, so that a token may expire in the middle of an epoch.
     */
    public Builder credentials(CredentialsSource value) {
      credentials = value;
      return this;
    }

    /**
     * Samples of an epoch over all streams; default what follows from their weights. Cannot be set
     * where streams have repeat or choose.
     */
    public Builder epochSize(long value) {
      if (value < 1) {
        throw new IllegalArgumentException("epochSize must be at least 1, got " + value);
      }
      epochSize = value;
      return this;
    }

    /**
     * As {@link #epochSize(long)}, from a number that may end in k, m, b or t for thousands,
     * millions, and so on: {@code "1.5m"}.
     */
    public Builder epochSize(String value) {
      return epochSize(HumanNumbers.count("epochSize", value));
    }

    /** What to draw where a stream is not drawn whole; default {@link SamplingMethod#BALANCED}. */
    public Builder samplingMethod(SamplingMethod value) {
      samplingMethod = value;
      return this;
    }

    /** Samples drawn from the same shard at a time where not all are drawn; default 1. */
    public Builder samplingGranularity(int value) {
      samplingGranularity = positive("samplingGranularity", value);
      return this;
    }

    /** How streams are put together in batches; default {@link BatchingMethod#RANDOM}. */
    public Builder batchingMethod(BatchingMethod value) {
      batchingMethod = value;
      return this;
    }

    /**
     * Samples, for each worker, whose shards are made ready ahead of being read; default 8 × batch
     * size, or 64 without one.
     */
    public Builder predownload(int value) {
      predownload = positive("predownload", value);
      return this;
    }

    /**
     * Bytes of shards that may lie on this host's disk and could be had again; shards that were
     * left longest ago are deleted to stay below. At least four times the largest shard. Default no
     * limit. The index does not count, nor does what has no other copy.
     */
    public Builder cacheLimit(long bytes) {
      if (bytes < 1) {
        throw new IllegalArgumentException("cacheLimit must be at least 1 byte, got " + bytes);
      }
      cacheLimit = bytes;
      return this;
    }

    /**
     * As {@link #cacheLimit(long)}, from a number that may end in b, kb, mb, gb, tb, pb or eb, for
     * powers of 1024: {@code "64mb"}.
     */
    public Builder cacheLimit(String value) {
      return cacheLimit(HumanNumbers.bytes("cacheLimit", value));
    }

    /**
     * How long a worker waits for a shard before a warning says so, and again from then on: which
     * shard, of which store, and what has come of it. Default 10 s.
     */
    public Builder slowNotice(Duration value) {
      if (value.toMillis() < 1) {
        throw new IllegalArgumentException("slowNotice must be at least 1 ms, got " + value);
      }
      slowNotice = value;
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

    /**
     * Where this process stands among the ranks; default a single process.
     *
     * <p>It must be even: as many ranks on each node, numbered node after node. Where Spark placed
     * them otherwise, pass {@link World#asSingleNode()}, on <em>all</em> ranks. A rank sees the
     * number of ranks of its own node alone, so in an uneven world some ranks may be built before
     * another one is refused; that one then fails the run. The refusal never changes what any rank
     * reads: a world is not made even quietly, since ranks that see it differently would read
     * samples twice or not at all.
     */
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
        throw new UncheckedIOException(
            "cannot read the data set "
                + (streams.isEmpty()
                    ? (remote == null ? local : Locations.forMessages(remote))
                    : streams)
                + ": "
                + e.getMessage(),
            e);
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
