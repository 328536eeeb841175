package io.javatorch.streaming.cache;

import io.javatorch.streaming.format.FilePair;
import io.javatorch.streaming.format.MalformedShardException;
import io.javatorch.streaming.format.Sample;
import io.javatorch.streaming.format.ShardFiles;
import io.javatorch.streaming.format.ShardInfo;
import io.javatorch.streaming.format.ShardReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileLock;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.ReadOnlyFileSystemException;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The shards of one directory, opened as they are needed. A compressed shard is decompressed by the
 * first process of the host that needs it; the others wait for that and use the result, now and in
 * later runs. Raw files appear under their name only when they are whole.
 *
 * <p>Thread-safe.
 */
public final class ShardCache implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ShardCache.class);
  private static final String LOCK_NAME = ".javatorch-shards.lock";
  private static final int ATTEMPTS = 3;

  private final Path directory;
  private final Path rawDirectory;
  private final List<ShardInfo> shards;
  private final List<String> hashes;
  private final AtomicReferenceArray<ShardReader> readers;
  private final Object[] monitors;
  private final HostLock hostLock;
  private final AtomicInteger decompressed = new AtomicInteger();
  private volatile boolean closed;

  /**
   * Opens nothing yet.
   *
   * @param directory where the shards lie
   * @param rawDirectory where to put decompressed shards; may be {@code directory}
   * @param shards what the index says of each
   * @param hashes hashes of the index to verify files by before they are first used; may be empty
   */
  public ShardCache(
      Path directory, Path rawDirectory, List<ShardInfo> shards, List<String> hashes) {
    this.directory = directory;
    this.rawDirectory = rawDirectory;
    this.shards = List.copyOf(shards);
    this.hashes = List.copyOf(hashes);
    readers = new AtomicReferenceArray<>(this.shards.size());
    monitors = new Object[this.shards.size()];
    for (int i = 0; i < monitors.length; i++) {
      monitors[i] = new Object();
    }
    hostLock = new HostLock(rawDirectory.resolve(LOCK_NAME));
  }

  /**
   * A sample of a shard, which is made ready first if it is not.
   *
   * @throws UncheckedIOException if a file cannot be read or written
   * @throws MalformedShardException if the shard is damaged
   */
  public Sample get(int shard, int index) {
    ShardReader reader = readers.get(shard);
    if (reader == null) {
      reader = prepare(shard);
    }
    return reader.get(index);
  }

  /** Makes a shard ready to read, as {@link #get} does. */
  public ShardReader prepare(int shard) {
    synchronized (monitors[shard]) {
      ShardReader reader = readers.get(shard);
      if (reader != null) {
        return reader;
      }
      if (closed) {
        throw new IllegalStateException("the data set is closed");
      }
      try {
        reader = open(shard);
      } catch (IOException e) {
        throw new UncheckedIOException(
            "cannot make shard " + shard + " of " + directory + " ready: " + e, e);
      }
      readers.set(shard, reader);
      return reader;
    }
  }

  /** Shards that this object has decompressed, rather than found ready. */
  public int decompressedShards() {
    return decompressed.get();
  }

  private ShardReader open(int shard) throws IOException {
    ShardInfo info = shards.get(shard);
    if (info.compression().isEmpty()) {
      for (FilePair file : info.files()) {
        if (!hashes.isEmpty()) {
          ShardFiles.verify(file.raw(), file.raw().in(directory), hashes);
        }
      }
      return ShardReader.open(directory, info);
    }
    ShardReader ready = openIfWhole(rawDirectory, info);
    if (ready == null && !rawDirectory.equals(directory)) {
      ready = openIfWhole(directory, info);
    }
    if (ready != null) {
      return ready;
    }
    try (FileLock lock = lock(shard)) {
      log.trace("shard {} of {} locked by {}", shard, directory, lock);
      ready = openIfWhole(rawDirectory, info);
      if (ready != null) {
        return ready;
      }
      log.debug("decompressing shard {} of {}", shard, directory);
      for (FilePair file : info.files()) {
        decompress(info, file);
      }
      decompressed.incrementAndGet();
    }
    return ShardReader.open(rawDirectory, info);
  }

  /** Opens the raw form if it is there; one that is damaged is made anew. */
  private ShardReader openIfWhole(Path place, ShardInfo info) throws IOException {
    try {
      return ShardReader.open(place, info);
    } catch (NoSuchFileException e) {
      return null;
    } catch (MalformedShardException e) {
      log.warn("the raw file is damaged and will be made anew: {}", e.getMessage());
      return null;
    }
  }

  private FileLock lock(int shard) throws IOException {
    try {
      return hostLock.acquire(shard);
    } catch (AccessDeniedException | ReadOnlyFileSystemException e) {
      throw notWritable(e);
    } catch (FileSystemException e) {
      if (Files.isWritable(rawDirectory)) {
        throw e;
      }
      throw notWritable(e);
    }
  }

  private IOException notWritable(Exception cause) {
    return new IOException(
        rawDirectory
            + " cannot be written to, and its shards must be decompressed: set cacheDirectory to a"
            + " directory of this host's disk",
        cause);
  }

  private void decompress(ShardInfo info, FilePair file) throws IOException {
    Path zip = file.stored().in(directory);
    Path raw = file.raw().in(rawDirectory);
    Files.createDirectories(raw.getParent());
    for (int attempt = 1; ; attempt++) {
      deleteLeftovers(raw);
      try {
        if (!hashes.isEmpty()) {
          ShardFiles.verify(file.stored(), zip, hashes);
        }
        ShardFiles.decompress(info, file, zip, raw, List.of());
        return;
      } catch (NoSuchFileException e) {
        // Where locks do not hold, another process may have taken our file for a leftover.
        if (attempt == ATTEMPTS || !Files.exists(zip)) {
          throw e;
        }
      }
    }
  }

  /** Removes what a process that was killed left of its attempt. The lock is held. */
  private static void deleteLeftovers(Path raw) throws IOException {
    try (var files = Files.newDirectoryStream(raw.getParent(), "." + glob(raw) + ".*.tmp")) {
      for (Path file : files) {
        Files.deleteIfExists(file);
      }
    }
  }

  private static String glob(Path raw) {
    return raw.getFileName().toString().replaceAll("[\\\\*?\\[\\]{}]", "\\\\$0");
  }

  @Override
  public void close() throws IOException {
    closed = true;
    for (int shard = 0; shard < monitors.length; shard++) {
      synchronized (monitors[shard]) {
        ShardReader reader = readers.getAndSet(shard, null);
        if (reader != null) {
          reader.close();
        }
      }
    }
    hostLock.close();
  }
}
