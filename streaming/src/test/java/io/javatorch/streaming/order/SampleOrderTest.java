package io.javatorch.streaming.order;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.fasterxml.jackson.databind.JsonNode;
import io.javatorch.streaming.World;
import java.io.IOException;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.LongStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SampleOrderTest {
  @ParameterizedTest
  @ValueSource(strings = {"orders-random.jsonl.gz", "orders-mixed.jsonl.gz"})
  void givesEachRankAndWorkerWhatThePythonLibraryGives(String file) throws IOException {
    var outcomes = new TreeMap<String, Integer>();
    for (JsonNode config : Golden.read(file)) {
      awkwardness(config).forEach(kind -> outcomes.merge(kind, 1, Integer::sum));
      if (config.has("error")) {
        if (isInTail(config)) {
          outcomes.merge("beyond", 1, Integer::sum);
          tensor(config);
          continue;
        }
        outcomes.merge("refused", 1, Integer::sum);
        assertThat(catchThrowable(() -> tensor(config)))
            .as(config.toString())
            .isInstanceOf(IllegalArgumentException.class);
        continue;
      }
      outcomes.merge("equal", 1, Integer::sum);
      long[] ids = tensor(config);
      if (config.has("ids")) {
        assertThat(ids).as(config.toString()).isEqualTo(Golden.longs(config.get("ids")));
      } else {
        assertThat(Golden.sha256(ids))
            .as(config.toString())
            .isEqualTo(config.get("sha256").asText());
      }
      assertThat(globally(config)).as(config.toString()).isEqualTo(ids);
    }
    System.out.println("golden orders of " + file + ": " + outcomes);
    assertThat(outcomes.get("equal")).isGreaterThan(300);
    assertThat(outcomes)
        .containsKeys(
            "fewer samples than ranks",
            "one-sample shards",
            "prime sizes",
            "resumed on more nodes",
            "resumed on fewer nodes",
            "resumed on nodes that do not divide");
  }

  /** What makes a case one that is easily got wrong; only of those that the library can do. */
  private static List<String> awkwardness(JsonNode config) {
    var kinds = new ArrayList<String>();
    if (config.has("error")) {
      return kinds;
    }
    var sizes = new ArrayList<Long>();
    config.get("streams").forEach(s -> s.get("sizes").forEach(n -> sizes.add(n.longValue())));
    int nodes = config.get("nodes").intValue();
    if (config.get("epoch_samples").longValue() < (long) nodes * config.get("ranks").intValue()) {
      kinds.add("fewer samples than ranks");
    }
    if (sizes.stream().allMatch(n -> n == 1)) {
      kinds.add("one-sample shards");
    }
    if (sizes.stream().allMatch(n -> BigInteger.valueOf(n).isProbablePrime(20))) {
      kinds.add("prime sizes");
    }
    int initial = config.get("initial").asInt(0);
    if (initial != 0 && config.get("drop").longValue() > 0) {
      kinds.add(
          nodes == initial
              ? "resumed on as many nodes"
              : "resumed on " + (nodes > initial ? "more" : "fewer") + " nodes");
      if (!Partition.divides(config.get("ncn").intValue(), nodes)) {
        kinds.add("resumed on nodes that do not divide");
      }
    }
    return kinds;
  }

  /** The same as {@link #tensor}, by the order of all ranks together. */
  private static long[] globally(JsonNode config) throws IOException {
    var topology = topology(config);
    GlobalOrder order = order(config).global(start(config), topology);
    var ids = LongStream.builder();
    for (int rank = 0; rank < topology.ranks(); rank++) {
      for (int worker = 0; worker < topology.workersPerRank(); worker++) {
        for (long batch = 0; batch < order.batchesPerWorker(); batch++) {
          Arrays.stream(order.batch(batch, worker, rank)).forEach(ids::add);
        }
      }
    }
    return ids.build().toArray();
  }

  @Test
  void describesTheSizeOfBlocksOnlyWhereAndAsItMatters() {
    for (ShuffleAlgorithm algorithm : ShuffleAlgorithm.values()) {
      boolean blocks =
          List.of(ShuffleAlgorithm.PY1B, ShuffleAlgorithm.PY1BR, ShuffleAlgorithm.PY1E)
              .contains(algorithm);
      String byDefault = described(algorithm, 0);
      assertThat(described(algorithm, 2_000_000)).isEqualTo(byDefault);
      assertThat(described(algorithm, 1000).equals(byDefault)).isEqualTo(!blocks);
    }
  }

  private static String described(ShuffleAlgorithm algorithm, long blockSize) {
    var builder =
        SampleOrder.builder(List.of(new StreamShards(100)))
            .shuffle(true)
            .shuffleAlgorithm(algorithm);
    return (blockSize == 0 ? builder : builder.shuffleBlockSize(blockSize)).build().description(2);
  }

  @Test
  void ranksThatReadTheSameGetWhatThePythonLibraryGives() {
    int equal = 0;
    int refused = 0;
    for (JsonNode config : Golden.read("orders-replication.jsonl.gz")) {
      if (config.has("error")) {
        assertThat(catchThrowable(() -> replicated(config, 0)))
            .as(config.toString())
            .isInstanceOf(IllegalArgumentException.class);
        refused++;
        continue;
      }
      int workers = config.get("workers").intValue();
      for (int i = 0; i < config.get("reads").size(); i++) {
        JsonNode expected = config.get("reads").get(i);
        long[] ids = replicated(config, i / workers).ofWorker(i % workers);
        if (expected.isArray()) {
          assertThat(ids).as(config.toString()).isEqualTo(Golden.longs(expected));
        } else {
          assertThat(Golden.sha256(ids)).as(config.toString()).isEqualTo(expected.textValue());
        }
      }
      equal++;
    }
    System.out.println(
        "golden orders with replication: " + equal + " equal, " + refused + " refused");
    assertThat(equal).isGreaterThan(150);
  }

  private static RankOrder replicated(JsonNode config, int rank) {
    World world =
        World.of(rank, config.get("nodes").intValue(), config.get("ranks").intValue())
            .replicate(config.get("replication").intValue());
    var topology =
        new Topology(
            world.numNodes(),
            world.localWorldSize(),
            config.get("workers").intValue(),
            config.get("batch").intValue());
    return order(config).ofRank(start(config), topology, world.nodeRank(), world.localRank());
  }

  @Test
  void ordersThatGoToAFileAreTheSame() throws IOException {
    long samples = (1 << 22) + 123_457;
    var order =
        SampleOrder.builder(List.of(new StreamShards(samples / 3, samples / 2, samples / 6 + 2)))
            .shuffle(true)
            .shuffleBlockSize(1 << 16)
            .build();
    var start = new EpochStart(1, 0, 4, 7, 0);
    var topology = new Topology(2, 2, 1, 1024);
    GlobalOrder global = order.global(start, topology);
    RankOrder share = order.ofRank(start, topology, 1, 0);
    for (int batch = 0; batch < global.batchesPerWorker(); batch += 7) {
      long[] ids = global.batch(batch, 0, 2);
      for (int i = 0; i < ids.length; i++) {
        assertThat(ids[i]).isEqualTo(share.at(batch * 1024 + i));
      }
    }
  }

  /**
   * Whether the library refuses a start that its own loaders reach: it does not count what
   * canonical nodes repeat to fill up.
   */
  private static boolean isInTail(JsonNode config) {
    if (!config.get("error").textValue().contains("Resuming further")) {
      return false;
    }
    EpochStart start = start(config);
    try {
      return start.sampleInEpoch() <= order(config).longestEpoch(start, topology(config));
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  /** The whole order in the shape (nodes, ranks per node, workers, batches, batch size). */
  private static long[] tensor(JsonNode config) {
    SampleOrder order = order(config);
    var topology = topology(config);
    int workers = topology.workersPerRank();
    int batchSize = topology.batchSize();
    var start = start(config);
    long[] tensor = null;
    int filled = 0;
    for (int node = 0; node < topology.nodes(); node++) {
      for (int rank = 0; rank < topology.ranksPerNode(); rank++) {
        RankOrder share = order.ofRank(start, topology, node, rank);
        if (tensor == null) {
          tensor = new long[share.steps() * topology.ranks()];
        }
        for (int worker = 0; worker < workers; worker++) {
          for (int batch = worker; batch * batchSize < share.steps(); batch += workers) {
            for (int i = 0; i < batchSize; i++) {
              tensor[filled++] = share.at(batch * batchSize + i);
            }
          }
        }
      }
    }
    assertThat(filled).isEqualTo(tensor.length);
    return tensor;
  }

  private static Topology topology(JsonNode config) {
    return new Topology(
        config.get("nodes").intValue(),
        config.get("ranks").intValue(),
        config.get("workers").intValue(),
        config.get("batch").intValue());
  }

  private static EpochStart start(JsonNode config) {
    return new EpochStart(
        config.get("epoch").intValue(),
        config.get("drop").longValue(),
        config.get("ncn").intValue(),
        config.get("seed").longValue(),
        config.get("initial").asInt(0));
  }

  private static SampleOrder order(JsonNode config) {
    List<StreamShards> streams = new ArrayList<>();
    for (JsonNode stream : config.get("streams")) {
      StreamWeight weight = StreamWeight.WHOLE;
      if (stream.has("proportion")) {
        weight = new StreamWeight.Proportion(stream.get("proportion").doubleValue());
      } else if (stream.has("repeat")) {
        weight = new StreamWeight.Repeat(stream.get("repeat").doubleValue());
      } else if (stream.has("choose")) {
        weight = new StreamWeight.Choose(stream.get("choose").longValue());
      }
      streams.add(new StreamShards(Golden.longs(stream.get("sizes")), weight));
    }
    var builder = SampleOrder.builder(streams).seed(config.get("seed").longValue());
    builder.batchingMethod(BatchingMethod.ofPythonName(config.get("batching").textValue()));
    if (!config.get("epoch_size").isNull()) {
      builder.epochSize(config.get("epoch_size").longValue());
    }
    builder.partitionAlgorithm(
        PartitionAlgorithm.ofPythonName(config.get("partition").textValue()));
    builder.samplingMethod(SamplingMethod.ofPythonName(config.get("sampling").textValue()));
    builder.samplingGranularity(config.get("granularity").longValue());
    if (!config.get("algo").isNull()) {
      builder.shuffle(true);
      builder.shuffleAlgorithm(ShuffleAlgorithm.ofPythonName(config.get("algo").textValue()));
    }
    if (!config.get("block").isNull()) {
      builder.shuffleBlockSize(config.get("block").longValue());
    }
    return builder.build();
  }

  /** Expected: get_partitions_orig(100, 64, 1, 1, 1, 4, drop) of mosaicml-streaming 0.13.0. */
  @Test
  void goesOnInTheTailThatRepeatsSamples() {
    var order = SampleOrder.builder(List.of(new StreamShards(100))).build();
    var topology = new Topology(1, 1, 1, 4);
    assertThat(order.longestEpoch(new EpochStart(0, 0, 64, 1, 0), topology)).isEqualTo(128);
    assertThat(order.ofRank(new EpochStart(0, 110, 64, 1, 0), topology, 0, 0).ofWorker(0))
        .containsExactly(72, 74, 75, 77, 78, 80, 81, 83, 84, 86, 88, 89, 91, 92, 94, 95, 97, 99);
    assertThat(order.ofRank(new EpochStart(0, 126, 64, 1, 0), topology, 0, 0).ofWorker(0))
        .containsExactly(97, 99);
    assertThat(order.ofRank(new EpochStart(0, 128, 64, 1, 0), topology, 0, 0).ofWorker(0))
        .isEmpty();
    assertThatThrownBy(() -> order.ofRank(new EpochStart(0, 129, 64, 1, 0), topology, 0, 0))
        .hasMessageContaining("129")
        .hasMessageContaining("128 with");
  }

  @Property(tries = 300)
  void readsEverySampleAndRepeatsOnlyToFillUp(
      @ForAll @Size(min = 1, max = 12) List<@IntRange(min = 1, max = 40) Integer> shards,
      @ForAll ShuffleAlgorithm algorithm,
      @ForAll @IntRange(min = 1, max = 4) int nodes,
      @ForAll @IntRange(min = 1, max = 3) int canonicalPerNode,
      @ForAll @IntRange(min = 1, max = 4) int ranks,
      @ForAll @IntRange(min = 1, max = 3) int workers,
      @ForAll @IntRange(min = 1, max = 9) int batchSize,
      @ForAll @IntRange(max = 3) int epoch) {
    int samples = shards.stream().mapToInt(Integer::intValue).sum();
    int canonicalNodes = nodes * canonicalPerNode;
    net.jqwik.api.Assume.that(samples > canonicalNodes);
    var order =
        SampleOrder.builder(
                List.of(new StreamShards(shards.stream().mapToLong(Integer::longValue).toArray())))
            .shuffle(true)
            .shuffleAlgorithm(algorithm)
            .shuffleBlockSize(20)
            .build();
    var topology = new Topology(nodes, ranks, workers, batchSize);
    Map<Long, Integer> times = new HashMap<>();
    for (int rank = 0; rank < nodes * ranks; rank++) {
      var share =
          order.ofRank(
              new EpochStart(epoch, 0, canonicalNodes, 5, 0), topology, rank / ranks, rank % ranks);
      for (int worker = 0; worker < workers; worker++) {
        Arrays.stream(share.ofWorker(worker)).forEach(id -> times.merge(id, 1, Integer::sum));
      }
    }
    int read = times.values().stream().mapToInt(Integer::intValue).sum();
    assertThat(times.keySet()).hasSize(samples).allMatch(id -> id >= 0 && id < samples);
    // Rows of canonical nodes are made equally long, then ranks.
    assertThat(read).isBetween(samples, samples + canonicalNodes + nodes * ranks);
    if (samples % (canonicalNodes * ranks) == 0) {
      assertThat(read).isEqualTo(samples);
    }
  }

  @Property(tries = 200)
  void anyNumberOfStopsAndWorldsReadsTheSameGlobalBatches(
      @ForAll ShuffleAlgorithm algorithm,
      @ForAll @IntRange(min = 1, max = 3) int ranks,
      @ForAll @IntRange(min = 1, max = 5) int rounds,
      @ForAll @IntRange(min = 1, max = 3) int workers,
      @ForAll @Size(min = 1, max = 6) List<@IntRange(max = 4) Integer> worlds,
      @ForAll @IntRange(max = 1000) int seed,
      @ForAll @IntRange(max = 50) int more) {
    int[] nodeCounts = {1, 2, 3, 4, 6};
    int perNode = 12;
    int globalBatch = perNode * ranks;
    // 3 and 6 nodes do not divide 4 canonical ones, so a run cannot begin there, but go on.
    int canonicalNodes = 4;
    int initialNodes = new int[] {1, 2, 4}[worlds.get(0) % 3];
    int samples = globalBatch * canonicalNodes * rounds + more;
    int padded = (samples + canonicalNodes - 1) / canonicalNodes * canonicalNodes;
    var random = new java.util.Random(seed);
    long[] shards = random.longs(7, 1, samples / 8).toArray();
    shards[6] += samples - Arrays.stream(shards).sum();
    var order =
        SampleOrder.builder(List.of(new StreamShards(shards)))
            .shuffle(true)
            .shuffleAlgorithm(algorithm)
            .shuffleBlockSize(50)
            .build();
    var whole = new ArrayList<List<Long>>();
    var read = new ArrayList<List<Long>>();
    long sample = 0;
    for (int i = 0; sample < padded; i++) {
      int nodes = i == 0 ? initialNodes : nodeCounts[worlds.get(i % worlds.size())];
      boolean last = i > 20;
      int stop = last ? Integer.MAX_VALUE : random.nextInt(12);
      var topology = new Topology(nodes, ranks, workers, perNode / nodes);
      read(
          order,
          new EpochStart(2, sample, canonicalNodes, seed, initialNodes),
          topology,
          stop,
          read);
      sample = (long) read.size() * globalBatch;
    }
    read(
        order,
        new EpochStart(2, 0, canonicalNodes, seed, 0),
        new Topology(initialNodes, ranks, 1, perNode / initialNodes),
        Integer.MAX_VALUE,
        whole);
    int full = padded / globalBatch;
    assertThat(read).hasSameSizeAs(whole);
    assertThat(read.subList(0, full)).isEqualTo(whole.subList(0, full));
    assertThat(read.stream().flatMap(List::stream).distinct().count()).isEqualTo(samples);
    // Beyond the padding, only the last round of ranks is filled up.
    assertThat(read.stream().mapToInt(List::size).sum()).isBetween(padded, padded + 6 * ranks);
  }

  /** Adds the samples of each step of all ranks, sorted. */
  private static void read(
      SampleOrder order, EpochStart start, Topology topology, int steps, List<List<Long>> batches) {
    int before = batches.size();
    for (int rank = 0; rank < topology.ranks(); rank++) {
      RankOrder share =
          order.ofRank(
              start, topology, rank / topology.ranksPerNode(), rank % topology.ranksPerNode());
      int batchSize = topology.batchSize();
      for (int step = 0; step < steps && step * batchSize < share.steps(); step++) {
        var batch = new ArrayList<Long>();
        for (int i = step * batchSize; i < (step + 1) * batchSize; i++) {
          if (share.at(i) != RankOrder.PADDING) {
            batch.add(share.at(i));
          }
        }
        if (!batch.isEmpty()) {
          if (batches.size() == before + step) {
            batches.add(new ArrayList<>());
          }
          batches.get(before + step).addAll(batch);
        }
      }
    }
    batches.subList(before, batches.size()).forEach(java.util.Collections::sort);
  }

  @Test
  void refusesARankThatIsNotThere() {
    var order = SampleOrder.builder(List.of(new StreamShards(5))).build();
    var start = new EpochStart(0, 0, 1, 1, 0);
    assertThatThrownBy(() -> order.ofRank(start, new Topology(1, 2, 1, 1), 0, 2))
        .hasMessageContaining("rank 2");
    assertThatThrownBy(() -> new Topology(1, 2, 1, 0)).hasMessageContaining("batch size");
    assertThatThrownBy(() -> SampleOrder.builder(List.of(new StreamShards(0))))
        .hasMessageContaining("stream 0 has no samples");
    assertThatThrownBy(() -> ShuffleAlgorithm.ofPythonName("py3"))
        .hasMessageContaining("py3")
        .hasMessageContaining("py1e");
  }
}
