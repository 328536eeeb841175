package io.javatorch.streaming;

import io.javatorch.streaming.cache.CacheMetrics;
import java.time.Duration;
import java.util.Locale;

/**
 * What one loader has given, and what that took. Immutable.
 *
 * @param elapsed since the loader was made, or over the interval
 * @param batches batches that the loader's user took
 * @param samples samples in them
 * @param sampleBytes bytes of their columns, as the shards store them
 * @param waited how long the loader's user waited for batches
 * @param cache what the data set has done in this process to have its shards ready, for all of its
 *     loaders
 */
public record StreamingMetrics(
    Duration elapsed,
    long batches,
    long samples,
    long sampleBytes,
    Duration waited,
    CacheMetrics cache) {
  /** Samples a second. */
  public double samplesPerSecond() {
    return samples / seconds(elapsed);
  }

  /** Bytes of samples a second. */
  public double bytesPerSecond() {
    return sampleBytes / seconds(elapsed);
  }

  /** Bytes a second that came from stores. */
  public double downloadedBytesPerSecond() {
    return cache.downloadedBytes() / seconds(elapsed);
  }

  /** The share of the time in which the loader's user waited, 0 to 1. */
  public double waitShare() {
    return Math.min(1, seconds(waited) / seconds(elapsed));
  }

  /**
   * The share of samples whose shard was ready when it was asked for, 0 to 1; 1 if there are none.
   * Only close where the data set has one loader, since it is the data set that counts misses.
   */
  public double cacheHitShare() {
    return samples == 0 ? 1 : Math.max(0, 1 - (double) cache.misses() / samples);
  }

  /** What has come since an earlier moment. */
  public StreamingMetrics since(StreamingMetrics earlier) {
    return new StreamingMetrics(
        elapsed.minus(earlier.elapsed),
        batches - earlier.batches,
        samples - earlier.samples,
        sampleBytes - earlier.sampleBytes,
        waited.minus(earlier.waited),
        cache.since(earlier.cache));
  }

  /** One line for a log. */
  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "%d samples (%.0f/s, %.2f MB/s) in %d batches; waited %.1f%% of %.1f s; cache hits %.2f%%;"
            + " downloaded %d shards, %.1f MB (%.2f MB/s), %d retries; evicted %d",
        samples,
        samplesPerSecond(),
        bytesPerSecond() / 1e6,
        batches,
        100 * waitShare(),
        seconds(elapsed),
        100 * cacheHitShare(),
        cache.downloadedShards(),
        cache.downloadedBytes() / 1e6,
        downloadedBytesPerSecond() / 1e6,
        cache.retries(),
        cache.evictedShards());
  }

  private static double seconds(Duration duration) {
    return Math.max(1, duration.toNanos()) / 1e9;
  }
}
