package io.javatorch.integration;

import static org.assertj.core.api.Assertions.assertThat;

import io.javatorch.distributor.JavaTorchDistributor;
import io.javatorch.distributor.TrainingFunction;
import io.javatorch.samples.cluster.LocalCluster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Jobs that are started again, on a standalone cluster that loses parts of itself meanwhile. */
@Timeout(180)
class RestartIT {
  @TempDir Path scratch;

  /** Each rank notes its executor and that one's worker daemon, then waits for the other. */
  private static TrainingFunction<String> checkInAndStay(String directory) {
    return context -> {
      int rank = context.world().rank();
      if (context.restarts() > 0) {
        return context.restarts() + " of " + context.world().worldSize();
      }
      var executor = ProcessHandle.current().parent().orElseThrow();
      var daemon = executor.parent().orElseThrow();
      context.processGroup().barrier();
      var note = Path.of(directory, "note" + rank);
      Files.writeString(note, executor.pid() + " " + daemon.pid());
      Files.move(note, Path.of(directory, "ready" + rank));
      Thread.sleep(600_000);
      return null;
    };
  }

  private void killWhenReady(boolean daemonToo) {
    try {
      while (!Files.exists(scratch.resolve("ready0")) || !Files.exists(scratch.resolve("ready1"))) {
        Thread.sleep(50);
      }
      var pids = Files.readString(scratch.resolve("ready1")).split(" ");
      // The daemon first, which would start the executor again.
      if (daemonToo) {
        ProcessHandle.of(Long.parseLong(pids[1])).orElseThrow().destroyForcibly();
      }
      ProcessHandle.of(Long.parseLong(pids[0])).orElseThrow().destroyForcibly();
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private List<String> runAndKill(boolean machine, int minProcesses) throws Exception {
    try (var cluster = LocalCluster.builder().hosts("127.0.0.1", "127.0.0.2").start();
        var spark = new JavaSparkContext(cluster.sparkConf().setAppName("RestartIT"))) {
      var killer = new Thread(() -> killWhenReady(machine));
      killer.start();
      var results =
          JavaTorchDistributor.builder(spark)
              .numProcesses(2)
              .minProcesses(minProcesses)
              .maxRestarts(1)
              .workerHeap("256m")
              .withoutCredentials()
              .build()
              .runAll(checkInAndStay(scratch.toString()));
      killer.join();
      return results;
    }
  }

  @Test
  void aJobThatLosesAnExecutorGoesOnWithAllRanksOnceSparkHasReplacedIt() throws Exception {
    assertThat(runAndKill(false, 2)).containsExactly("1 of 2", "1 of 2");
  }

  @Test
  void aJobThatLosesAMachineGoesOnWithTheRanksThatTheRestCanHold() throws Exception {
    assertThat(runAndKill(true, 1)).containsExactly("1 of 1");
  }
}
