package io.javatorch.distributor.launch;

import ai.djl.Device;
import io.javatorch.auth.CredentialsSource;
import io.javatorch.auth.WorkerCredentials;
import io.javatorch.distributor.TrainingContext;
import io.javatorch.distributor.collective.ProcessGroup;
import io.javatorch.streaming.World;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.Optional;

/**
 * The context of a rank in a process of its own: what is not passed in comes from the environment.
 */
record WorkerContext(
    World world,
    ProcessGroup processGroup,
    Map<String, String> environment,
    Optional<CredentialsSource> credentialsSource)
    implements TrainingContext {

  @Override
  public int restarts() {
    return Integer.parseInt(environment.getOrDefault(RankEnvironment.RESTART_COUNT, "0"));
  }

  @Override
  public Device device() {
    var gpus = environment.getOrDefault(RankEnvironment.CUDA_VISIBLE_DEVICES, "");
    // The process sees its own GPUs only, so its first is number 0 whatever its address.
    return gpus.isEmpty() ? Device.cpu() : Device.gpu(0);
  }

  @Override
  public Optional<WorkerCredentials> credentials() {
    try {
      return credentialsSource.isEmpty()
          ? Optional.empty()
          : Optional.of(credentialsSource.get().current());
    } catch (IOException e) {
      throw new UncheckedIOException(e.getMessage(), e);
    }
  }

  @Override
  public String toString() {
    return "WorkerContext[" + world + "]";
  }
}
