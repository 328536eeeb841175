package io.javatorch.streaming.order;

import java.util.Arrays;

/**
 * The batching methods: how each of them arranges a rank's steps. All but {@code random} make a row
 * of global batches first, go on after the last one that was read whole, and deal the rest out to
 * nodes, ranks and workers.
 */
final class Layouts {
  private final PartitionAlgorithm algorithm;
  private final EpochStart start;
  private final Topology topology;

  Layouts(PartitionAlgorithm algorithm, EpochStart start, Topology topology) {
    this.algorithm = algorithm;
    this.start = start;
    this.topology = topology;
  }

  /** One group of all streams together. */
  WorldLayout random(long samples) {
    Partition partition =
        Partition.of(
            algorithm,
            samples,
            start.canonicalNodes(),
            topology,
            start.sampleInEpoch(),
            start.initialNodes());
    return (node, rankOfNode) ->
        new RankLayout() {
          @Override
          public long steps() {
            return partition.stepsPerRank();
          }

          @Override
          public int group(long step) {
            return 0;
          }

          @Override
          public long position(long step) {
            return partition.at(node, rankOfNode, step);
          }
        };
  }

  /** What is shared by the ranks is made once for all of them. */
  interface WorldLayout {
    RankLayout ofRank(int node, int rankOfNode);
  }

  /** A place in a global batch: which group, and where in it. */
  private interface GlobalBatches {
    long count();

    int group(long batch, int place);

    long position(long batch, int place);
  }

  private WorldLayout deal(GlobalBatches batches) {
    return (node, rankOfNode) -> deal(batches, node, rankOfNode);
  }

  private RankLayout deal(GlobalBatches batches, int node, int rankOfNode) {
    long first = start.sampleInEpoch() / topology.globalBatchSize();
    long left = Math.max(0, batches.count() - first);
    int workers = topology.workersPerRank();
    int batchSize = topology.batchSize();
    int place = (node * topology.ranksPerNode() + rankOfNode) * batchSize;
    return new RankLayout() {
      @Override
      public long steps() {
        return (left + workers - 1) / workers * workers * batchSize;
      }

      @Override
      public int group(long step) {
        long batch = step / batchSize;
        return batch >= left ? 0 : batches.group(first + batch, place + (int) (step % batchSize));
      }

      @Override
      public long position(long step) {
        long batch = step / batchSize;
        return batch >= left
            ? Partition.PADDING
            : batches.position(first + batch, place + (int) (step % batchSize));
      }
    };
  }

  /** Each global batch is of one stream; their sequence is shuffled. */
  WorldLayout perStream(long[] samples, NumPyRandom random) {
    var partitions = new Partition[samples.length];
    long[] counts = new long[samples.length];
    for (int stream = 0; stream < samples.length; stream++) {
      partitions[stream] = partition(samples[stream], topology.nodes(), topology.batchSize());
      counts[stream] = partitions[stream].fullGlobalBatches();
      if (counts[stream] == 0) {
        throw new IllegalArgumentException(
            "stream "
                + stream
                + " has "
                + samples[stream]
                + " samples an epoch, too few for one batch of all ranks together ("
                + topology.globalBatchSize()
                + ")");
      }
    }
    var origins = new Origins(counts, random);
    int batchSize = topology.batchSize();
    return deal(
        new GlobalBatches() {
          @Override
          public long count() {
            return origins.count();
          }

          @Override
          public int group(long batch, int place) {
            return origins.stream((int) batch);
          }

          @Override
          public long position(long batch, int place) {
            int rank = place / batchSize;
            return partitions[origins.stream((int) batch)].at(
                rank / topology.ranksPerNode(),
                rank % topology.ranksPerNode(),
                (long) origins.index((int) batch) * batchSize + place % batchSize);
          }
        });
  }

  /** Each rank's batch is of one stream; their sequence is shuffled for each node. */
  WorldLayout devicePerStream(long[] samples, NumPyRandom random) {
    int nodes = topology.nodes();
    int canonicalNodes = start.canonicalNodes();
    if (canonicalNodes % nodes != 0) {
      throw new IllegalArgumentException(
          "device_per_stream batching needs canonical nodes ("
              + canonicalNodes
              + ") to be a multiple of the nodes ("
              + nodes
              + ")");
    }
    int rowsPerNode = canonicalNodes / nodes;
    int ranksPerNode = topology.ranksPerNode();
    int batchSize = topology.batchSize();
    int perStep = rowsPerNode * ranksPerNode;
    var partitions = new Partition[samples.length];
    long[] counts = new long[samples.length];
    for (int stream = 0; stream < samples.length; stream++) {
      partitions[stream] = partition(samples[stream], canonicalNodes, 1);
      counts[stream] = partitions[stream].fullGlobalBatches() * perStep / batchSize;
      if (counts[stream] == 0) {
        throw new IllegalArgumentException(
            "stream "
                + stream
                + " has "
                + samples[stream]
                + " samples an epoch, too few for one batch of "
                + batchSize
                + " on each node");
      }
    }
    var origins = new Origins[nodes];
    for (int i = 0; i < nodes; i++) {
      origins[i] = new Origins(counts, random);
    }
    // The library always adds padding, even to a whole number of rounds.
    int ranks = topology.ranks();
    long perNode = ((long) origins[0].count() / ranks + 1) * ranks;
    return deal(
        new GlobalBatches() {
          @Override
          public long count() {
            return perNode * nodes / ranks;
          }

          // Batches of the nodes take turns in one row, which all ranks then share out.
          private long row(long batch, int place) {
            return batch * ranks + place / batchSize;
          }

          @Override
          public int group(long batch, int place) {
            long row = row(batch, place);
            Origins ofNode = origins[(int) (row % nodes)];
            return row / nodes >= ofNode.count() ? 0 : ofNode.stream((int) (row / nodes));
          }

          @Override
          public long position(long batch, int place) {
            long row = row(batch, place);
            int ofNode = (int) (row % nodes);
            if (row / nodes >= origins[ofNode].count()) {
              return Partition.PADDING;
            }
            int index = (int) (row / nodes);
            long inOrder = (long) origins[ofNode].index(index) * batchSize + place % batchSize;
            int inStep = (int) (inOrder % perStep);
            return partitions[origins[ofNode].stream(index)].at(
                ofNode * rowsPerNode + inStep / ranksPerNode,
                inStep % ranksPerNode,
                inOrder / perStep);
          }
        });
  }

