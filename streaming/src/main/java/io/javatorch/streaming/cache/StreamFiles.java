package io.javatorch.streaming.cache;

import io.javatorch.streaming.format.ShardInfo;
import io.javatorch.streaming.format.ShardReader.Pickles;
import io.javatorch.streaming.storage.Downloader;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Where the files of a stream are.
 *
 * @param local directory of this host that they are in or are brought to
 * @param raw directory for decompressed shards; usually {@code local}
 * @param remote where to get files from that are not there; none if all must be there
 * @param shards what the index says of each shard
 * @param hashes hashes of the index to verify files by; may be empty
 * @param keepZip whether to keep compressed files that were downloaded
 * @param pickles what to do with pickled columns
 */
public record StreamFiles(
    Path local,
    Path raw,
    Optional<Downloader> remote,
    List<ShardInfo> shards,
    List<String> hashes,
    boolean keepZip,
    Pickles pickles) {
  /** Files without pickled columns. */
  public StreamFiles(
      Path local,
      Path raw,
      Optional<Downloader> remote,
      List<ShardInfo> shards,
      List<String> hashes,
      boolean keepZip) {
    this(local, raw, remote, shards, hashes, keepZip, Pickles.REFUSED);
  }

  /** Copies the lists. */
  public StreamFiles {
    shards = List.copyOf(shards);
    hashes = List.copyOf(hashes);
  }
}
