package io.javatorch.distributor;

import io.javatorch.auth.CredentialsSource;
import io.javatorch.auth.DatabricksAuth;
import io.javatorch.auth.WorkerCredentials;
import io.javatorch.distributor.collective.CollectiveEndpoint;
import io.javatorch.distributor.launch.JobLauncher;
import io.javatorch.distributor.launch.JobSettings;
import java.io.Serializable;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * Runs a training function as a barrier-mode Spark stage: one task a rank, each rank in a JVM of
 * its own on the cluster's machines, all of them started and stopped together.
 *
 * <pre>{@code
 * var distributor = JavaTorchDistributor.builder(sparkContext).numProcesses(8).build();
 * double accuracy = distributor.run(context -> train(context, "/Volumes/main/digits/mds"));
 * }</pre>
 *
 * <p>Every rank finds in its environment {@code RANK}, {@code WORLD_SIZE}, {@code LOCAL_RANK},
 * {@code LOCAL_WORLD_SIZE}, {@code NODE_RANK}, {@code MASTER_ADDR}, {@code MASTER_PORT}, {@code
 * CUDA_VISIBLE_DEVICES}, {@code OMP_NUM_THREADS}, {@code TORCHELASTIC_RESTART_COUNT}, {@code
 * TORCHELASTIC_MAX_RESTARTS} and, where the driver has Databricks credentials, {@code
 * DATABRICKS_HOST} and {@code DATABRICKS_TOKEN}. What it prints appears on the driver while it
 * runs, with its rank in front.
 *
 * <p>Immutable and thread-safe; several jobs may run at once where the cluster has room.
 */
public final class JavaTorchDistributor {
  private final JavaSparkContext sparkContext;
  private final JobSettings settings;
  private final Optional<CredentialsSource> credentials;
  private final boolean findCredentials;

  private JavaTorchDistributor(Builder builder) {
    this.sparkContext = builder.sparkContext;
    this.credentials = builder.credentials;
    this.findCredentials = builder.findCredentials;
    this.settings =
        new JobSettings(
            builder.numProcesses,
            builder.minProcesses.orElse(builder.numProcesses),
            builder.maxRestarts,
            builder.localMode,
            builder.useGpu,
            builder.environment,
            builder.workerHeap,
            builder.workerJvmOptions,
            builder.startTimeout,
            builder.collectiveTimeout,
            builder.timeout,
            builder.logs);
  }

  /** A builder for jobs on the cluster of a Spark context. */
  public static Builder builder(JavaSparkContext sparkContext) {
    return new Builder(Objects.requireNonNull(sparkContext, "sparkContext"));
  }

  /**
   * Runs the function on every rank and returns what rank 0 returned.
   *
   * @throws TrainingFailedException if a rank throws, exits or dies more often than the job may be
   *     restarted, the cluster cannot hold the job, or a timeout passes; no process of the job is
   *     left running
   * @throws IllegalArgumentException if the function cannot be serialized
   * @throws InterruptedException if the calling thread is interrupted; the job is cancelled
   */
  public <T extends Serializable> T run(TrainingFunction<T> function) throws InterruptedException {
    return runAll(function).get(0);
  }

  /**
   * As {@link #run}, with the results of all ranks in rank order. A rank that returned null has
   * null there.
   */
  public <T extends Serializable> List<T> runAll(TrainingFunction<T> function)
      throws InterruptedException {
    Objects.requireNonNull(function, "function");
    // Looked up for each job, not once: a token found at build time may have expired since.
    var found =
        credentials.isPresent() || !findCredentials
            ? credentials
            : DatabricksAuth.builder().build().sourceIfConfigured();
    return new JobLauncher(sparkContext, settings, found).launch(function);
  }

  /** Collects a job's settings. Each has a default that suits a laptop. Not thread-safe. */
  public static final class Builder {
    private final JavaSparkContext sparkContext;
    private int numProcesses = 1;
    private OptionalInt minProcesses = OptionalInt.empty();
    private int maxRestarts;
    private boolean localMode;
    private boolean useGpu;
    private final Map<String, String> environment = new LinkedHashMap<>();
    private String workerHeap = "1g";
    private List<String> workerJvmOptions = List.of();
    private Duration startTimeout = Duration.ofMinutes(5);
    private Duration collectiveTimeout = CollectiveEndpoint.DEFAULT_CALL_TIMEOUT;
    private Optional<Duration> timeout = Optional.empty();
    private Optional<CredentialsSource> credentials = Optional.empty();
    private boolean findCredentials = true;
    private Consumer<RankLogLine> logs = Builder::print;

    private Builder(JavaSparkContext sparkContext) {
      this.sparkContext = sparkContext;
    }

    /** How many ranks train together; at least 1, which is the default. */
    public Builder numProcesses(int numProcesses) {
      if (numProcesses < 1) {
        throw new IllegalArgumentException("numProcesses must be at least 1, got " + numProcesses);
      }
      this.numProcesses = numProcesses;
      return this;
    }

