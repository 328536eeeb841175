package io.javatorch.conversion.source;

import io.javatorch.streaming.format.ShardInfo;
import java.util.ArrayList;
import java.util.List;

/** Divides a data set's samples among tasks, in order. */
final class PartitionPlan {
  private final long maxBytes;
  private final long openCostBytes;
  private final boolean local;

  private final List<MdsPartition> partitions = new ArrayList<>();
  private List<ShardSlice> open = new ArrayList<>();
  private long openBytes;

  /**
   * Starts a plan.
   *
   * @param maxBytes the most bytes of a partition, before compression; one sample may be more
   * @param openCostBytes what opening a shard costs besides, in bytes that could be read
   * @param local whether shards lie on the disk of each executor, and nothing has to read them
   *     whole
   */
  private PartitionPlan(long maxBytes, long openCostBytes, boolean local) {
    this.maxBytes = maxBytes;
    this.openCostBytes = openCostBytes;
    this.local = local;
  }

  /**
   * Divides samples as Spark divides files: no partition has more than {@code maxBytes}, and none
   * so many that cores have nothing to do. A shard that has more is split where that costs nothing;
   * one that is fetched, decompressed or hashed is not, since each part would have to be all of it.
   *
   * @param limit the most samples
   */
  static List<MdsPartition> of(
      List<ShardInfo> shards,
      long limit,
      long maxBytes,
      long openCostBytes,
      int cores,
      boolean local) {
    long total = 0;
    for (var shard : shards) {
      total += shard.rawBytes() + openCostBytes;
    }
    long most = Math.min(maxBytes, Math.max(openCostBytes, total / Math.max(1, cores)));
    var plan = new PartitionPlan(Math.max(1, most), openCostBytes, local);
    long left = limit;
    for (var shard : shards) {
      int samples = (int) Math.min(left, shard.samples());
      plan.add(shard, samples);
      left -= samples;
    }
    plan.close();
    return plan.partitions;
  }

  private void add(ShardInfo shard, int samples) {
    if (samples == 0) {
      return;
    }
    double sampleBytes = (double) shard.rawBytes() / shard.samples();
    long bytes = (long) (sampleBytes * samples);
    boolean split = local && shard.compression().isEmpty() && bytes > maxBytes;
    int parts = split ? (int) Math.min(samples, (bytes + maxBytes - 1) / maxBytes) : 1;
    for (int part = 0; part < parts; part++) {
      int from = (int) ((long) samples * part / parts);
      int to = (int) ((long) samples * (part + 1) / parts);
      long partBytes = (long) (sampleBytes * (to - from)) + openCostBytes;
      if (openBytes + partBytes > maxBytes + openCostBytes) {
        close();
      }
      open.add(ShardSlice.of(shard, from, to));
      openBytes += partBytes;
    }
  }

  private void close() {
    if (!open.isEmpty()) {
      partitions.add(new MdsPartition(open));
      open = new ArrayList<>();
      openBytes = 0;
    }
  }
}
