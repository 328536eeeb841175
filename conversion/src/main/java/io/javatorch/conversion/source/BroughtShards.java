package io.javatorch.conversion.source;

import io.javatorch.conversion.commit.Destination;
import io.javatorch.conversion.commit.Scratch;
import io.javatorch.streaming.format.FilePair;
import io.javatorch.streaming.format.ShardFiles;
import io.javatorch.streaming.format.ShardInfo;
import io.javatorch.streaming.format.ShardReader;
import io.javatorch.streaming.format.ShardReader.Access;
import io.javatorch.streaming.format.ShardReader.Pickles;
import io.javatorch.streaming.storage.Cancellation;
import io.javatorch.streaming.storage.Downloader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * The shards that one task reads, one after the other. One that lies on this host and is not
 * compressed is read where it is; another is brought to a scratch directory, which goes away with
 * this. Not thread-safe.
 */
final class BroughtShards implements AutoCloseable {
  private final Destination place;
  private final Optional<Path> local;
  private final String scratchParent;
  private final List<String> hashes;
  private Downloader downloader;
  private Path scratch;

  /**
   * Describes the shards of a data set.
   *
   * @param scratchParent where to make the scratch directory; empty for that which the cluster
   *     manager cleans up
   * @param hashes names of the hashes to verify stored files by
   */
  BroughtShards(Destination place, String scratchParent, List<String> hashes) {
    this.place = place;
    this.scratchParent = scratchParent;
    this.hashes = hashes;
    local = place.localDirectory();
  }

  /** Where the data set lies, for messages. */
  String location() {
    return place.uri();
  }

  /** A message with the data set's names for files that were brought. */
  String named(String message) {
    return scratch == null ? message : message.replace(scratch.toString(), location());
  }

  /**
   * Opens a shard, and brings it before if need be.
   *
   * @throws io.javatorch.streaming.format.MalformedShardException if a file is not what the index
   *     says
   * @throws IOException if a file is missing, or cannot be had
   */
  ShardReader open(ShardInfo shard) throws IOException {
    // Pickled columns are handed over as they are: nothing opens them.
    if (local.isPresent() && shard.compression().isEmpty()) {
      for (var file : shard.files()) {
        ShardFiles.verify(file.raw(), file.raw().in(local.get()), hashes);
      }
      return ShardReader.open(local.get(), shard, Pickles.PLAIN_DATA);
    }
    for (var file : shard.files()) {
      bring(shard, file);
    }
    // A map would keep the blocks of a deleted file for as long as anything refers to it.
    return ShardReader.open(scratch(), shard, Pickles.PLAIN_DATA, Access.READ);
  }

  private void bring(ShardInfo shard, FilePair file) throws IOException {
    var raw = file.raw().in(scratch());
    Files.createDirectories(raw.getParent());
    var stored = file.stored().in(local.isPresent() ? local.get() : scratch());
    if (local.isPresent()) {
      ShardFiles.checkInside(local.get(), file.stored());
      ShardFiles.verify(file.stored(), stored, hashes);
    } else {
      Files.createDirectories(stored.getParent());
      downloader()
          .fetch(
              file.stored().basename(),
              file.stored().bytes(),
              stored,
              whole -> ShardFiles.verify(file.stored(), whole, hashes),
              new Cancellation());
    }
    if (file.zip().isPresent()) {
      ShardFiles.decompress(shard, file, stored, raw, List.of());
      if (local.isEmpty()) {
        Files.deleteIfExists(stored);
      }
    }
  }

  /** Deletes what was brought of a shard, which is not read any more. */
  void release(ShardInfo shard) throws IOException {
    if (scratch != null) {
      for (var file : shard.files()) {
        Files.deleteIfExists(file.raw().in(scratch));
      }
    }
  }

  private Path scratch() throws IOException {
    if (scratch == null) {
      var parent =
          scratchParent.isEmpty()
              ? Scratch.parent()
              : Files.createDirectories(Path.of(scratchParent));
      scratch = Files.createTempDirectory(parent, "mds-read-");
    }
    return scratch;
  }

  private Downloader downloader() throws IOException {
    if (downloader == null) {
      downloader = new Downloader(place.connect(""), StoredDataSet.RETRIES);
    }
    return downloader;
  }

  @Override
  public void close() throws IOException {
    try (var closing = downloader) {
      if (scratch != null && Files.exists(scratch)) {
        List<Path> left;
        try (var all = Files.walk(scratch)) {
          left = all.sorted(Comparator.reverseOrder()).toList();
        }
        for (var path : left) {
          Files.deleteIfExists(path);
        }
      }
    }
  }
}
