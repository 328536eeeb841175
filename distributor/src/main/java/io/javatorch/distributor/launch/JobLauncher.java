package io.javatorch.distributor.launch;

import io.javatorch.auth.CredentialsSource;
import io.javatorch.auth.WorkerCredentials;
import io.javatorch.distributor.TrainingFailedException;
import io.javatorch.distributor.TrainingFunction;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Optional;
import org.apache.spark.api.java.JavaSparkContext;

/** Runs one job from its settings: on the cluster, or on the driver's machine in local mode. */
public final class JobLauncher {
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
    var environment = new HashMap<String, String>();
    if (!settings.environment().containsKey(HadoopSettings.VARIABLE)) {
      environment.putAll(HadoopSettings.toEnvironment(spark.hadoopConfiguration()));
    }
    environment.putAll(settings.environment());
    if (credentials.isPresent()) {
      environment.putAll(current(credentials.get()).toEnvironment());
    }
    var order =
        new Message.JobOrder(
            JavaSerialization.write("The training function", function),
            credentials.isPresent(),
            environment,
            settings.workerHeap(),
            settings.workerJvmOptions(),
            settings.startTimeout(),
            settings.collectiveTimeout());
    try (var desk = new CredentialsDesk(credentials)) {
      var results =
          settings.localMode()
              ? new LocalJob(spark, settings).run(order, desk)
              : new ClusterJob(spark, settings).run(order, desk);
      return deserialize(results, function.getClass().getClassLoader());
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
