package io.javatorch.streaming.cache;

import io.javatorch.streaming.cache.ShardFolder.Opened;
import io.javatorch.streaming.format.MalformedShardException;
import io.javatorch.streaming.format.Sample;
import io.javatorch.streaming.storage.Cancellation;
import io.javatorch.streaming.storage.Downloader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * The shards of a data set's streams, opened as they are needed. What is missing is downloaded, and
 * what is compressed is decompressed, by the first process of the host that needs it; the others
 * wait for that and use the result, now and in later runs. Files appear under their name only when
 * they are whole.
 *
 * <p>With a limit, shards that are left longest ago are deleted to make room, but never the only
 * copy of one, and none that some process has open. Each process has shards open up to its share of
 * the limit, and a few thousand at most without one.
 *
 * <p>Thread-safe. Shards are numbered through all streams.
 */
public final class ShardCache implements AutoCloseable {
  /** Each takes one or two memory maps, of which Linux allows a process 65,530 in all. */
  private static final int MOST_OPEN = 4096;

  private final List<ShardFolder> folders;
  private final int mostOpen;

  /** Whether shards may have to be closed for others, so that their use matters. */
  private final boolean bounded;

  private final int[] firstShard;
  private final AtomicReferenceArray<Opened> readers;
  private final AtomicLongArray lastUse;
  private final Object[] monitors;
  private final CacheSpace space;
  private final long openLimit;
  private final AtomicLong opened = new AtomicLong();
  private int openShards;
  private long openBytes;
  private volatile boolean closed;

  /**
   * Opens nothing yet. Closes the streams' downloaders in the end.
   *
   * @param streams files of each stream
   * @param limit bytes that may lie on this host's disk and could be had again, 0 for no limit
   * @param processes processes of this host that share it
   * @throws IllegalArgumentException if the limit is less than four times the largest shard
   */
  public ShardCache(List<StreamFiles> streams, long limit, int processes) {
    this(streams, limit, processes, MOST_OPEN);
  }

  ShardCache(List<StreamFiles> streams, long limit, int processes, int mostOpen) {
    this.mostOpen = mostOpen;
    folders = streams.stream().map(ShardFolder::new).toList();
    firstShard = new int[folders.size() + 1];
    for (int i = 0; i < folders.size(); i++) {
      firstShard[i + 1] = firstShard[i] + folders.get(i).shards();
    }
    int shards = firstShard[folders.size()];
    readers = new AtomicReferenceArray<>(shards);
    lastUse = new AtomicLongArray(shards);
    monitors = new Object[shards];
    long largest = 0;
    for (int i = 0; i < shards; i++) {
      monitors[i] = new Object();
      largest = Math.max(largest, mostBytes(i));
    }
    if (limit != 0 && limit < 4 * largest) {
      throw new IllegalArgumentException(
          "a cacheLimit of "
              + limit
              + " bytes is too low: it must hold at least four of the largest shards, which takes "
              + largest
              + " bytes, compressed and not");
    }
    space =
        limit == 0 || !takesWork()
            ? null
            : new CacheSpace(folders.stream().filter(ShardFolder::takesWork).toList(), limit);
    openLimit = space == null ? Long.MAX_VALUE : limit / Math.max(1, processes);
    bounded = space != null || shards > mostOpen;
  }

  /**
   * A sample of a shard, which is made ready first if it is not.
   *
   * @throws UncheckedIOException if a file cannot be got, read or written
   * @throws MalformedShardException if the shard is damaged
   */
  public Sample get(int shard, int index) {
    return get(shard, index, new Cancellation());
  }

  /**
   * A sample, as {@link #get(int, int)} gives it.
   *
   * @param cancellation ends the wait for the shard
   * @throws UncheckedIOException also if it is cancelled
   */
  public Sample get(int shard, int index, Cancellation cancellation) {
    while (true) {
      Opened open = readers.get(shard);
      if (open == null) {
        open = prepare(shard, cancellation);
      }
      if (bounded) {
        lastUse.lazySet(shard, System.nanoTime());
      }
      try {
        return open.reader().get(index);
      } catch (IllegalStateException e) {
        // It was closed to make room, after we looked it up.
        if (readers.get(shard) == open) {
          throw e;
        }
      }
    }
  }

  /** Whether a shard is ready to be read at once. */
  public boolean isReady(int shard) {
    return readers.get(shard) != null;
  }

