package io.javatorch.distributor.launch;

import ai.djl.Device;
import io.javatorch.auth.WorkerCredentials;
import io.javatorch.distributor.TrainingContext;
import io.javatorch.distributor.collective.ProcessGroup;
import io.javatorch.streaming.World;
import java.util.Map;
import java.util.Optional;

/**
 * The context of a rank in a process of its own: what is not passed in comes from the environment.
 */
record WorkerContext(World world, ProcessGroup processGroup, Map<String, String> environment)
    implements TrainingContext {

  @Override
  public Device device() {
    var gpus = environment.getOrDefault(RankEnvironment.CUDA_VISIBLE_DEVICES, "");
    // The process sees its own GPUs only, so its first is number 0 whatever its address.
    return gpus.isEmpty() ? Device.cpu() : Device.gpu(0);
  }

  @Override
  public Optional<WorkerCredentials> credentials() {
    var host = environment.get(WorkerCredentials.HOST_VARIABLE);
    var token = environment.get(WorkerCredentials.TOKEN_VARIABLE);
    return host == null || token == null
        ? Optional.empty()
        : Optional.of(WorkerCredentials.of(host, token));
  }

  @Override
  public String toString() {
    return "WorkerContext[" + world + "]";
  }
}
