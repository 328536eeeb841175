package io.javatorch.distributor;

import java.io.Serializable;

/**
 * What every rank runs. It is serialized on the driver and run once in each rank's own process, so
 * what it captures must be serializable and small: paths and settings, not data, and no
 * credentials, which come with the {@link TrainingContext}.
 *
 * <pre>{@code
 * String shards = "/data/train-mds";
 * float loss = distributor.run(context -> train(context, shards));
 * }</pre>
 *
 * @param <T> what a rank returns; {@link Void} for nothing
 */
@FunctionalInterface
public interface TrainingFunction<T extends Serializable> extends Serializable {
  /**
   * Trains as one rank of the job.
   *
   * @return this rank's result, may be null; it travels to the driver by Java serialization
   * @throws Exception to fail the whole job, with this rank and this exception as its cause
   */
  T train(TrainingContext context) throws Exception;
}
