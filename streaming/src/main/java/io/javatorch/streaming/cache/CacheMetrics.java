package io.javatorch.streaming.cache;

import java.time.Duration;

/**
 * What a process has done to have its shards ready.
 *
 * @param openedShards shards made ready, in any way, as often as that was needed
 * @param downloadedShards of these, how many this process downloaded
 * @param downloadedBytes bytes received for them
 * @param retries downloads that failed and were tried again
 * @param decompressedShards shards that this process decompressed
 * @param evictedShards shards that this process deleted to make room
 * @param misses times that a sample was asked for whose shard was not ready
 * @param missWait how long threads waited for those in all
 */
public record CacheMetrics(
    long openedShards,
    long downloadedShards,
    long downloadedBytes,
    long retries,
    long decompressedShards,
    long evictedShards,
    long misses,
    Duration missWait) {
  /** What has come since an earlier moment. */
  public CacheMetrics since(CacheMetrics earlier) {
    return new CacheMetrics(
        openedShards - earlier.openedShards,
        downloadedShards - earlier.downloadedShards,
        downloadedBytes - earlier.downloadedBytes,
        retries - earlier.retries,
        decompressedShards - earlier.decompressedShards,
        evictedShards - earlier.evictedShards,
        misses - earlier.misses,
        missWait.minus(earlier.missWait));
  }
}
