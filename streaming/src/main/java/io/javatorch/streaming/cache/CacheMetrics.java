package io.javatorch.streaming.cache;

/**
 * What a process has done to have its shards ready.
 *
 * @param openedShards shards made ready, in any way, as often as that was needed
 * @param downloadedShards of these, how many this process downloaded
 * @param downloadedBytes bytes received for them
 * @param retries downloads that failed and were tried again
 * @param decompressedShards shards that this process decompressed
 * @param evictedShards shards that this process deleted to make room
 */
public record CacheMetrics(
    long openedShards,
    long downloadedShards,
    long downloadedBytes,
    long retries,
    long decompressedShards,
    long evictedShards) {}
