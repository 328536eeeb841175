package io.javatorch.streaming.order;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * What {@code bin/benchmark order} runs for one figure, in a process of its own: makes one rank's
 * order and prints the time and the memory that took.
 *
 * <pre>OrderBenchmark ALGORITHM SAMPLES SHARDS NODES RANKS_PER_NODE RANK</pre>
 */
final class OrderBenchmark {
  private OrderBenchmark() {}

  public static void main(String[] arguments) throws IOException {
    var algorithm = ShuffleAlgorithm.ofPythonName(arguments[0]);
    long samples = Long.parseLong(arguments[1]);
    int shards = Integer.parseInt(arguments[2]);
    int nodes = Integer.parseInt(arguments[3]);
    int ranksPerNode = Integer.parseInt(arguments[4]);
    int rank = Integer.parseInt(arguments[5]);
    long[] sizes = new long[shards];
    Arrays.fill(sizes, samples / shards);
    sizes[shards - 1] += samples % shards;

    long start = System.nanoTime();
    RankOrder order =
        SampleOrder.builder(List.of(new StreamShards(sizes)))
            .shuffle(true)
            .shuffleAlgorithm(algorithm)
            .build()
            .ofRank(
                new EpochStart(1, 0, algorithm.defaultCanonicalNodes(nodes), 9176, 0),
                new Topology(nodes, ranksPerNode, 8, 32),
                rank / ranksPerNode,
                rank % ranksPerNode);
    double seconds = (System.nanoTime() - start) / 1e9;
    System.out.printf(
        Locale.ROOT,
        "%-6s %13d samples %7d shards %3d x %d ranks, rank %3d: %7.2f s, %6d MiB at most,"
            + " %d steps%n",
        arguments[0],
        samples,
        shards,
        nodes,
        ranksPerNode,
        rank,
        seconds,
        mostResident() >> 10,
        order.steps());
  }

  /** The most memory that this process has had, in KiB. */
  private static long mostResident() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith("VmHWM:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
        .findFirst()
        .orElseThrow();
  }
}
