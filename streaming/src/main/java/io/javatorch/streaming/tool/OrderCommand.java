package io.javatorch.streaming.tool;

import io.javatorch.streaming.World;
import io.javatorch.streaming.format.DataSetFiles;
import io.javatorch.streaming.format.MalformedShardException;
import io.javatorch.streaming.format.ShardIndex;
import io.javatorch.streaming.format.ShardInfo;
import io.javatorch.streaming.order.BatchingMethod;
import io.javatorch.streaming.order.EpochStart;
import io.javatorch.streaming.order.GlobalOrder;
import io.javatorch.streaming.order.PartitionAlgorithm;
import io.javatorch.streaming.order.RankOrder;
import io.javatorch.streaming.order.SampleOrder;
import io.javatorch.streaming.order.SamplingMethod;
import io.javatorch.streaming.order.ShuffleAlgorithm;
import io.javatorch.streaming.order.StreamShards;
import io.javatorch.streaming.order.StreamWeight;
import io.javatorch.streaming.order.Topology;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

@Command(
    name = "order",
    description = {
      "Prints the order in which a run reads an epoch's samples, as their numbers.",
      "Needs the index alone. Equal to the Python library's order. Each line is a batch; lines come"
          + " in the order of the run: batch by batch of a worker, then worker by worker of a rank,"
          + " then rank by rank. A worker's last batches may have fewer samples, or none and then"
          + " no line."
    })
final class OrderCommand implements Callable<Integer> {
  private static final int FLUSH_CHARACTERS = 1 << 16;

  @Spec private CommandSpec command;

  @Parameters(
      paramLabel = "DIRECTORY",
      arity = "1..*",
      description =
          "The data set: a directory of this host or a URL; several where several streams are"
              + " mixed.")
  private List<String> directories = List.of();

  // The parser alone looks at it.
  @SuppressWarnings("UnusedVariable")
  @Mixin
  private HelpOption help;

  @Option(
      names = "--epoch",
      paramLabel = "N",
      defaultValue = "0",
      description = "The epoch, from 0 (default: ${DEFAULT-VALUE}).")
  private int epoch;

  @Option(
      names = "--sample-in-epoch",
      paramLabel = "N",
      defaultValue = "0",
      description = "Samples that all ranks have read of it before (default: ${DEFAULT-VALUE}).")
  private long sampleInEpoch;

  @Option(
      names = "--initial-nodes",
      paramLabel = "N",
      defaultValue = "0",
      description = "Nodes that a resumed run began on; 0 if not known (default: 0).")
  private int initialNodes;

  @Option(
      names = "--nodes",
      paramLabel = "N",
      defaultValue = "1",
      description = "Nodes (default: ${DEFAULT-VALUE}).")
  private int nodes;

  @Option(
      names = "--ranks-per-node",
      paramLabel = "N",
      defaultValue = "1",
      description = "Ranks on each node (default: ${DEFAULT-VALUE}).")
  private int ranksPerNode;

  @Option(
      names = "--workers",
      paramLabel = "N",
      defaultValue = "1",
      description = "Loader workers of each rank (default: ${DEFAULT-VALUE}).")
  private int workers;

  @Option(
      names = "--batch-size",
      paramLabel = "N",
      defaultValue = "1",
      description = "Samples a batch, of each rank (default: ${DEFAULT-VALUE}).")
  private int batchSize;

  @Option(
      names = "--replication",
      paramLabel = "N",
      defaultValue = "1",
      description =
          "Consecutive ranks that read the same (default: ${DEFAULT-VALUE}). Rank K of the output"
              + " then stands for the ranks from K * N on.")
  private int replication;

  @Option(names = "--no-shuffle", description = "Do not shuffle.")
  private boolean unshuffled;

