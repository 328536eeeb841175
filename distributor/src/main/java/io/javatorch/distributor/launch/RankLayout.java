package io.javatorch.distributor.launch;

import io.javatorch.streaming.World;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;

/**
 * Which rank each task of the stage takes. Ranks count through the tasks of one host before they go
 * on to the next, as torchrun numbers them and as the order of samples expects; hosts come in the
 * order of their first task.
 *
 * @param worlds by partition id
 */
record RankLayout(List<World> worlds) {
  RankLayout {
    worlds = List.copyOf(worlds);
  }

  /**
   * The layout of a stage.
   *
   * @param hosts the host of each task, by partition id
   */
  static RankLayout of(List<String> hosts) {
    var partitionsByHost = new LinkedHashMap<String, List<Integer>>();
    for (int partition = 0; partition < hosts.size(); partition++) {
      partitionsByHost
          .computeIfAbsent(hosts.get(partition), host -> new ArrayList<>())
          .add(partition);
    }
    var worlds = new World[hosts.size()];
    int rank = 0;
    int nodeRank = 0;
    for (var partitions : partitionsByHost.values()) {
      for (int localRank = 0; localRank < partitions.size(); localRank++) {
        worlds[partitions.get(localRank)] =
            new World(
                rank++,
                hosts.size(),
                localRank,
                partitions.size(),
                nodeRank,
                partitionsByHost.size());
      }
      nodeRank++;
    }
    return new RankLayout(List.of(worlds));
  }

  World ofPartition(int partition) {
    return worlds.get(partition);
  }
}
