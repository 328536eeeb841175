package io.javatorch.streaming;

import java.io.Serializable;
import java.util.Map;

/**
 * Where one process stands among all processes of a training run. Immutable.
 *
 * <p>Ranks count processes over the whole run, local ranks count them on one host, and a node is
 * one host. The order of samples needs every node to hold the same number of ranks, numbered one
 * node after another, as the Python library assumes too; {@link #isEven()} says whether this world
 * is of that kind as far as this process can see, and {@link #asSingleNode()} gives one that always
 * is.
 *
 * @param rank index of this process, 0 to {@code worldSize - 1}
 * @param worldSize number of processes
 * @param localRank index of this process on its host, 0 to {@code localWorldSize - 1}
 * @param localWorldSize number of processes on this host
 * @param nodeRank index of this host, 0 to {@code numNodes - 1}
 * @param numNodes number of hosts
 */
public record World(
    int rank, int worldSize, int localRank, int localWorldSize, int nodeRank, int numNodes)
    implements Serializable {

  /**
   * Checks the ranges above.
   *
   * @throws IllegalArgumentException if an index is outside its range
   */
  public World {
    checkIndex("rank", rank, "world size", worldSize);
    checkIndex("local rank", localRank, "local world size", localWorldSize);
    checkIndex("node rank", nodeRank, "number of nodes", numNodes);
    if (localWorldSize > worldSize) {
      throw new IllegalArgumentException(
          "local world size " + localWorldSize + " exceeds world size " + worldSize);
    }
    if (numNodes > worldSize) {
      throw new IllegalArgumentException(
          "number of nodes " + numNodes + " exceeds world size " + worldSize);
    }
  }

  /** A run of one process. */
  public static World single() {
    return new World(0, 1, 0, 1, 0, 1);
  }

  /**
   * The world of one rank where every node holds {@code ranksPerNode} ranks.
   *
   * @throws IllegalArgumentException if the rank is outside {@code numNodes * ranksPerNode}
   */
  public static World of(int rank, int numNodes, int ranksPerNode) {
    if (numNodes < 1 || ranksPerNode < 1) {
      throw new IllegalArgumentException(
          "a world needs at least one node and one rank a node, got "
              + numNodes
              + " and "
              + ranksPerNode);
    }
    return new World(
        rank,
        Math.multiplyExact(numNodes, ranksPerNode),
        Math.floorMod(rank, ranksPerNode),
        ranksPerNode,
        Math.floorDiv(rank, ranksPerNode),
        numNodes);
  }

  /**
   * Reads {@code RANK}, {@code WORLD_SIZE}, {@code LOCAL_RANK}, {@code LOCAL_WORLD_SIZE} and {@code
   * NODE_RANK}, as torchrun and the distributor set them. With none of {@code RANK} and {@code
   * WORLD_SIZE} set this is {@link #single()}. {@code LOCAL_RANK} and {@code NODE_RANK} default to
   * what follows from the others.
   *
   * @param environment usually {@link System#getenv()}
   * @throws IllegalArgumentException naming the variable that is missing, is not a whole number or
   *     contradicts the others
   */
  public static World fromEnvironment(Map<String, String> environment) {
    if (!environment.containsKey("RANK") && !environment.containsKey("WORLD_SIZE")) {
      return single();
    }
    int rank = number(environment, "RANK");
    int worldSize = number(environment, "WORLD_SIZE");
    int localWorldSize =
        worldSize == 1 && !environment.containsKey("LOCAL_WORLD_SIZE")
            ? 1
            : number(environment, "LOCAL_WORLD_SIZE");
    if (localWorldSize < 1 || worldSize % localWorldSize != 0) {
      throw new IllegalArgumentException(
          "WORLD_SIZE="
              + worldSize
              + " is not a multiple of LOCAL_WORLD_SIZE="
              + localWorldSize
              + ": every node must hold the same number of ranks");
    }
    int localRank =
        environment.containsKey("LOCAL_RANK")
            ? number(environment, "LOCAL_RANK")
            : Math.floorMod(rank, localWorldSize);
    int nodeRank =
        environment.containsKey("NODE_RANK")
            ? number(environment, "NODE_RANK")
            : Math.floorDiv(rank, localWorldSize);
    return new World(
        rank, worldSize, localRank, localWorldSize, nodeRank, worldSize / localWorldSize);
  }

  /**
   * Whether ranks are spread evenly over nodes and numbered node after node, as seen from this
   * rank. A world that is uneven elsewhere may look even here.
   */
  public boolean isEven() {
    return worldSize == numNodes * localWorldSize && rank == nodeRank * localWorldSize + localRank;
  }

  /** The same rank and world size, as if every rank ran on one host. */
  public World asSingleNode() {
    return new World(rank, worldSize, rank, worldSize, 0, 1);
  }

  /**
   * This rank's place among those that read different samples, where consecutive ranks read the
   * same ones. As in the Python library, they count as one node where they do not fill whole nodes.
   *
   * @param replication consecutive ranks that read the same
   * @throws IllegalArgumentException if it is not positive or does not divide the world size
   */
  public World replicate(int replication) {
    if (replication == 1) {
      return this;
    }
    if (replication < 1 || worldSize % replication != 0) {
      throw new IllegalArgumentException(
          "a replication of " + replication + " does not divide the " + worldSize + " ranks");
    }
    int ranks = worldSize / replication;
    int nodes = ranks % localWorldSize == 0 ? ranks / localWorldSize : 1;
    return World.of(rank / replication, nodes, ranks / nodes);
  }

  private static void checkIndex(String what, int index, String ofWhat, int count) {
    if (count < 1) {
      throw new IllegalArgumentException(ofWhat + " must be at least 1, got " + count);
    }
    if (index < 0 || index >= count) {
      throw new IllegalArgumentException(
          what + " " + index + " is outside 0.." + (count - 1) + " (" + ofWhat + " " + count + ")");
    }
  }

  private static int number(Map<String, String> environment, String name) {
    String value = environment.get(name);
    if (value == null) {
      throw new IllegalArgumentException("environment variable " + name + " is not set");
    }
    try {
      return Integer.parseInt(value.strip());
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "environment variable " + name + "=" + value + " is not a whole number", e);
    }
  }
}
