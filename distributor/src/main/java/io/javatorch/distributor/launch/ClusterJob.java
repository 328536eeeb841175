package io.javatorch.distributor.launch;

import io.javatorch.distributor.TrainingFailedException;
import java.io.IOException;
import java.io.Serializable;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.Function1;
import scala.collection.Iterator;
import scala.collection.JavaConverters;
import scala.reflect.ClassTag;
import scala.reflect.ClassTag$;

/** A job as a barrier stage on the cluster. */
final class ClusterJob {
  private static final Logger LOG = LoggerFactory.getLogger(ClusterJob.class);

  /** For tasks to end their processes after a cancel: SIGTERM, SIGKILL and some air. */
  private static final Duration CLEAN_UP_GRACE = Duration.ofSeconds(10);

  private final JavaSparkContext spark;
  private final JobSettings settings;
  private final int ranks;
  private final Deadline deadline;
  private final RankLogs logs;
  private final FailureLog failures = new FailureLog();
  private volatile boolean cancelledForARank;

  /**
   * @param ranks how many ranks this attempt has; there are slots for them
   */
  ClusterJob(JavaSparkContext spark, JobSettings settings, int ranks, Deadline deadline) {
    this.spark = spark;
    this.settings = settings;
    this.ranks = ranks;
    this.deadline = deadline;
    this.logs = new RankLogs(settings.logs());
  }

  /** Runs the stage and returns each rank's serialized result, by rank. */
  List<byte[]> run(Message.JobOrder order, CredentialsDesk credentials)
      throws InterruptedException, AttemptFailedException {
    var secret = JobSecret.random();
    var conf = spark.getConf();
    var host = conf.get("spark.driver.host");
    var bindAddress = conf.get("spark.driver.bindAddress", host);
    try (var server =
        DriverServer.start(
            InetAddress.getByName(bindAddress),
            secret,
            order,
            ranks,
            logs,
            failures,
            credentials)) {
      var task = new RankTask(new HostAndPort(host, server.port()), secret, settings.useGpu());
      return run(task, server);
    } catch (IOException e) {
      throw new TrainingFailedException(
          "The driver cannot listen on " + bindAddress + " for its workers", e);
    }
  }

  private List<byte[]> run(RankTask task, DriverServer server)
      throws InterruptedException, AttemptFailedException {
    var group = "javatorch-" + UUID.randomUUID();
    var results = submit(task, group);
    var watcher = cancelOnFailure(results, group);
    try {
      var byRank = sortedByRank(await(results));
      server.awaitTasksGone(CLEAN_UP_GRACE); // for the last lines of the logs
      return byRank;
    } catch (ExecutionException e) {
      cleanUp(results, group, server);
      var failure = toException(e.getCause());
      if (wasCancelled(e.getCause())) {
        throw failure;
      }
      throw new AttemptFailedException(failure);
    } catch (TimeoutException e) {
      cleanUp(results, group, server);
      throw deadline.passed();
    } catch (InterruptedException e) {
      cleanUp(results, group, server);
      throw e;
    } finally {
      watcher.interrupt();
    }
  }

  /** Whether somebody ended the job who does not want it started again, from Spark's UI say. */
  private boolean wasCancelled(Throwable sparkFailure) {
    return spark.sc().isStopped()
        || (!cancelledForARank
            && failures.cause().map(RankFailure::isConsequence).orElse(true)
            && String.valueOf(sparkFailure.getMessage()).contains("cancelled"));
  }

  private TrainingFailedException toException(Throwable sparkFailure) {
    var reported = failures.toException(logs);
    if (reported.isPresent()
        && (cancelledForARank || !failures.cause().orElseThrow().isConsequence())) {
      return reported.get();
    }
    // Spark ended the job, and no rank is to blame as far as the ranks know: an executor was lost.
    var exception =
        new TrainingFailedException(
            "Training failed in Spark: "
                + sparkFailure.getMessage()
                + reported.map(e -> "\n" + e.getMessage()).orElse(""),
            sparkFailure);
    reported.ifPresent(exception::addSuppressed);
    return exception;
  }