  /** Each global batch holds a fixed number of samples of each stream, one stream after another. */
  WorldLayout stratified(long[] samples, double[] proportion) {
    long[] portions = portions(proportion);
    int ranksPerNode = topology.ranksPerNode();
    var partitions = new Partition[samples.length];
    long fewest = Long.MAX_VALUE;
    for (int stream = 0; stream < samples.length; stream++) {
      partitions[stream] = partition(samples[stream], 1, 1);
      fewest =
          Math.min(
              fewest, partitions[stream].fullGlobalBatches() * ranksPerNode / portions[stream]);
    }
    long count = fewest;
    long[] ends = new long[portions.length];
    for (int stream = 0; stream < ends.length; stream++) {
      ends[stream] = portions[stream] + (stream == 0 ? 0 : ends[stream - 1]);
    }
    return deal(
        new GlobalBatches() {
          @Override
          public long count() {
            return count;
          }

          @Override
          public int group(long batch, int place) {
            int stream = 0;
            while (ends[stream] <= place) {
              stream++;
            }
            return stream;
          }

          @Override
          public long position(long batch, int place) {
            int stream = group(batch, place);
            long inOrder = batch * portions[stream] + place - (ends[stream] - portions[stream]);
            return partitions[stream].at(0, (int) (inOrder % ranksPerNode), inOrder / ranksPerNode);
          }
        });
  }

  /** Samples of each stream in a global batch. */
  private long[] portions(double[] proportion) {
    long globalBatch = topology.globalBatchSize();
    long[] portions = new long[proportion.length];
    var rounded = new Integer[proportion.length];
    for (int stream = 0; stream < portions.length; stream++) {
      portions[stream] = (long) (proportion[stream] * globalBatch);
      rounded[stream] = stream;
    }
    // Streams that lost most by rounding get the rest. Where they lost alike, the last one goes
    // first, as in a stable sort turned over; NumPy's own sort leaves that open.
    Arrays.sort(
        rounded,
        (a, b) -> {
          int byLoss =
              Double.compare(
                  globalBatch * proportion[b] - portions[b],
                  globalBatch * proportion[a] - portions[a]);
          return byLoss != 0 ? byLoss : b - a;
        });
    long missing = globalBatch - Arrays.stream(portions).sum();
    for (int i = 0; i < missing; i++) {
      portions[rounded[i]]++;
    }
    for (int stream = 0; stream < portions.length; stream++) {
      if (portions[stream] <= 0) {
        throw new IllegalArgumentException(
            "stream "
                + stream
                + " has no sample in a global batch of "
                + globalBatch
                + ": raise the batch size or the stream's proportion");
      }
    }
    return portions;
  }

  private Partition partition(long samples, int nodes, int batchSize) {
    return Partition.of(
        algorithm,
        samples,
        start.canonicalNodes(),
        new Topology(nodes, topology.ranksPerNode(), topology.workersPerRank(), batchSize),
        0,
        start.initialNodes());
  }

  /** A shuffled sequence of batches of several streams, each stream's in their order. */
  private static final class Origins {
    private final int[] streams;
    private final int[] indexes;

    Origins(long[] counts, NumPyRandom random) {
      streams = new int[Math.toIntExact(Arrays.stream(counts).sum())];
      int filled = 0;
      for (int stream = 0; stream < counts.length; stream++) {
        Arrays.fill(streams, filled, filled + (int) counts[stream], stream);
        filled += (int) counts[stream];
      }
      random.shuffle(streams, 0, streams.length);
      indexes = new int[streams.length];
      int[] next = new int[counts.length];
      for (int i = 0; i < streams.length; i++) {
        indexes[i] = next[streams[i]]++;
      }
    }

    int count() {
      return streams.length;
    }

    int stream(int batch) {
      return streams[batch];
    }

    int index(int batch) {
      return indexes[batch];
    }
  }
}
