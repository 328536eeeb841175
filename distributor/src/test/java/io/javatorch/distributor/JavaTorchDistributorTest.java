package io.javatorch.distributor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.javatorch.auth.CredentialsSource;
import io.javatorch.auth.DatabricksAuth;
import io.javatorch.auth.DatabricksAuthException;
import io.javatorch.auth.WorkerCredentials;
import io.javatorch.distributor.collective.ReduceOp;
import java.io.IOException;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Real worker JVMs, started by Spark's local executor and by the driver itself. */
@Timeout(120)
class JavaTorchDistributorTest {
  private static JavaSparkContext spark;

  @TempDir Path scratch;
  private final List<RankLogLine> logs = Collections.synchronizedList(new ArrayList<>());

  @BeforeAll
  static void startSpark() {
    var conf =
        new SparkConf()
            .setMaster("local[3]")
            .setAppName("JavaTorchDistributorTest")
            .set("spark.ui.enabled", "false")
            .set("spark.hadoop.fs.of.the.test", "a value");
    spark = new JavaSparkContext(conf);
  }

  @AfterAll
  static void stopSpark() {
    spark.close();
  }

  private JavaTorchDistributor.Builder twoRanks(boolean localMode) {
    return JavaTorchDistributor.builder(spark)
        .numProcesses(2)
        .localMode(localMode)
        .workerHeap("256m")
        .withoutCredentials()
        .logs(logs::add);
  }

  private List<String> linesOf(int rank) {
    return logs.stream().filter(line -> line.rank() == rank).map(RankLogLine::text).toList();
  }

  /** A file for each rank with its process id, so that a test can look whether it is gone. */
  private static void leavePid(String directory, TrainingContext context) throws IOException {
    var file = Path.of(directory, "rank" + context.world().rank());
    // At once: this process may be killed at any moment.
    var whole = Files.writeString(Path.of(file + ".tmp"), "" + ProcessHandle.current().pid());
    Files.move(whole, file, StandardCopyOption.REPLACE_EXISTING);
  }

