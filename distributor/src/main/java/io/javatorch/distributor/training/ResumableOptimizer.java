package io.javatorch.distributor.training;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.training.optimizer.Adam;
import ai.djl.training.optimizer.AdamW;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.optimizer.Sgd;
import java.util.Map;
import java.util.function.Function;

/**
 * A DJL optimizer whose state can be saved and restored, so that training resumes with the same
 * bits. These are the optimizers that work on PyTorch; DJL's others throw there.
 *
 * <p>Give the builder instead of the built optimizer: {@code ResumableOptimizer.adam(
 * Adam.builder().optLearningRateTracker(Tracker.fixed(1e-3f)))}. Learning-rate schedules are
 * functions of the number of updates, which is part of the state. Belongs to one trainer, which
 * closes it. Not thread-safe.
 */
public final class ResumableOptimizer implements AutoCloseable {
  private final String name;
  private final Optimizer optimizer;
  private final OptimizerState state;

  private ResumableOptimizer(String name, Optimizer optimizer, OptimizerState state) {
    this.name = name;
    this.optimizer = optimizer;
    this.state = state;
  }

  /** Adam, with the settings of a DJL builder. */
  public static ResumableOptimizer adam(Adam.Builder builder) {
    var state = new OptimizerState("exp_avg", "exp_avg_sq");
    return new ResumableOptimizer("adam", new RecordedAdam(builder, state), state);
  }

  /** AdamW, with the settings of a DJL builder. */
  public static ResumableOptimizer adamW(AdamW.Builder builder) {
    var state = new OptimizerState("exp_avg", "exp_avg_sq");
    return new ResumableOptimizer("adamw", new RecordedAdamW(builder, state), state);
  }

  /**
   * SGD, with or without momentum, with the settings of a DJL builder.
   *
   * @throws NullPointerException if the builder has no learning rate
   */
  public static ResumableOptimizer sgd(Sgd.Builder builder) {
    // DJL checks in build() only.
    builder.build();
    var state = new OptimizerState("momentum_buffer");
    return new ResumableOptimizer("sgd", new RecordedSgd(builder, state), state);
  }

  /** The kind of optimizer: {@code adam}, {@code adamw} or {@code sgd}. */
  public String name() {
    return name;
  }

  /** The DJL optimizer itself. */
  public Optimizer optimizer() {
    return optimizer;
  }

  OptimizerState state() {
    return state;
  }

  /** Frees the state's arrays. */
  @Override
  public void close() {
    state.close();
  }

  private static final class RecordedAdam extends Adam {
    private final OptimizerState recorded;

    RecordedAdam(Adam.Builder builder, OptimizerState recorded) {
      super(builder);
      this.recorded = recorded;
    }

    @Override
    protected int updateCount(String parameterId) {
      return recorded.count(super.updateCount(parameterId));
    }

    @Override
    protected NDArray withDefaultState(
        Map<String, Map<Device, NDArray>> map,
        String parameter,
        Device device,
        Function<String, NDArray> zeros) {
      String key = recorded.key(map, parameter);
      NDArray array =
          super.withDefaultState(
              map, parameter, device, p -> recorded.initial(key, zeros.apply(p)));
      recorded.seen(key, array);
      return array;
    }
  }

  private static final class RecordedAdamW extends AdamW {
    private final OptimizerState recorded;

    RecordedAdamW(AdamW.Builder builder, OptimizerState recorded) {
      super(builder);
      this.recorded = recorded;
    }

    @Override
    protected int updateCount(String parameterId) {
      return recorded.count(super.updateCount(parameterId));
    }

    @Override
    protected NDArray withDefaultState(
        Map<String, Map<Device, NDArray>> map,
        String parameter,
        Device device,
        Function<String, NDArray> zeros) {
      String key = recorded.key(map, parameter);
      NDArray array =
          super.withDefaultState(
              map, parameter, device, p -> recorded.initial(key, zeros.apply(p)));
      recorded.seen(key, array);
      return array;
    }
  }

  private static final class RecordedSgd extends Sgd {
    private final OptimizerState recorded;

    RecordedSgd(Sgd.Builder builder, OptimizerState recorded) {
      super(builder);
      this.recorded = recorded;
    }

    @Override
    protected int updateCount(String parameterId) {
      return recorded.count(super.updateCount(parameterId));
    }

    @Override
    protected NDArray withDefaultState(
        Map<String, Map<Device, NDArray>> map,
        String parameter,
        Device device,
        Function<String, NDArray> zeros) {
      String key = recorded.key(map, parameter);
      NDArray array =
          super.withDefaultState(
              map, parameter, device, p -> recorded.initial(key, zeros.apply(p)));
      recorded.seen(key, array);
      return array;
    }
  }
}
