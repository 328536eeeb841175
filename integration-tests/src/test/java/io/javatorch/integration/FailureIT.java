package io.javatorch.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.javatorch.distributor.JavaTorchDistributor;
import io.javatorch.distributor.RankError;
import io.javatorch.distributor.TrainingContext;
import io.javatorch.distributor.TrainingFailedException;
import io.javatorch.distributor.TrainingFunction;
import io.javatorch.samples.cluster.LocalCluster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Ranks, executors and drivers that fail, on a standalone cluster that looks like two machines. */
@Timeout(180)
class FailureIT {
  private static final Duration PROMISED = Duration.ofSeconds(15);

  private static LocalCluster cluster;
  private static JavaSparkContext spark;

  @TempDir Path scratch;

  @BeforeAll
  static void start() throws IOException, InterruptedException {
    cluster = LocalCluster.builder().hosts("127.0.0.1", "127.0.0.2").start();
    spark = new JavaSparkContext(cluster.sparkConf().setAppName("FailureIT"));
  }

  @AfterAll
  static void stop() {
    spark.close();
    cluster.close();
  }

  private static JavaTorchDistributor distributor() {
    return JavaTorchDistributor.builder(spark)
        .numProcesses(2)
        .workerHeap("256m")
        .withoutCredentials()
        .build();
  }

  /** Notes this process and its executor, then waits until both ranks have. */
  private static void checkIn(Path directory, TrainingContext context) throws IOException {
    var self = ProcessHandle.current();
    int rank = context.world().rank();
    Files.writeString(directory.resolve("worker" + rank), Long.toString(self.pid()));
    Files.writeString(
        directory.resolve("executor" + rank), Long.toString(self.parent().orElseThrow().pid()));
    context.processGroup().barrier();
    Files.writeString(directory.resolve("ready" + rank), Instant.now().toString());
  }

  private static ProcessHandle process(Path file) throws IOException {
    return ProcessHandle.of(Long.parseLong(Files.readString(file))).orElse(null);
  }

  private void assertThatNoWorkerIsLeft() throws IOException {
    for (int rank = 0; rank < 2; rank++) {
      var worker = process(scratch.resolve("worker" + rank));
      assertThat(worker == null || !worker.isAlive()).as("rank %d is gone", rank).isTrue();
    }
  }

  @Test
  void aRankThatThrowsFailsTheJobWithinSecondsAndLeavesNoProcess() throws Exception {
    var directory = scratch.toString();
    TrainingFunction<String> function =
        context -> {
          var at = Path.of(directory);
          checkIn(at, context);
          if (context.world().rank() == 1) {
            System.out.println("the last words of rank 1");
            Files.writeString(at.resolve("thrown"), Instant.now().toString());
            throw new ArithmeticException("loss is NaN at step 12");
          }
          Thread.sleep(600_000); // not in a collective: nothing tells this rank
          return null;
        };
    var failure =
        catchThrowableOfType(TrainingFailedException.class, () -> distributor().run(function));
    var thrown = Instant.parse(Files.readString(scratch.resolve("thrown")));
    assertThat(Duration.between(thrown, Instant.now())).isLessThan(PROMISED);
    assertThat(failure.rank()).hasValue(1);
    assertThat(failure)
        .hasMessageContaining("rank 1 on 127.0.0.")
        .hasMessageContaining("loss is NaN at step 12")
        .hasMessageContaining("the last words of rank 1");
    assertThat(((RankError) failure.getCause()).className())
        .isEqualTo(ArithmeticException.class.getName());
    assertThatNoWorkerIsLeft();
  }

  @Test
  void theClusterRunsTheNextJobAfterAFailedOne() throws Exception {
    TrainingFunction<String> failing =
        context -> {
          throw new IllegalStateException("on every rank");
        };
    assertThatThrownBy(() -> distributor().run(failing))
        .isInstanceOf(TrainingFailedException.class)
        .hasMessageContaining("on every rank");
    assertThat(distributor().runAll(context -> context.world().nodeRank())).containsExactly(0, 1);
  }

  @Test
  void anExecutorThatIsKilledFailsTheJobAndItsRankEndsWithIt() throws Exception {
    var directory = scratch.toString();
    TrainingFunction<String> function =
        context -> {
          checkIn(Path.of(directory), context);
          Thread.sleep(600_000);
          return null;
        };
    var killer = new Thread(() -> killWhenReady("executor1"));
    killer.start();
    var failure =
        catchThrowableOfType(TrainingFailedException.class, () -> distributor().run(function));
    killer.join();
    var killed = Instant.parse(Files.readString(scratch.resolve("killed")));
    assertThat(Duration.between(killed, Instant.now())).isLessThan(PROMISED);
    assertThat(failure).isNotNull();
    // Nobody is left to wait for this one: it notices by itself that its executor is gone.
    awaitNoneAlive("worker0", "worker1");
    assertThatNoWorkerIsLeft();
  }

  private void killWhenReady(String name) {
    try {
      while (!Files.exists(scratch.resolve("ready0")) || !Files.exists(scratch.resolve("ready1"))) {
        Thread.sleep(50);
      }
      Files.writeString(scratch.resolve("killed"), Instant.now().toString());
      process(scratch.resolve(name)).destroyForcibly();
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void aDriverThatIsKilledTakesEverythingWithIt() throws Exception {
    var driver =
        new ProcessBuilder(
                Stream.concat(
                        Stream.of(
                            Path.of(System.getProperty("java.home"), "bin", "java").toString()),
                        Stream.concat(
                            java.util.Arrays.stream(
                                org.apache.spark.launcher.JavaModuleOptions
                                    .defaultModuleOptionArray()),
                            Stream.of(
                                "-cp",
                                System.getProperty("java.class.path"),
                                LonelyDriver.class.getName(),
                                scratch.toString())))
                    .toList())
            .redirectErrorStream(true)
            .redirectOutput(scratch.resolve("driver.log").toFile())
            .start();
    killDriverWhenReady(driver);
    awaitNoneAlive("worker0", "worker1", "executor0", "executor1");
  }

  private void killDriverWhenReady(Process driver) throws Exception {
    while (!Files.exists(scratch.resolve("ready0")) || !Files.exists(scratch.resolve("ready1"))) {
      assertThat(driver.isAlive())
          .as(() -> "the driver runs: " + read(scratch.resolve("driver.log")))
          .isTrue();
      Thread.sleep(50);
    }
    driver.destroyForcibly().waitFor();
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return e.toString();
    }
  }

  private void awaitNoneAlive(String... names) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + PROMISED.toNanos();
    for (var name : names) {
      var process = process(scratch.resolve(name));
      while (process != null && process.isAlive()) {
        assertThat(System.nanoTime()).as("the time until %s is gone", name).isLessThan(deadline);
        Thread.sleep(50);
      }
    }
  }

  /** A driver with a cluster of its own, to be killed in the middle of its job. */
  static final class LonelyDriver {
    private LonelyDriver() {}

    public static void main(String[] arguments) throws Exception {
      var directory = arguments[0];
      try (var cluster = LocalCluster.builder().start();
          var spark = new JavaSparkContext(cluster.sparkConf().setAppName("LonelyDriver"))) {
        JavaTorchDistributor.builder(spark)
            .numProcesses(2)
            .workerHeap("256m")
            .environment(Map.of("MINE", "x"))
            .withoutCredentials()
            .build()
            .run(
                context -> {
                  checkIn(Path.of(directory), context);
                  Thread.sleep(600_000);
                  return null;
                });
      }
    }
  }
}