    /**
     * How few ranks an attempt after a failure may have where the cluster has lost slots; default
     * as many as {@link #numProcesses}. It waits 30 seconds for all of them and then starts with
     * what there is; the attempt after that may have more again. The first attempt has all.
     */
    public Builder minProcesses(int minProcesses) {
      if (minProcesses < 1) {
        throw new IllegalArgumentException("minProcesses must be at least 1, got " + minProcesses);
      }
      this.minProcesses = OptionalInt.of(minProcesses);
      return this;
    }

    /**
     * How often the job is started again after a rank has failed or an executor was lost; default
     * 0, never. All ranks end first. The function is then run anew on all of them, and should go on
     * from its latest checkpoint; {@link TrainingContext#restarts} tells it which attempt it is. A
     * job that was cancelled, whose timeout is over or that has too few slots is not tried again.
     */
    public Builder maxRestarts(int maxRestarts) {
      if (maxRestarts < 0) {
        throw new IllegalArgumentException("maxRestarts must not be negative, got " + maxRestarts);
      }
      this.maxRestarts = maxRestarts;
      return this;
    }

    /** Whether the ranks run on the driver's machine instead of the cluster's; default false. */
    public Builder localMode(boolean localMode) {
      this.localMode = localMode;
      return this;
    }

    /**
     * Whether each rank gets a GPU; default false. On a cluster the GPUs are those Spark assigns to
     * the rank's task, so {@code spark.task.resource.gpu.amount} must be set.
     */
    public Builder useGpu(boolean useGpu) {
      this.useGpu = useGpu;
      return this;
    }

    /**
     * Variables for every rank's environment, beside those the distributor sets. They are delivered
     * as the credentials are, so a secret may be among them. A {@code DATABRICKS_TOKEN} among them
     * counts where the driver has no credentials of its own, and is never replaced.
     *
     * @throws IllegalArgumentException if one is among those that the distributor sets itself
     */
    public Builder environment(Map<String, String> environment) {
      JobSettings.checkEnvironment(environment);
      this.environment.clear();
      this.environment.putAll(environment);
      return this;
    }

    /** The maximum Java heap of each rank's JVM, as after {@code -Xmx}; default {@code 1g}. */
    public Builder workerHeap(String workerHeap) {
      this.workerHeap = Objects.requireNonNull(workerHeap, "workerHeap");
      return this;
    }

    /**
     * Further options for each rank's JVM. They are visible to other users of the machine, as all
     * arguments are: put secrets into {@link #environment}.
     */
    public Builder workerJvmOptions(List<String> workerJvmOptions) {
      this.workerJvmOptions = List.copyOf(workerJvmOptions);
      return this;
    }

    /**
     * How long the cluster may take to give all slots, and after that the ranks to find each other;
     * default 5 minutes.
     */
    public Builder startTimeout(Duration startTimeout) {
      this.startTimeout = JobSettings.checkTimeout("startTimeout", startTimeout);
      return this;
    }

    /**
     * How long a rank waits in an all-reduce, broadcast or barrier for the others; default 10
     * minutes. Raise it where one rank works alone for longer, on an evaluation say.
     */
    public Builder collectiveTimeout(Duration collectiveTimeout) {
      this.collectiveTimeout = JobSettings.checkTimeout("collectiveTimeout", collectiveTimeout);
      return this;
    }

    /** How long the whole job may take, restarts included; default without limit. */
    public Builder timeout(Duration timeout) {
      this.timeout = Optional.of(JobSettings.checkTimeout("timeout", timeout));
      return this;
    }

    /** The credentials of the ranks; default whatever {@link DatabricksAuth} finds, or none. */
    public Builder credentials(WorkerCredentials credentials) {
      return credentials(CredentialsSource.of(credentials));
    }

    /**
     * Where the ranks' credentials come from while the job runs, such as {@link
     * DatabricksAuth#source}: the driver asks it, and the ranks ask the driver whenever theirs may
     * be old or the workspace has refused them.
     */
    public Builder credentials(CredentialsSource credentials) {
      this.credentials = Optional.of(credentials);
      return this;
    }

    /** Gives the ranks no Databricks credentials, whatever the driver has. */
    public Builder withoutCredentials() {
      this.credentials = Optional.empty();
      this.findCredentials = false;
      return this;
    }

    /**
     * Where the ranks' lines go; default the driver's own standard output and error, with {@code
     * [rank N]} in front. Called by one thread at a time; a slow consumer slows the ranks down.
     */
    public Builder logs(Consumer<RankLogLine> logs) {
      this.logs = Objects.requireNonNull(logs, "logs");
      return this;
    }

    /** The distributor; nothing is started or looked up yet. */
    public JavaTorchDistributor build() {
      return new JavaTorchDistributor(this);
    }

    private static void print(RankLogLine line) {
      var out = line.stream() == RankLogLine.Stream.STDOUT ? System.out : System.err;
      out.println("[rank " + line.rank() + "] " + line.text());
    }
  }
}