  /** Makes a shard ready to be read, as {@link #get} does. */
  public void makeReady(int shard, Cancellation cancellation) {
    if (!isReady(shard)) {
      prepare(shard, cancellation);
    }
  }

  /** Whether making a shard ready can take long: it may have to be downloaded or decompressed. */
  public boolean takesWork() {
    return folders.stream().anyMatch(ShardFolder::takesWork);
  }

  /** The most bytes that a shard takes on the disk. */
  public long mostBytes(int shard) {
    int stream = stream(shard);
    return folders.get(stream).mostBytes(shard - firstShard[stream]);
  }

  /** The bytes of shards that this process may have open at once. */
  public long openLimit() {
    return openLimit;
  }

  /** What this process has done so far. */
  public CacheMetrics metrics() {
    long downloaded = 0;
    long bytes = 0;
    long retries = 0;
    long decompressed = 0;
    for (ShardFolder folder : folders) {
      downloaded += folder.downloadedShards();
      decompressed += folder.decompressedShards();
      bytes += folder.remote().map(Downloader::receivedBytes).orElse(0L);
      retries += folder.remote().map(Downloader::retries).orElse(0L);
    }
    return new CacheMetrics(
        opened.get(),
        downloaded,
        bytes,
        retries,
        decompressed,
        space == null ? 0 : space.evictedShards());
  }

  private int stream(int shard) {
    int stream = 0;
    while (firstShard[stream + 1] <= shard) {
      stream++;
    }
    return stream;
  }

  private Opened prepare(int shard, Cancellation cancellation) {
    synchronized (monitors[shard]) {
      Opened open = readers.get(shard);
      if (open != null) {
        return open;
      }
      if (closed) {
        throw new IllegalStateException("the data set is closed");
      }
      int stream = stream(shard);
      ShardFolder folder = folders.get(stream);
      try {
        open =
            folder.open(
                shard - firstShard[stream],
                space != null,
                bytes ->
                    space == null
                        ? () -> {}
                        : space.reserve(bytes, () -> giveUpOne(shard), cancellation),
                cancellation);
        opened.incrementAndGet();
        if (bounded) {
          lastUse.set(shard, System.nanoTime());
          stayWithinShare(shard);
        }
      } catch (IOException e) {
        throw new UncheckedIOException(
            "cannot make shard "
                + (shard - firstShard[stream])
                + " of "
                + folder
                + " ready: "
                + e.getMessage(),
            e);
      }
      readers.set(shard, open);
      return open;
    }
  }

  /** Closes what was used longest ago until the shard that is being opened has room. */
  private void stayWithinShare(int shard) throws IOException {
    long bytes = mostBytes(shard);
    while (true) {
      synchronized (readers) {
        if (openShards == 0 || (openShards < mostOpen && openBytes <= openLimit - bytes)) {
          openShards++;
          openBytes += bytes;
          return;
        }
      }
      if (!giveUpOne(shard)) {
        synchronized (readers) {
          openShards++;
          openBytes += bytes;
          return;
        }
      }
    }
  }

  private boolean giveUpOne(int except) throws IOException {
    int oldest = -1;
    for (int shard = 0; shard < monitors.length; shard++) {
      if (shard != except
          && readers.get(shard) != null
          && (oldest < 0 || lastUse.get(shard) < lastUse.get(oldest))) {
        oldest = shard;
      }
    }
    if (oldest < 0) {
      return false;
    }
    Opened open = readers.getAndSet(oldest, null);
    if (open == null) {
      return true;
    }
    synchronized (readers) {
      openShards--;
      openBytes -= mostBytes(oldest);
    }
    if (space != null) {
      int stream = stream(oldest);
      folders.get(stream).touch(oldest - firstShard[stream]);
    }
    open.close();
    return true;
  }

  @Override
  public void close() throws IOException {
    closed = true;
    // Those who bring a shard hold its monitor.
    folders.forEach(folder -> folder.remote().ifPresent(Downloader::cancelAll));
    for (int shard = 0; shard < monitors.length; shard++) {
      synchronized (monitors[shard]) {
        Opened open = readers.getAndSet(shard, null);
        if (open != null) {
          open.close();
        }
      }
    }
    for (ShardFolder folder : folders) {
      folder.close();
    }
  }
}
