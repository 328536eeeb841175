package io.javatorch.distributor;

import ai.djl.Device;
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

  /** Where this rank computes: its one GPU, or the CPU. */
  Device device();

  /**
   * The Databricks credentials the driver found, also in this process's environment as {@code
   * DATABRICKS_HOST} and {@code DATABRICKS_TOKEN}; empty where the driver had none.
   */
  Optional<WorkerCredentials> credentials();
}
