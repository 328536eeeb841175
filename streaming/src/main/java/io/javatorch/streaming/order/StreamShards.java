package io.javatorch.streaming.order;

import java.util.Arrays;

/** What the order must know of a stream. Immutable. */
public final class StreamShards {
  private final long[] shardSizes;
  private final StreamWeight weight;

  /**
   * A stream.
   *
   * @param shardSizes samples in each shard, in the order of the index
   * @param weight how much of it an epoch draws
   */
  public StreamShards(long[] shardSizes, StreamWeight weight) {
    this.shardSizes = shardSizes.clone();
    this.weight = weight;
  }

  /** A stream that is drawn whole. */
  public StreamShards(long... shardSizes) {
    this(shardSizes, StreamWeight.WHOLE);
  }

  /** The array itself, for reading. */
  long[] shardSizes() {
    return shardSizes;
  }

  StreamWeight weight() {
    return weight;
  }

  long samples() {
    return Arrays.stream(shardSizes).sum();
  }
}
