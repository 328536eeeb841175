package io.javatorch.distributor.launch;

import io.javatorch.distributor.RankLogLine;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * How a job is run, as the user set it.
 *
 * @param minProcesses how few ranks an attempt may have after the first one
 * @param maxRestarts how often a failed job is started again
 * @param environment variables beside those that the launcher sets
 * @param workerHeap what follows {@code -Xmx}
 * @param startTimeout for the slots, and again for the ranks to find each other
 * @param collectiveTimeout for each all-reduce, broadcast or barrier
 * @param timeout for the whole job, all its attempts
 * @param logs gets each line of each rank, by one thread at a time
 */
public record JobSettings(
    int numProcesses,
    int minProcesses,
    int maxRestarts,
    boolean localMode,
    boolean useGpu,
    Map<String, String> environment,
    String workerHeap,
    List<String> workerJvmOptions,
    Duration startTimeout,
    Duration collectiveTimeout,
    Optional<Duration> timeout,
    Consumer<RankLogLine> logs) {

  private static final Set<String> SET_BY_THE_LAUNCHER =
      Set.of(
          RankEnvironment.RANK,
          RankEnvironment.WORLD_SIZE,
          RankEnvironment.LOCAL_RANK,
          RankEnvironment.LOCAL_WORLD_SIZE,
          RankEnvironment.NODE_RANK,
          RankEnvironment.MASTER_ADDR,
          RankEnvironment.MASTER_PORT,
          RankEnvironment.CUDA_VISIBLE_DEVICES,
          RankEnvironment.RESTART_COUNT,
          RankEnvironment.MAX_RESTARTS);

  /** Copies the collections. */
  public JobSettings {
    if (minProcesses > numProcesses) {
      throw new IllegalArgumentException(
          "minProcesses is %d, more than numProcesses, which is %d"
              .formatted(minProcesses, numProcesses));
    }
    environment = Map.copyOf(environment);
    workerJvmOptions = List.copyOf(workerJvmOptions);
    if (!workerHeap.matches("\\d+[kKmMgGtT]?")) {
      throw new IllegalArgumentException(
          "workerHeap must be a size such as 512m or 4g, got '" + workerHeap + "'");
    }
  }

  /** Refuses variables that the launcher computes for each rank. */
  public static void checkEnvironment(Map<String, String> environment) {
    for (var name : environment.keySet()) {
      if (SET_BY_THE_LAUNCHER.contains(name)) {
        throw new IllegalArgumentException(
            name + " is set by the distributor, for each rank its own; leave it out");
      }
      if (name.isEmpty() || name.indexOf('=') >= 0 || name.indexOf('\0') >= 0) {
        throw new IllegalArgumentException("'" + name + "' is no name of an environment variable");
      }
    }
  }

  /** Refuses what is not a positive time. */
  public static Duration checkTimeout(String name, Duration timeout) {
    if (timeout.isNegative() || timeout.isZero()) {
      throw new IllegalArgumentException(name + " must be positive, got " + timeout);
    }
    return timeout;
  }
}
