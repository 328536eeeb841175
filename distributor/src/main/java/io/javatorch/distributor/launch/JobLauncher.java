package io.javatorch.distributor.launch;

import io.javatorch.auth.CredentialsSource;
import io.javatorch.auth.WorkerCredentials;
import io.javatorch.distributor.TrainingFailedException;
import io.javatorch.distributor.TrainingFunction;
import java.io.IOException;
import java.io.Serializable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.apache.spark.api.java.JavaSparkContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs one job from its settings, on the cluster or on the driver's machine in local mode, and
 * starts it again when it fails, as often as they allow.
 */
public final class JobLauncher {
  private static final Logger LOG = LoggerFactory.getLogger(JobLauncher.class);

  /** How long a restart waits for all ranks' slots before it goes on with fewer. */
  private static final Duration ALL_SLOTS_GRACE = Duration.ofSeconds(30);

  private final JavaSparkContext spark;
  private final JobSettings settings;
  private final Optional<CredentialsSource> credentials;

  /** A launcher for jobs with these settings. */
  public JobLauncher(
      JavaSparkContext spark, JobSettings settings, Optional<CredentialsSource> credentials) {
    this.spark = spark;
    this.settings = settings;
    this.credentials = credentials;
  }

  /**
   * Runs the function on every rank and returns their results, by rank.
   *
   * @throws TrainingFailedException if the job fails
   * @throws InterruptedException if the calling thread is interrupted; the job is cancelled
   */
  public <T extends Serializable> List<T> launch(TrainingFunction<T> function)
      throws InterruptedException {
    var deadline = new Deadline(settings.timeout());
    var failed = new ArrayList<TrainingFailedException>();
    byte[] serialized = JavaSerialization.write("The training function", function);
    while (true) {
      try {
        var results = attempt(serialized, failed.size(), deadline);
        return deserialize(results, function.getClass().getClassLoader());
      } catch (AttemptFailedException e) {
        if (failed.size() == settings.maxRestarts()) {
          throw withEarlier(e.failure(), failed);
        }
        failed.add(e.failure());
        LOG.warn(
            "Attempt {} of {} failed; starting again. {}",
            failed.size(),
            settings.maxRestarts() + 1,
            e.failure().getMessage());
      } catch (TrainingFailedException e) {
        throw withEarlier(e, failed);
      }
    }
  }

  /** A job that was restarted fails with its last failure; those before are kept beside it. */
  private static TrainingFailedException withEarlier(
      TrainingFailedException last, List<TrainingFailedException> earlier) {
    if (earlier.isEmpty()) {
      return last;
    }
    var message =
        "%s%nIt had been restarted %d times; before that: %s"
            .formatted(
                last.getMessage(),
                earlier.size(),
                earlier.stream()
                    .map(failure -> failure.getMessage().lines().findFirst().orElse(""))
                    .collect(Collectors.joining("; ")));
    var all =
        last.rank().isPresent()
            ? new TrainingFailedException(
                message, last.getCause(), last.rank().getAsInt(), last.lastLogLines())
            : new TrainingFailedException(message, last.getCause());
    all.setStackTrace(last.getStackTrace());
    earlier.forEach(all::addSuppressed);
    return all;
  }

  private List<byte[]> attempt(byte[] function, int restarts, Deadline deadline)
      throws InterruptedException, AttemptFailedException {
    var environment = new HashMap<String, String>();
    if (!settings.environment().containsKey(HadoopEnvironment.VARIABLE)) {
      environment.putAll(HadoopEnvironment.toEnvironment(spark.hadoopConfiguration()));
    }
    environment.putAll(settings.environment());
    if (credentials.isPresent()) {
      environment.putAll(current(credentials.get()).toEnvironment());
    }
    environment.put(RankEnvironment.RESTART_COUNT, Integer.toString(restarts));
    environment.put(RankEnvironment.MAX_RESTARTS, Integer.toString(settings.maxRestarts()));
    var order =
        new Message.JobOrder(
            function,
            credentials.isPresent(),
            environment,
            settings.workerHeap(),
            settings.workerJvmOptions(),
            settings.startTimeout(),
            settings.collectiveTimeout());
    try (var desk = new CredentialsDesk(credentials)) {
      if (settings.localMode()) {
        return new LocalJob(spark, settings, deadline).run(order, desk);
      }
      int ranks =
          ClusterSlots.await(
              spark,
              settings.numProcesses(),
              restarts == 0 ? settings.numProcesses() : settings.minProcesses(),
              ALL_SLOTS_GRACE,
              deadline.atMost(settings.startTimeout()));
      if (ranks < settings.numProcesses()) {
        LOG.warn("Going on with {} ranks instead of {}", ranks, settings.numProcesses());
      }
      return new ClusterJob(spark, settings, ranks, deadline).run(order, desk);
    }
  }

  private static WorkerCredentials current(CredentialsSource source) {
    try {
      return source.current();
    } catch (IOException e) {
      throw new TrainingFailedException(
          "The driver cannot get Databricks credentials for the ranks: " + e.getMessage(), e);
    }
  }

  // T is what the function returned on the rank, by its own declaration.
  @SuppressWarnings("unchecked")
  private static <T> List<T> deserialize(List<byte[]> results, ClassLoader classes) {
    var values = new ArrayList<T>(results.size());
    for (int rank = 0; rank < results.size(); rank++) {
      try {
        values.add(
            (T) JavaSerialization.read("The result of rank " + rank, results.get(rank), classes));
      } catch (IOException | ClassNotFoundException e) {
        throw new TrainingFailedException(
            "Training ended, but the driver cannot read the result of rank " + rank, e);
      }
    }
    return values;
  }
}
