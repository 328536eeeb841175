package io.javatorch.distributor.checkpoint;

import io.javatorch.distributor.collective.ProcessGroup;
import io.javatorch.streaming.LoaderState;
import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * All that a training job needs to go on where it was: parameters, optimizer, random seed, position
 * in the data, step and epoch, and what the user adds. Immutable. {@link CheckpointStore} keeps it
 * as one file.
 */
public final class Checkpoint {
  private final long step;
  private final int epoch;
  private final int worldSize;
  private final Map<String, SavedTensor> parameters;
  private final OptimizerSnapshot optimizer;
  private final Long seed;
  private final LoaderState loaderState;
  private final Map<String, String> metadata;

  private Checkpoint(Builder builder) {
    step = builder.step;
    epoch = builder.epoch;
    worldSize = builder.worldSize;
    parameters = Collections.unmodifiableMap(new LinkedHashMap<>(builder.parameters));
    optimizer = builder.optimizer;
    seed = builder.seed;
    loaderState = builder.loaderState;
    metadata = Collections.unmodifiableMap(new TreeMap<>(builder.metadata));
  }

  /**
   * An optimizer's state.
   *
   * @param name the kind of optimizer, such as {@code adam}
   * @param updates how many updates it has made; learning-rate schedules depend on it
   * @param tensors by kind and parameter, such as {@code exp_avg/01Linear_weight}
   */
  public record OptimizerSnapshot(String name, int updates, Map<String, SavedTensor> tensors) {
    /** Copies the map. */
    public OptimizerSnapshot {
      tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
    }
  }

  /** A new checkpoint to fill in. */
  public static Builder builder() {
    return new Builder();
  }

  /** How many updates the parameters have had. */
  public long step() {
    return step;
  }

  /** The epoch that was being trained, from 0. */
  public int epoch() {
    return epoch;
  }

  /** How many ranks there were. */
  public int worldSize() {
    return worldSize;
  }

  /** The block's parameters by name, running statistics included. */
  public Map<String, SavedTensor> parameters() {
    return parameters;
  }

  /** The optimizer's state; empty if it was not saved. */
  public Optional<OptimizerSnapshot> optimizer() {
    return Optional.ofNullable(optimizer);
  }

  /** The seed from which, with step and rank, the engine is seeded before each forward pass. */
  public OptionalLong seed() {
    return seed == null ? OptionalLong.empty() : OptionalLong.of(seed);
  }

  /** How far the data had been read; empty if that was not saved. */
  public Optional<LoaderState> loaderState() {
    return Optional.ofNullable(loaderState);
  }

  /** What the user added. */
  public Map<String, String> metadata() {
    return metadata;
  }

  /**
   * Gives every rank the checkpoint of rank 0, for stores that only rank 0 can read. A collective
   * call.
   *
   * @param own the checkpoint on rank 0, or nothing; passed over on other ranks
   */
  public static Optional<Checkpoint> broadcast(Optional<Checkpoint> own, ProcessGroup group) {
    boolean sender = group.rank() == 0;
    byte[] header =
        sender && own.isPresent() ? CheckpointFormat.of(own.get()).headerBytes() : new byte[0];
    header = group.allGather(header).get(0);
    if (header.length == 0) {
      return Optional.empty();
    }
    if (sender) {
      for (SavedTensor tensor : CheckpointFormat.of(own.get()).tensors()) {
        group.broadcast(tensor.data(), 0);
      }
      return own;
    }
    CheckpointFormat format = CheckpointFormat.parse(header, Long.MAX_VALUE);
    Map<String, ByteBuffer> data = new LinkedHashMap<>();
    format
        .layout()
        .forEach(
            (name, entry) -> {
              ByteBuffer bytes = ByteBuffer.allocateDirect(entry.bytes());
              group.broadcast(bytes, 0);
              data.put(name, bytes);
            });
    return Optional.of(format.assemble(data));
  }

  /** Fills in a {@link Checkpoint}. */
  public static final class Builder {
    private long step;
    private int epoch;
    private int worldSize = 1;
    private Map<String, SavedTensor> parameters = Map.of();
    private OptimizerSnapshot optimizer;
    private Long seed;
    private LoaderState loaderState;
    private final Map<String, String> metadata = new TreeMap<>();

    private Builder() {}

    /** See {@link Checkpoint#step}. Default: 0. */
    public Builder step(long value) {
      if (value < 0) {
        throw new IllegalArgumentException("negative step " + value);
      }
      step = value;
      return this;
    }

    /** See {@link Checkpoint#epoch}. Default: 0. */
    public Builder epoch(int value) {
      epoch = value;
      return this;
    }

    /** See {@link Checkpoint#worldSize}. Default: 1. */
    public Builder worldSize(int value) {
      worldSize = value;
      return this;
    }

    /** See {@link Checkpoint#parameters}. Default: none. */
    public Builder parameters(Map<String, SavedTensor> value) {
      parameters = value;
      return this;
    }

    /** See {@link Checkpoint#optimizer}. Default: none. */
    public Builder optimizer(OptimizerSnapshot value) {
      optimizer = value;
      return this;
    }

    /** See {@link Checkpoint#seed}. Default: none. */
    public Builder seed(long value) {
      seed = value;
      return this;
    }

    /** See {@link Checkpoint#loaderState}. Default: none. */
    public Builder loaderState(LoaderState value) {
      loaderState = value;
      return this;
    }

    /** Adds something of the user's, to be found in {@link Checkpoint#metadata}. */
    public Builder metadata(String key, String value) {
      metadata.put(key, value);
      return this;
    }

    /** The checkpoint. */
    public Checkpoint build() {
      return new Checkpoint(this);
    }
  }
}
