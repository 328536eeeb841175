package io.javatorch.distributor.launch;

import io.javatorch.distributor.TrainingFailedException;
import io.javatorch.streaming.World;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaSparkContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A job on the driver's own machine: the same worker processes, started by the driver itself. */
final class LocalJob {
  private static final Logger LOG = LoggerFactory.getLogger(LocalJob.class);
  private static final String GPU = "gpu";
  private static final String HOST = "the driver's machine";

  private final JavaSparkContext spark;
  private final JobSettings settings;
  private final Deadline deadline;
  private final RankLogs logs;
  private final FailureLog failures = new FailureLog();

  LocalJob(JavaSparkContext spark, JobSettings settings, Deadline deadline) {
    this.spark = spark;
    this.settings = settings;
    this.deadline = deadline;
    this.logs = new RankLogs(settings.logs());
  }

  /** Runs the ranks and returns each one's serialized result, by rank. */
  List<byte[]> run(Message.JobOrder order, CredentialsDesk credentials)
      throws InterruptedException, AttemptFailedException {
    var secret = JobSecret.random();
    var loopback = InetAddress.getLoopbackAddress();
    int ranks = settings.numProcesses();
    var gpus = gpusByRank();
    try (var rendezvous = Rendezvous.open(loopback, ranks, secret, settings.startTimeout());
        var processes = new Processes()) {
      var host = loopback.getHostAddress();
      var master = new HostAndPort(host, rendezvous.port());
      var command = new WorkerCommand(order.workerHeap(), order.workerJvmOptions());
      for (int rank = 0; rank < ranks; rank++) {
        var world = new World(rank, ranks, rank, ranks, 0, 1);
        var environment =
            RankEnvironment.of(
                order.environment(),
                world,
                master,
                gpus.get(rank),
                Runtime.getRuntime().availableProcessors());
        var start =
            new Message.Start(
                world,
                master,
                host,
                order.function(),
                order.keepsCredentialsFresh(),
                order.startTimeout(),
                order.collectiveTimeout());
        processes.add(
            RankProcess.launch(
                HOST, start, command, environment, secret, logs, failures::add, credentials::take));
      }
      return awaitAll(processes.all);
    } catch (IOException e) {
      throw new TrainingFailedException("A worker process cannot be started", e);
    }
  }

  private List<byte[]> awaitAll(List<RankProcess> processes)
      throws InterruptedException, AttemptFailedException {
    ExecutorService threads = Executors.newFixedThreadPool(processes.size(), LocalJob::daemon);
    try {
      var endings = new ExecutorCompletionService<Void>(threads);
      var results = new byte[processes.size()][];
      for (int rank = 0; rank < results.length; rank++) {
        endings.submit(waiting(processes.get(rank), rank, results));
      }
      for (int ended = 0; ended < results.length; ended++) {
        var ending = endings.poll(deadline.leftNanos(), TimeUnit.NANOSECONDS);
        if (ending == null) {
          throw deadline.passed();
        }
        ending.get();
      }
      return List.of(results);
    } catch (ExecutionException e) {
      failures.awaitCause(FailureLog.CAUSE_GRACE);
      throw new AttemptFailedException(
          failures
              .toException(logs)
              .orElseGet(() -> new TrainingFailedException("Training failed", e.getCause())));
    } finally {
      threads.shutdownNow();
    }
  }

  private Callable<Void> waiting(RankProcess process, int rank, byte[][] results) {
    return () -> {
      results[rank] = process.await();
      return null;
    };
  }

  private List<List<String>> gpusByRank() {
    int ranks = settings.numProcesses();
    if (!settings.useGpu()) {
      return IntStream.range(0, ranks).mapToObj(rank -> List.<String>of()).toList();
    }
    var gpus = spark.resources().get(GPU);
    int found = gpus == null ? 0 : gpus.addresses().length;
    if (found < ranks) {
      throw new TrainingFailedException(
          "The driver has "
              + found
              + " GPUs for "
              + ranks
              + " ranks. Set spark.driver.resource.gpu.amount and its discoveryScript, lower"
              + " numProcesses, or use useGpu(false).",
          null);
    }
    return IntStream.range(0, ranks).mapToObj(rank -> List.of(gpus.addresses()[rank])).toList();
  }

  private static Thread daemon(Runnable body) {
    var thread = new Thread(body, "javatorch-local-rank");
    thread.setDaemon(true);
    return thread;
  }

  /** The ranks' processes; closing it ends all that are left. */
  private static final class Processes implements AutoCloseable {
    private final List<RankProcess> all = new ArrayList<>();

    void add(RankProcess process) {
      all.add(process);
      LOG.info("Started {}", process);
    }

    @Override
    public void close() {
      all.forEach(RankProcess::close);
    }
  }
}
