package io.javatorch.distributor;

import ai.djl.Device;
import io.javatorch.auth.CredentialsSource;
import io.javatorch.auth.WorkerCredentials;
import io.javatorch.distributor.collective.ProcessGroup;
import io.javatorch.streaming.World;
import java.util.Optional;

/** What a rank knows of the job it is part of. Valid while the training function runs. */
public interface TrainingContext {
  /** This rank, how many there are, and how they lie on hosts. */
  World world();

  /** The ranks as a group: all-reduce, broadcast, barrier. Closed by the distributor. */
  ProcessGroup processGroup();

  /**
   * How often the job was started again before this attempt: 0 in the first. An attempt starts from
   * nothing but what the function restores, such as the latest checkpoint.
   */
  int restarts();

  /** Where this rank computes: its one GPU, or the CPU. */
  Device device();

  /**
   * The Databricks credentials of the job as they are now; empty where the driver had none. Those
   * that it started with are in this process's environment too, as {@code DATABRICKS_HOST} and
   * {@code DATABRICKS_TOKEN}, where they do not change.
   *
   * @throws java.io.UncheckedIOException if they have to be asked for and cannot be had
   */
  Optional<WorkerCredentials> credentials();

  /**
   * The same credentials, kept fresh by the driver while the job runs; what streams from a Unity
   * Catalog Volume finds them by itself. Empty where the driver had none.
   */
  Optional<CredentialsSource> credentialsSource();
}
