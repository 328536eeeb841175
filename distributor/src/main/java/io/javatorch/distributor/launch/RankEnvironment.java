package io.javatorch.distributor.launch;

import io.javatorch.streaming.World;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The environment of a rank's process: torchrun's names, so that what reads those runs here. */
final class RankEnvironment {
  static final String RANK = "RANK";
  static final String WORLD_SIZE = "WORLD_SIZE";
  static final String LOCAL_RANK = "LOCAL_RANK";
  static final String LOCAL_WORLD_SIZE = "LOCAL_WORLD_SIZE";
  static final String NODE_RANK = "NODE_RANK";
  static final String MASTER_ADDR = "MASTER_ADDR";
  static final String MASTER_PORT = "MASTER_PORT";
  static final String CUDA_VISIBLE_DEVICES = "CUDA_VISIBLE_DEVICES";
  static final String OMP_NUM_THREADS = "OMP_NUM_THREADS";
  static final String RESTART_COUNT = "TORCHELASTIC_RESTART_COUNT";
  static final String MAX_RESTARTS = "TORCHELASTIC_MAX_RESTARTS";

  private RankEnvironment() {}

  /**
   * The variables for one rank.
   *
   * @param base the job's own variables, which may set {@code OMP_NUM_THREADS}
   * @param gpus addresses of the GPUs this rank may use; none hides all GPUs from it
   * @param hostCores processors of the host, which its ranks divide among themselves
   */
  static Map<String, String> of(
      Map<String, String> base, World world, HostAndPort master, List<String> gpus, int hostCores) {
    var environment = new TreeMap<String, String>();
    environment.put(
        OMP_NUM_THREADS, Integer.toString(Math.max(1, hostCores / world.localWorldSize())));
    // DJL would otherwise report its use to its maintainers.
    environment.put("OPT_OUT_TRACKING", "true");
    environment.putAll(base);
    environment.put(RANK, Integer.toString(world.rank()));
    environment.put(WORLD_SIZE, Integer.toString(world.worldSize()));
    environment.put(LOCAL_RANK, Integer.toString(world.localRank()));
    environment.put(LOCAL_WORLD_SIZE, Integer.toString(world.localWorldSize()));
    environment.put(NODE_RANK, Integer.toString(world.nodeRank()));
    environment.put(MASTER_ADDR, master.host());
    environment.put(MASTER_PORT, Integer.toString(master.port()));
    environment.put(CUDA_VISIBLE_DEVICES, String.join(",", gpus));
    return environment;
  }
}