  private void assertThatAllRanksAreGone() throws IOException {
    for (int rank = 0; rank < 2; rank++) {
      var pid = Long.parseLong(Files.readString(scratch.resolve("rank" + rank)));
      assertThat(ProcessHandle.of(pid).map(ProcessHandle::isAlive))
          .isIn(Optional.empty(), Optional.of(false));
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void everyRankRunsInAProcessOfItsOwnWithItsEnvironment(boolean localMode) throws Exception {
    var results =
        twoRanks(localMode)
            .environment(Map.of("MINE", "x"))
            .build()
            .runAll(
                context -> {
                  var seen = new HashMap<>(System.getenv());
                  seen.put("pid", Long.toString(ProcessHandle.current().pid()));
                  seen.put("rank", Integer.toString(context.world().rank()));
                  seen.put("device", context.device().toString());
                  return seen;
                });
    assertThat(results).hasSize(2);
    for (int rank = 0; rank < 2; rank++) {
      assertThat(results.get(rank))
          .containsEntry("rank", Integer.toString(rank))
          .containsEntry("RANK", Integer.toString(rank))
          .containsEntry("WORLD_SIZE", "2")
          .containsEntry("LOCAL_RANK", Integer.toString(rank))
          .containsEntry("LOCAL_WORLD_SIZE", "2")
          .containsEntry("NODE_RANK", "0")
          .containsEntry("CUDA_VISIBLE_DEVICES", "")
          .containsEntry("device", "cpu()")
          .containsEntry("MINE", "x")
          .containsKeys("MASTER_ADDR", "MASTER_PORT", "OMP_NUM_THREADS")
          .doesNotContainEntry("pid", Long.toString(ProcessHandle.current().pid()))
          .hasEntrySatisfying(
              "JAVATORCH_HADOOP_PROPERTIES",
              settings -> assertThat(settings).contains("fs.of.the.test=a value\n"));
    }
    assertThat(results.get(0).get("pid")).isNotEqualTo(results.get(1).get("pid"));
    assertThat(results.get(0).get("MASTER_PORT")).isEqualTo(results.get(1).get("MASTER_PORT"));
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void ranksReduceAmongThemselvesAndRankZeroAnswers(boolean localMode) throws Exception {
    float sum =
        twoRanks(localMode)
            .build()
            .run(
                context -> {
                  var values = FloatBuffer.wrap(new float[] {1 + context.world().rank()});
                  context.processGroup().allReduce(values, ReduceOp.SUM);
                  return values.get(0);
                });
    assertThat(sum).isEqualTo(3f);
  }

  @Test
  void whatRanksPrintComesCompleteAndInOrder() throws Exception {
    int count = 20_000;
    twoRanks(false)
        .build()
        .run(
            context -> {
              IntStream.range(0, count).forEach(i -> System.out.println("line " + i));
              System.out.print("without an end");
              System.err.println("to the other stream");
              return null;
            });
    for (int rank = 0; rank < 2; rank++) {
      int r = rank;
      var out =
          logs.stream()
              .filter(line -> line.rank() == r && line.stream() == RankLogLine.Stream.STDOUT)
              .map(RankLogLine::text)
              .toList();
      assertThat(out).hasSize(count + 1).startsWith("line 0", "line 1").endsWith("without an end");
      assertThat(out.get(count - 1)).isEqualTo("line " + (count - 1));
      assertThat(logs)
          .contains(new RankLogLine(r, RankLogLine.Stream.STDERR, "to the other stream"));
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aRankThatThrowsFailsTheJobWithItsExceptionAndItsLastLines(boolean localMode)
      throws Exception {
    var directory = scratch.toString();
    var failure =
        catchThrowableOfType(
            TrainingFailedException.class,
            () ->
                twoRanks(localMode)
                    .build()
                    .run(
                        context -> {
                          leavePid(directory, context);
                          context.processGroup().barrier();
                          if (context.world().rank() == 1) {
                            System.out.println("about to fail");
                            throw new IllegalStateException("loss is NaN", new IOException("why"));
                          }
                          context.processGroup().barrier(); // would wait for ever
                          return null;
                        }));
    assertThat(failure.rank()).hasValue(1);
    assertThat(failure)
        .hasMessageContaining("rank 1")
        .hasMessageContaining("loss is NaN")
        .hasMessageContaining("about to fail");
    assertThat(failure.lastLogLines()).contains("about to fail");
    assertThat(failure.getCause()).isInstanceOf(RankError.class);
    assertThat(((RankError) failure.getCause()).className())
        .isEqualTo(IllegalStateException.class.getName());
    assertThat(failure.getCause().getStackTrace()[0].getClassName())
        .isEqualTo(JavaTorchDistributorTest.class.getName());
    assertThat(failure.getCause().getCause()).hasMessage("why");
    assertThatAllRanksAreGone();
  }

  @Test
  void aRankKilledBySignalIsNamedWithTheSignal() throws Exception {
    var directory = scratch.toString();
    var failure =
        catchThrowableOfType(
            TrainingFailedException.class,
            () ->
                twoRanks(false)
                    .build()
                    .run(
                        context -> {
                          leavePid(directory, context);
                          context.processGroup().barrier();
                          if (context.world().rank() == 1) {
                            var pid = Long.toString(ProcessHandle.current().pid());
                            new ProcessBuilder("kill", "-9", pid).start().waitFor();
                          }
                          context.processGroup().barrier();
                          return null;
                        }));
    assertThat(failure.rank()).hasValue(1);
    assertThat(failure).hasMessageContaining("SIGKILL");
    assertThatAllRanksAreGone();
  }

  @Test
  void aRankThatExitsIsNamedWithItsCode() {
    assertThatThrownBy(
            () ->
                twoRanks(false)
                    .build()
                    .run(
                        context -> {
                          if (context.world().rank() == 0) {
                            System.exit(42);
                          }
                          context.processGroup().barrier();
                          return null;
                        }))
        .isInstanceOf(TrainingFailedException.class)
        .hasMessageContaining("rank 0")
        .hasMessageContaining("exited with code 42");
  }

  @Test
  void aJvmThatCannotStartIsReportedWithWhatItSaid() {
    assertThatThrownBy(
            () ->
                twoRanks(true).workerJvmOptions(List.of("-XX:NoSuchOption")).build().run(c -> null))
        .isInstanceOf(TrainingFailedException.class)
        .hasMessageContaining("NoSuchOption");
  }

  @Test
  void aRankOutOfMemoryIsToldWhatToRaise() {
    assertThatThrownBy(
            () ->
                twoRanks(true)
                    .workerHeap("64m")
                    .build()
                    .run(context -> (long) ByteBuffer.allocate(1 << 30).capacity()))
        .isInstanceOf(TrainingFailedException.class)
        .hasMessageContaining("raise workerHeap");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aJobOverItsTimeoutIsEndedWithItsProcesses(boolean localMode) throws Exception {
    // On a busy machine the ranks may not have started yet when it ends.
    var timeout = Duration.ofSeconds(10);
    runPastItsTimeout(localMode, timeout);
    while (!Files.exists(scratch.resolve("rank0")) || !Files.exists(scratch.resolve("rank1"))) {
      timeout = timeout.multipliedBy(2);
      runPastItsTimeout(localMode, timeout);
    }
    assertThatAllRanksAreGone();
  }

  private void runPastItsTimeout(boolean localMode, Duration timeout) {
    var directory = scratch.toString();
    assertThatThrownBy(
            () ->
                twoRanks(localMode)
                    .timeout(timeout)
                    .build()
                    .run(
                        context -> {
                          leavePid(directory, context);
                          Thread.sleep(600_000);
                          return null;
                        }))
        .isInstanceOf(TrainingFailedException.class)
        .hasMessageContaining("timeout of " + timeout);
  }

  @Test
  void whatARankStartedIsEndedWithItWhereAnotherFails() throws Exception {
    var child = scratch.resolve("child").toString();
    assertThatThrownBy(
            () ->
                twoRanks(false)
                    .build()
                    .run(
                        context -> {
                          if (context.world().rank() == 0) {
                            var process = new ProcessBuilder("sleep", "600").start();
                            Files.writeString(Path.of(child), Long.toString(process.pid()));
                          }
                          context.processGroup().barrier();
                          if (context.world().rank() == 1) {
                            throw new IllegalStateException("the other has a child");
                          }
                          Thread.sleep(600_000);
                          return null;
                        }))
        .isInstanceOf(TrainingFailedException.class);
    var pid = Long.parseLong(Files.readString(Path.of(child)));
    assertThat(ProcessHandle.of(pid).filter(ProcessHandle::isAlive)).isEmpty();
  }

  @Test
  void whatAFailingRankStartedIsEndedWithIt() throws Exception {
    var directory = scratch.toString();
    assertThatThrownBy(
            () ->
                twoRanks(true)
                    .build()
                    .run(
                        context -> {
                          var process = new ProcessBuilder("sleep", "600").start();
                          var file = "child" + context.world().rank();
                          Files.writeString(Path.of(directory, file), Long.toString(process.pid()));
                          context.processGroup().barrier();
                          throw new IllegalStateException("with a child");
                        }))
        .isInstanceOf(TrainingFailedException.class);
    for (int rank = 0; rank < 2; rank++) {
      var pid = Long.parseLong(Files.readString(scratch.resolve("child" + rank)));
      assertThat(ProcessHandle.of(pid).filter(ProcessHandle::isAlive)).isEmpty();
    }
  }

  @Test
  void aConsumerOfLogsThatFailsDoesNotFailTheJob() throws Exception {
    int sum =
        twoRanks(false)
            .logs(
                line -> {
                  throw new IllegalStateException("the consumer is broken");
                })
            .build()
            .run(
                context -> {
                  IntStream.range(0, 1000).forEach(i -> System.out.println("line " + i));
                  context.processGroup().barrier();
                  return 7;
                });
    assertThat(sum).isEqualTo(7);
  }

  @Test
  void ranksThatMakeDifferentCallsFailWithTheMismatch() {
    assertThatThrownBy(
            () ->
                twoRanks(false)
                    .build()
                    .run(
                        context -> {
                          if (context.world().rank() == 0) {
                            context.processGroup().barrier();
                          } else {
                            context.processGroup().allGather(new byte[] {1});
                          }
                          return null;
                        }))
        .isInstanceOf(TrainingFailedException.class)
        .hasRootCauseInstanceOf(RankError.class)
        .hasMessageContaining("CallMismatchException");
  }

  @Test
  void credentialsReachEveryRankAndNoArgumentOfAnyProcess() throws Exception {
    var credentials = WorkerCredentials.of("https://workspace", "dapi-secret-token");
    var results =
        twoRanks(false)
            .credentials(credentials)
            .build()
            .runAll(
                context -> {
                  var found = context.credentials().orElseThrow();
                  var arguments =
                      Files.readString(
                          Path.of("/proc/" + ProcessHandle.current().pid() + "/cmdline"));
                  return new ArrayList<>(
                      List.of(
                          System.getenv("DATABRICKS_HOST"),
                          System.getenv("DATABRICKS_TOKEN"),
                          found.token(),
                          arguments));
                });
    for (var result : results) {
      assertThat(result.subList(0, 3))
          .containsExactly("https://workspace", "dapi-secret-token", "dapi-secret-token");
      assertThat(result.get(3)).contains("WorkerMain").doesNotContain("dapi-secret-token");
    }
  }

  /** Gives a new token whenever one is refused. */
  private static final class Renewing implements CredentialsSource {
    private int token = 1;
    private boolean revoked;

    @Override
    public synchronized WorkerCredentials current() throws IOException {
      if (revoked) {
        throw new DatabricksAuthException("the principal was deleted");
      }
      return WorkerCredentials.of("https://workspace", "token-" + token);
    }

    @Override
    public synchronized WorkerCredentials renew(WorkerCredentials refused) throws IOException {
      if (current().equals(refused)) {
        revoked = token == 3;
        token++;
      }
      return current();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void theDriverRenewsCredentialsThatTheWorkspaceRefusesARank(boolean localMode) throws Exception {
    var results =
        twoRanks(localMode)
            .credentials(new Renewing())
            .build()
            .runAll(
                context -> {
                  // As all code finds them that knows nothing of this library.
                  var source = DatabricksAuth.builder().build().source();
                  var tokens = new ArrayList<String>();
                  tokens.add(source.current().token());
                  context.processGroup().barrier();
                  tokens.add(source.renew(source.current()).token());
                  context.processGroup().barrier();
                  tokens.add(source.renew(source.current()).token());
                  tokens.add(context.credentials().orElseThrow().token());
                  tokens.add(System.getenv("DATABRICKS_TOKEN"));
                  context.processGroup().barrier();
                  try {
                    source.renew(source.current());
                    tokens.add("renewed");
                  } catch (DatabricksAuthException e) {
                    tokens.add(e.getMessage());
                  }
                  return tokens;
                });
    // The two are refused the same token, and get the same one for it.
    for (var tokens : results) {
      assertThat(tokens.subList(0, 5))
          .containsExactly("token-1", "token-2", "token-3", "token-3", "token-1");
      assertThat(tokens.get(5)).contains("the principal was deleted");
    }
  }

  @Test
  void aFunctionThatHoldsALiveObjectIsRefusedByTheNameOfItsClass() {
    var notSerializable = new Object();
    TrainingFunction<Serializable> function = context -> notSerializable.toString();
    assertThatThrownBy(() -> twoRanks(false).build().run(function))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("java.lang.Object")
        .hasMessageContaining("TrainingContext");
  }

  @Test
  void moreRanksThanSlotsIsSaidAtOnce() {
    assertThatThrownBy(() -> twoRanks(false).numProcesses(4).build().run(context -> null))
        .isInstanceOf(TrainingFailedException.class)
        .hasMessageContaining("needs 4 slots")
        .hasMessageContaining("has 3")
        .hasMessageContaining("local[4]");
  }

  @Test
  void aGpuJobWithoutGpusIsSaidAtOnce() {
    assertThatThrownBy(() -> twoRanks(true).useGpu(true).build().run(context -> null))
        .isInstanceOf(TrainingFailedException.class)
        .hasMessageContaining("0 GPUs for 2 ranks");
  }

  @Test
  void settingsThatMakeNoSenseAreRefused() {
    var builder = JavaTorchDistributor.builder(spark);
    assertThatThrownBy(() -> builder.numProcesses(0)).hasMessageContaining("at least 1, got 0");
    assertThatThrownBy(() -> builder.environment(Map.of("RANK", "1"))).hasMessageContaining("RANK");
    assertThatThrownBy(() -> builder.timeout(Duration.ZERO)).hasMessageContaining("timeout");
    assertThatThrownBy(() -> builder.workerHeap("lots").build()).hasMessageContaining("'lots'");
    var restarting = JavaTorchDistributor.builder(spark);
    assertThatThrownBy(() -> restarting.maxRestarts(-1)).hasMessageContaining("negative, got -1");
    assertThatThrownBy(() -> restarting.minProcesses(0)).hasMessageContaining("at least 1, got 0");
    assertThatThrownBy(() -> restarting.numProcesses(2).minProcesses(3).build())
        .hasMessageContaining("minProcesses is 3, more than numProcesses, which is 2");
  }

  /** Ends this process as the kernel does when memory runs out. */
  private static void killSelf() throws IOException, InterruptedException {
    new ProcessBuilder("kill", "-9", Long.toString(ProcessHandle.current().pid())).start();
    Thread.sleep(600_000);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aJobThatFailsIsStartedAgain(boolean localMode) throws Exception {
    var restarts =
        twoRanks(localMode)
            .maxRestarts(2)
            .build()
            .runAll(
                context -> {
                  context.processGroup().barrier();
                  boolean blamed = context.world().rank() == 1;
                  if (blamed && context.restarts() == 0) {
                    throw new ArithmeticException("loss is NaN");
                  } else if (blamed && context.restarts() == 1) {
                    killSelf();
                  }
                  context.processGroup().barrier();
                  return context.restarts()
                      + System.getenv("TORCHELASTIC_RESTART_COUNT")
                      + System.getenv("TORCHELASTIC_MAX_RESTARTS");
                });
    assertThat(restarts).containsExactly("222", "222");
  }

  @Test
  void aJobThatFailsTooOftenSaysHowItFailedEachTime() {
    var failure =
        catchThrowableOfType(
            TrainingFailedException.class,
            () ->
                twoRanks(true)
                    .maxRestarts(1)
                    .build()
                    .run(
                        context -> {
                          if (context.world().rank() == 1) {
                            throw new ArithmeticException("attempt " + context.restarts());
                          }
                          Thread.sleep(600_000);
                          return null;
                        }));
    assertThat(failure.rank()).hasValue(1);
    assertThat(failure)
        .hasMessageContaining("ArithmeticException: attempt 1")
        .hasMessageContaining("It had been restarted 1 times; before that: Training failed: rank 1")
        .hasMessageContaining("ArithmeticException: attempt 0");
    assertThat(failure.getSuppressed()).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aJobWhoseTimeIsOverIsNotStartedAgain(boolean localMode) {
    var failure =
        catchThrowableOfType(
            TrainingFailedException.class,
            () ->
                twoRanks(localMode)
                    .maxRestarts(5)
                    .timeout(Duration.ofSeconds(4))
                    .build()
                    .run(
                        context -> {
                          if (context.restarts() == 0) {
                            throw new ArithmeticException("at once");
                          }
                          Thread.sleep(600_000);
                          return null;
                        }));
    assertThat(failure).hasMessageContaining("did not end within its timeout of PT4S");
  }

  @Test
  void aJobThatIsCancelledInSparkIsNotStartedAgain() throws Exception {
    var directory = scratch.toString();
    var outcome = new ArrayList<Throwable>();
    var caller =
        new Thread(
            () -> {
              try {
                twoRanks(false)
                    .maxRestarts(5)
                    .build()
                    .run(
                        context -> {
                          leavePid(directory, context);
                          context.processGroup().barrier();
                          System.out.println("attempt " + context.restarts());
                          Thread.sleep(600_000);
                          return null;
                        });
              } catch (Throwable e) {
                outcome.add(e);
              }
            });
    caller.start();
    while (!linesOf(0).contains("attempt 0") || !linesOf(1).contains("attempt 0")) {
      Thread.sleep(50);
    }
    spark.cancelAllJobs();
    caller.join();
    assertThat(outcome)
        .singleElement()
        .isInstanceOf(TrainingFailedException.class)
        .asString()
        .contains("cancelled");
    assertThat(linesOf(0)).containsOnlyOnce("attempt 0").doesNotContain("attempt 1");
    assertThatAllRanksAreGone();
  }

  @Test
  void anInterruptOfTheCallerEndsTheJob() throws Exception {
    var directory = scratch.toString();
    var outcome = new ArrayList<Throwable>();
    var caller =
        new Thread(
            () -> {
              try {
                twoRanks(false)
                    .build()
                    .run(
                        context -> {
                          leavePid(directory, context);
                          context.processGroup().barrier();
                          System.out.println("all here");
                          Thread.sleep(600_000);
                          return null;
                        });
              } catch (Throwable e) {
                outcome.add(e);
              }
            });
    caller.start();
    while (!linesOf(0).contains("all here")) {
      Thread.sleep(50);
    }
    caller.interrupt();
    caller.join();
    assertThat(outcome).singleElement().isInstanceOf(InterruptedException.class);
    assertThatAllRanksAreGone();
  }
}