  private List<byte[]> await(CompletableFuture<List<byte[]>> results)
      throws ExecutionException, TimeoutException, InterruptedException {
    return results.get(deadline.leftNanos(), TimeUnit.NANOSECONDS);
  }

  /** Submits on a thread of its own, whose job group is not the caller's. */
  private CompletableFuture<List<byte[]>> submit(RankTask task, String group) {
    var results = new CompletableFuture<List<byte[]>>();
    var thread =
        new Thread(
            () -> {
              // With an interrupt: a task waits for its process and does not look up by itself.
              spark.setJobGroup(group, "Training with " + ranks + " ranks", true);
              try {
                results.complete(barrierStage(task).collect());
              } catch (Throwable e) {
                results.completeExceptionally(e);
              }
            },
            group);
    thread.setDaemon(true);
    thread.start();
    return results;
  }

  // JavaConverters is deprecated in Scala 2.13, but what 2.12 clusters have.
  @SuppressWarnings("deprecation")
  private JavaRDD<byte[]> barrierStage(RankTask task) {
    var partitions = Collections.nCopies(ranks, 0);
    ClassTag<byte[]> bytes = ClassTag$.MODULE$.apply(byte[].class);
    Function1<Iterator<Integer>, Iterator<byte[]>> body =
        (Function1<Iterator<Integer>, Iterator<byte[]>> & Serializable)
            ignored -> JavaConverters.asScalaIterator(List.of(runTask(task)).iterator());
    var stage =
        spark.parallelize(partitions, ranks).rdd().barrier().mapPartitions(body, false, bytes);
    return JavaRDD.fromRDD(stage, bytes);
  }

  /** Scala's functions declare no exceptions, so Java's have to be wrapped. */
  private static byte[] runTask(RankTask task) {
    try {
      return task.run();
    } catch (RuntimeException e) {
      throw e;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("The task was cancelled", e);
    } catch (Exception e) {
      throw new IllegalStateException(e.getMessage(), e);
    }
  }

  /** A failed rank ends the job at once, without waiting for Spark to notice and to tell others. */
  private Thread cancelOnFailure(CompletableFuture<?> results, String group) {
    var thread =
        new Thread(
            () -> {
              try {
                failures.awaitFailure();
                failures.awaitCause(FailureLog.CAUSE_GRACE);
                cancelledForARank = !results.isDone();
                cancel(results, group);
              } catch (InterruptedException e) {
                LOG.debug("{} ended", group);
              }
            },
            group + "-watch");
    thread.setDaemon(true);
    thread.start();
    return thread;
  }

  private void cleanUp(CompletableFuture<?> results, String group, DriverServer server) {
    boolean interrupted = Thread.interrupted();
    try {
      cancel(results, group);
      server.dismiss();
      // Spark fails the job as soon as one task has failed; that task's last words may be on their
      // way still, and the others' processes be ending.
      if (!server.awaitTasksGone(CLEAN_UP_GRACE)) {
        LOG.warn("Some tasks of {} had not ended {} after it failed", group, CLEAN_UP_GRACE);
      }
    } catch (InterruptedException e) {
      interrupted = true;
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void cancel(CompletableFuture<?> results, String group) throws InterruptedException {
    // More than once, for Spark forgets a cancel that comes before its job.
    long deadline = System.nanoTime() + CLEAN_UP_GRACE.toNanos();
    while (!results.isDone() && System.nanoTime() < deadline && !spark.sc().isStopped()) {
      spark.cancelJobGroup(group);
      Thread.sleep(200);
    }
  }

  private static List<byte[]> sortedByRank(List<byte[]> results) {
    var byRank = new byte[results.size()][];
    for (var result : results) {
      var buffer = ByteBuffer.wrap(result);
      var rank = buffer.getInt();
      byRank[rank] = new byte[buffer.remaining()];
      buffer.get(byRank[rank]);
    }
    return Arrays.asList(byRank);
  }
}
