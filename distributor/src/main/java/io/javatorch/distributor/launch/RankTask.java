package io.javatorch.distributor.launch;

import io.javatorch.distributor.RankLogLine;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.SparkEnv;
import org.apache.spark.resource.ResourceInformation;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The barrier task of one rank: is told its rank and the job's order by the driver, opens or hears
 * of the rendezvous, and runs the rank's process to its end.
 *
 * <p>This is the stage's closure, so it holds where the driver is and the job's secret, but nothing
 * of the order: Spark keeps closures on disk and ships them as its own settings say.
 */
record RankTask(HostAndPort driver, JobSecret secret, boolean useGpu) implements Serializable {
  private static final Logger LOG = LoggerFactory.getLogger(RankTask.class);
  private static final Duration DRIVER_TIMEOUT = Duration.ofSeconds(60);
  private static final String GPU = "gpu";

  /**
   * Runs this partition's rank.
   *
   * @return the rank as a big-endian int, then its serialized result
   */
  byte[] run() throws Exception {
    var task = BarrierTaskContext.get();
    // The name by which other executors fetch blocks from this one. BarrierTaskInfo holds what the
    // driver sees as the sender's address, which need not be reachable, nor differ between hosts.
    var host = SparkEnv.get().blockManager().blockManagerId().host();
    try (var toDriver = SealedChannel.connect(driver.unresolved(), secret, DRIVER_TIMEOUT)) {
      new Message.Hello(task.partitionId(), host).sendOver(toDriver);
      var world = Message.expect(Message.Placed.class, toDriver).world();
      var order = Message.expect(Message.JobOrder.class, toDriver);
      var rendezvous =
          world.rank() == 0
              ? Optional.of(
                  Rendezvous.open(
                      InetAddress.getByName(host), world.worldSize(), secret, order.startTimeout()))
              : Optional.<Rendezvous>empty();
      try {
        if (rendezvous.isPresent()) {
          var here = new HostAndPort(host, rendezvous.get().port());
          new Message.MasterAt(here).sendOver(toDriver);
        }
        var masterAddress = Message.expect(Message.MasterAt.class, toDriver).address();
        var environment =
            RankEnvironment.of(
                order.environment(),
                world,
                masterAddress,
                useGpu ? gpusOf(task) : List.of(),
                Runtime.getRuntime().availableProcessors());
        var start =
            new Message.Start(
                world,
                masterAddress,
                host,
                order.function(),
                order.keepsCredentialsFresh(),
                order.startTimeout(),
                order.collectiveTimeout());
        var command = new WorkerCommand(order.workerHeap(), order.workerJvmOptions());
        var credentials = new CredentialsRelay(toDriver);
        passOnAnswers(credentials);
        try (var process =
            RankProcess.launch(
                host,
                start,
                command,
                environment,
                secret,
                lines(toDriver),
                failures(toDriver),
                credentials::take)) {
          LOG.info("Started {}", process);
          var result = process.await();
          return ByteBuffer.allocate(Integer.BYTES + result.length)
              .putInt(world.rank())
              .put(result)
              .array();
        }
      } catch (RankFailedException e) {
        if (e.failure().isConsequence()) {
          // Were this task to fail first, Spark would end the one that has yet to say why. The
          // driver ends this wait by cancelling the job as soon as it knows.
          Thread.sleep(FailureLog.CAUSE_GRACE.toMillis());
        }
        throw e;
      } finally {
        rendezvous.ifPresent(Rendezvous::close);
      }
    }
  }

  private static RankProcess.LogSink lines(SealedChannel driver) {
    return (int rank, RankLogLine.Stream stream, List<String> lines) -> {
      try {
        new Message.LogLines(rank, stream, lines).sendOver(driver);
      } catch (IOException e) {
        // Ends the pump. Without its driver the executor is about to end, and the worker with it.
        throw new UncheckedIOException("The driver no longer takes the logs of rank " + rank, e);
      }
    };
  }

  private static Consumer<RankFailure> failures(SealedChannel driver) {
    return failure -> {
      try {
        new Message.RankFailed(failure).sendOver(driver);
      } catch (IOException e) {
        LOG.warn("The driver could not be told that {}", failure.describe(), e);
      }
    };
  }

  /** Until the channel to the driver is closed. */
  private static void passOnAnswers(CredentialsRelay credentials) {
    var thread = new Thread(credentials::passOnAnswers, "javatorch-answers");
    thread.setDaemon(true);
    thread.start();
  }

  private static List<String> gpusOf(BarrierTaskContext task) {
    ResourceInformation gpus = task.resourcesJMap().get(GPU);
    if (gpus == null || gpus.addresses().length == 0) {
      throw new IllegalStateException(
          "Spark gave this task no GPU; set spark.task.resource.gpu.amount=1 and"
              + " spark.executor.resource.gpu.amount, or useGpu(false)");
    }
    return List.of(gpus.addresses());
  }
}