  @Option(
      names = "--shuffle-algo",
      paramLabel = "NAME",
      defaultValue = "py1e",
      converter = ShuffleNames.class,
      description =
          "naive, py1s, py2s, py1b, py1br or py1e: how to shuffle (default: ${DEFAULT-VALUE}).")
  private ShuffleAlgorithm shuffleAlgorithm;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "9176",
      description = "The shuffle's seed (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = "--num-canonical-nodes",
      paramLabel = "N",
      description =
          "Parts that the samples are divided into (default: 64 times the nodes for py1s and py2s,"
              + " else the nodes).")
  private Integer canonicalNodes;

  @Option(
      names = "--shuffle-block-size",
      paramLabel = "N",
      description =
          "Samples that are shuffled together (default: 4,000,000 / canonical nodes, at least"
              + " 262144).")
  private Long shuffleBlockSize;

  @Option(
      names = "--partition-algo",
      paramLabel = "NAME",
      defaultValue = "relaxed",
      converter = PartitionNames.class,
      description = "orig or relaxed: how to divide (default: ${DEFAULT-VALUE}).")
  private PartitionAlgorithm partitionAlgorithm;

  @Option(
      names = "--batching-method",
      paramLabel = "NAME",
      defaultValue = "random",
      converter = BatchingNames.class,
      description =
          "random, stratified, per_stream or device_per_stream: how streams are put together in"
              + " batches (default: ${DEFAULT-VALUE}).")
  private BatchingMethod batchingMethod;

  @Option(
      names = "--sampling-method",
      paramLabel = "NAME",
      defaultValue = "balanced",
      converter = SamplingNames.class,
      description = "balanced or fixed: what to draw where not all is (default: ${DEFAULT-VALUE}).")
  private SamplingMethod samplingMethod;

  @Option(
      names = "--sampling-granularity",
      paramLabel = "N",
      defaultValue = "1",
      description = "Samples drawn from one shard at a time (default: ${DEFAULT-VALUE}).")
  private long samplingGranularity;

  @Option(
      names = "--epoch-size",
      paramLabel = "N",
      description = "Samples of an epoch (default: what the streams give).")
  private Long epochSize;

  @Option(
      names = "--proportion",
      paramLabel = "X",
      split = ",",
      description = "Each stream's share of the epoch, with commas between.")
  private List<Double> proportions = List.of();

  @Option(
      names = "--repeat",
      paramLabel = "X",
      split = ",",
      description = "How often each stream is drawn, with commas between.")
  private List<Double> repeats = List.of();

  @Option(
      names = "--choose",
      paramLabel = "N",
      split = ",",
      description = "Samples to draw from each stream, with commas between.")
  private List<Long> chosen = List.of();

  @Option(names = "--ids", description = "Print the samples' numbers alone, one a line.")
  private boolean idsAlone;

  @Override
  public Integer call() throws IOException {
    if (replication < 1) {
      throw new IllegalArgumentException("--replication must be at least 1, got " + replication);
    }
    World world = World.of(0, nodes, ranksPerNode).replicate(replication);
    var topology = new Topology(world.numNodes(), world.localWorldSize(), workers, batchSize);
    var start =
        new EpochStart(
            epoch,
            sampleInEpoch,
            canonicalNodes != null
                ? canonicalNodes
                : shuffleAlgorithm.defaultCanonicalNodes(world.numNodes()),
            seed,
            initialNodes);
    print(order().global(start, topology), topology);
    return 0;
  }

  private SampleOrder order() throws IOException {
    var streams = new ArrayList<StreamShards>();
    for (int i = 0; i < directories.size(); i++) {
      long[] sizes =
          index(directories.get(i)).shards().stream().mapToLong(ShardInfo::samples).toArray();
      streams.add(new StreamShards(sizes, weight(i)));
    }
    var order =
        SampleOrder.builder(streams)
            .seed(seed)
            .shuffle(!unshuffled)
            .shuffleAlgorithm(shuffleAlgorithm)
            .partitionAlgorithm(partitionAlgorithm)
            .batchingMethod(batchingMethod)
            .samplingMethod(samplingMethod)
            .samplingGranularity(samplingGranularity);
    if (shuffleBlockSize != null) {
      order.shuffleBlockSize(shuffleBlockSize);
    }
    if (epochSize != null) {
      order.epochSize(epochSize);
    }
    return order.build();
  }

  private StreamWeight weight(int stream) {
    StreamWeight weight = StreamWeight.WHOLE;
    int given = 0;
    if (!proportions.isEmpty()) {
      weight = new StreamWeight.Proportion(ofStream("--proportion", proportions, stream));
      given++;
    }
    if (!repeats.isEmpty()) {
      weight = new StreamWeight.Repeat(ofStream("--repeat", repeats, stream));
      given++;
    }
    if (!chosen.isEmpty()) {
      weight = new StreamWeight.Choose(ofStream("--choose", chosen, stream));
      given++;
    }
    if (given > 1) {
      throw new IllegalArgumentException(
          "at most one of --proportion, --repeat and --choose can be given");
    }
    return weight;
  }

  private <T> T ofStream(String option, List<T> values, int stream) {
    if (values.size() != directories.size()) {
      throw new IllegalArgumentException(
          option
              + " has "
              + values.size()
              + " values, but there are "
              + directories.size()
              + " directories");
    }
    return values.get(stream);
  }

  private static ShardIndex index(String directory) throws IOException {
    try (var files = DataSetFiles.open(directory)) {
      try {
        return files.index();
      } catch (MalformedShardException e) {
        throw new IOException(files.named(e.getMessage()), e);
      }
    }
  }

  private void print(GlobalOrder order, Topology topology) {
    PrintWriter out = command.commandLine().getOut();
    var text = new StringBuilder(2 * FLUSH_CHARACTERS);
    for (long batch = 0; batch < order.batchesPerWorker(); batch++) {
      for (int worker = 0; worker < topology.workersPerRank(); worker++) {
        for (int rank = 0; rank < topology.ranks(); rank++) {
          if (idsAlone) {
            appendIds(text, order.batch(batch, worker, rank));
          } else {
            appendBatch(
                text,
                order.batch(batch, worker, rank),
                rank / topology.ranksPerNode(),
                rank,
                worker);
          }
          if (text.length() >= FLUSH_CHARACTERS) {
            out.append(text);
            text.setLength(0);
            if (out.checkError()) {
              // Nobody reads any more, as with head.
              return;
            }
          }
        }
      }
    }
    out.append(text);
  }

  private static void appendIds(StringBuilder text, long[] ids) {
    for (long id : ids) {
      if (id != RankOrder.PADDING) {
        text.append(id).append('\n');
      }
    }
  }

  private static void appendBatch(StringBuilder text, long[] ids, int node, int rank, int worker) {
    int from = text.length();
    text.append("node ").append(node);
    text.append(" rank ").append(rank);
    text.append(" worker ").append(worker).append(':');
    int head = text.length();
    for (long id : ids) {
      if (id != RankOrder.PADDING) {
        text.append(' ').append(id);
      }
    }
    if (text.length() == head) {
      text.setLength(from);
    } else {
      text.append('\n');
    }
  }

  private interface Names<T> extends ITypeConverter<T> {
    T named(String name);

    @Override
    default T convert(String name) {
      try {
        return named(name);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }

  static final class ShuffleNames implements Names<ShuffleAlgorithm> {
    @Override
    public ShuffleAlgorithm named(String name) {
      return ShuffleAlgorithm.ofPythonName(name);
    }
  }

  static final class PartitionNames implements Names<PartitionAlgorithm> {
    @Override
    public PartitionAlgorithm named(String name) {
      return PartitionAlgorithm.ofPythonName(name);
    }
  }

  static final class BatchingNames implements Names<BatchingMethod> {
    @Override
    public BatchingMethod named(String name) {
      return BatchingMethod.ofPythonName(name);
    }
  }

  static final class SamplingNames implements Names<SamplingMethod> {
    @Override
    public SamplingMethod named(String name) {
      return SamplingMethod.ofPythonName(name);
    }
  }
}
