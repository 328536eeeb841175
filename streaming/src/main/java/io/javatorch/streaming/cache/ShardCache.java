package io.javatorch.streaming.cache;

import io.javatorch.streaming.cache.CacheSpace.Resident;
import io.javatorch.streaming.cache.ShardFolder.Opened;
import io.javatorch.streaming.format.MalformedShardException;
import io.javatorch.streaming.format.Sample;
import io.javatorch.streaming.storage.Cancellation;
import io.javatorch.streaming.storage.Downloader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.BooleanSupplier;
import java.util.function.IntPredicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

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
  private static final Logger log = LoggerFactory.getLogger(ShardCache.class);

  /** Each takes one or two memory maps, of which Linux allows a process 65,530 in all. */
  private static final int MOST_OPEN = 4096;

  /** How often to say what is waited for. */
  private static final Duration SLOW = Duration.ofSeconds(10);

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
  private final AtomicLong misses = new AtomicLong();
  private final AtomicLong missNanos = new AtomicLong();
  private final List<IntPredicate> neededSoon = new CopyOnWriteArrayList<>();
  private final SlowShards slow;

  /** Ends what waits or is brought for any caller. */
  private final Cancellation closing = new Cancellation();

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
    this(streams, limit, processes, MOST_OPEN, SLOW);
  }

  /**
   * Opens nothing yet, as {@link #ShardCache(List, long, int)}.
   *
   * @param slowAfter how long a shard is waited for before a warning, and from one to the next
   */
  public ShardCache(List<StreamFiles> streams, long limit, int processes, Duration slowAfter) {
    this(streams, limit, processes, MOST_OPEN, slowAfter);
  }

  ShardCache(
      List<StreamFiles> streams, long limit, int processes, int mostOpen, Duration slowAfter) {
    this.mostOpen = mostOpen;
    slow = new SlowShards(slowAfter);
    var memory = DownloadMemory.ofThisProcess();
    folders = streams.stream().map(files -> new ShardFolder(files, memory)).toList();
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
            : new CacheSpace(
                folders.stream().filter(ShardFolder::takesWork).toList(), limit, closing);
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
    return get(shard, index, closing);
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
        open = prepareNow(shard, cancellation);
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
      } catch (UncheckedIOException e) {
        if (!(e.getCause() instanceof ClosedChannelException)) {
          throw e;
        }
        // Some thread was interrupted while it read, which closes the file for all.
        discard(shard, open);
        if (Thread.currentThread().isInterrupted()) {
          throw e;
        }
      }
    }
  }

  private Opened prepareNow(int shard, Cancellation cancellation) {
    long start = System.nanoTime();
    misses.incrementAndGet();
    int stream = stream(shard);
    ShardFolder folder = folders.get(stream);
    try (var waiting = slow.waitFor(folder, shard - firstShard[stream])) {
      Opened open;
      do {
        open = prepare(shard, Optional.empty(), cancellation);
      } while (open == null);
      return open;
    } finally {
      missNanos.addAndGet(System.nanoTime() - start);
    }
  }

  /** Shards of all streams. */
  public int shards() {
    return monitors.length;
  }

  /** Whether a shard is ready to be read at once. */
  public boolean isReady(int shard) {
    return readers.get(shard) != null;
  }

  /**
   * Makes a shard ready that will be read later, if that takes no room from what will be read
   * before it.
   *
   * @param wanted whether it will still be read; asked again when it would be brought, since a
   *     caller that was held up could bring one that was read and evicted meanwhile
   * @return whether it is ready
   * @throws UncheckedIOException as {@link #get}
   */
  public boolean makeReady(int shard, BooleanSupplier wanted, Cancellation cancellation) {
    return isReady(shard) || prepare(shard, Optional.of(wanted), cancellation) != null;
  }

  /**
   * Keeps shards, as long as others can be given up to make room.
   *
   * @param needed says which shards will be read soon; called by many threads
   * @return to be closed when it no longer counts
   */
  public Registration keep(IntPredicate needed) {
    neededSoon.add(needed);
    return () -> neededSoon.remove(needed);
  }

  /** What lasts until it is closed. */
  public interface Registration extends AutoCloseable {
    @Override
    void close();
  }

  /** What is waited for the longest, if a shard is waited for. */
  public Optional<String> waitingFor() {
    return slow.longest();
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
        space == null ? 0 : space.evictedShards(),
        misses.get(),
        Duration.ofNanos(missNanos.get()));
  }

  private int stream(int shard) {
    int stream = 0;
    while (firstShard[stream + 1] <= shard) {
      stream++;
    }
    return stream;
  }

  /**
   * Opens a shard.
   *
   * @param ahead whether it is still wanted, if it is not needed yet
   * @return null if it is not needed yet and there is no room, or it is not wanted any more
   */
  @SuppressWarnings("try") // The registrations need only be closed.
  private Opened prepare(int shard, Optional<BooleanSupplier> ahead, Cancellation ofCaller) {
    var cancellation = new Cancellation();
    try (var one = ofCaller.onCancel(cancellation::cancel);
        var two = closing.onCancel(cancellation::cancel)) {
      return prepareUnder(cancellation, shard, ahead);
    }
  }

  private Opened prepareUnder(
      Cancellation cancellation, int shard, Optional<BooleanSupplier> ahead) {
    synchronized (monitors[shard]) {
      Opened open = readers.get(shard);
      if (open != null) {
        return open;
      }
      if (closed) {
        throw new IllegalStateException("the data set is closed");
      }
      if (isUnwanted(ahead)) {
        return null;
      }
      int stream = stream(shard);
      ShardFolder folder = folders.get(stream);
      try {
        int inStream = shard - firstShard[stream];
        var ready =
            folder.open(
                inStream,
                space != null,
                bytes -> {
                  // It may have taken a while to get here.
                  if (isUnwanted(ahead)) {
                    return Optional.empty();
                  }
                  if (space == null) {
                    return Optional.of(() -> {});
                  }
                  return ahead.isPresent()
                      ? space.reserveIfFree(
                          folder, inStream, bytes, () -> giveUpOne(shard, true), cancellation)
                      : Optional.of(
                          space.reserve(
                              folder,
                              inStream,
                              bytes,
                              () -> giveUpOne(shard, false),
                              cancellation));
                },
                cancellation);
        if (ready.isEmpty()) {
          return null;
        }
        open = ready.get();
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

  private static boolean isUnwanted(Optional<BooleanSupplier> ahead) {
    return ahead.isPresent() && !ahead.get().getAsBoolean();
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
      if (giveUpOne(shard, false).isEmpty()) {
        synchronized (readers) {
          openShards++;
          openBytes += bytes;
          return;
        }
      }
    }
  }

  /**
   * Closes the shard that was used longest ago, of those that are not needed soon if there are any.
   *
   * @param sparing whether to close none otherwise
   */
  private Optional<Resident> giveUpOne(int except, boolean sparing) throws IOException {
    int oldest = -1;
    int oldestOfAll = -1;
    for (int shard = 0; shard < monitors.length; shard++) {
      if (shard != except && readers.get(shard) != null) {
        if (isOlder(shard, oldestOfAll)) {
          oldestOfAll = shard;
        }
        if (isOlder(shard, oldest) && !isNeededSoon(shard)) {
          oldest = shard;
        }
      }
    }
    if (oldest < 0 && !sparing) {
      oldest = oldestOfAll;
    }
    if (oldest < 0) {
      return Optional.empty();
    }
    int stream = stream(oldest);
    int inStream = oldest - firstShard[stream];
    Opened open = readers.get(oldest);
    if (open != null && discard(oldest, open) && space != null) {
      folders.get(stream).touch(inStream);
    }
    return Optional.of(new Resident(folders.get(stream), inStream, Long.MAX_VALUE));
  }

  private boolean isOlder(int shard, int than) {
    return than < 0 || lastUse.get(shard) < lastUse.get(than);
  }

  private boolean isNeededSoon(int shard) {
    for (IntPredicate needed : neededSoon) {
      if (needed.test(shard)) {
        return true;
      }
    }
    return false;
  }

  private boolean discard(int shard, Opened open) {
    if (!readers.compareAndSet(shard, open, null)) {
      return false;
    }
    if (bounded) {
      synchronized (readers) {
        openShards--;
        openBytes -= mostBytes(shard);
      }
    }
    try {
      open.close();
    } catch (IOException e) {
      // It was only read, so that nothing is lost.
      log.debug("closing shard {} failed", shard, e);
    }
    return true;
  }

  @Override
  public void close() throws IOException {
    closed = true;
    // Those who bring a shard hold its monitor.
    closing.cancel();
    folders.forEach(folder -> folder.remote().ifPresent(Downloader::cancelAll));
    for (int shard = 0; shard < monitors.length; shard++) {
      synchronized (monitors[shard]) {
        Opened open = readers.getAndSet(shard, null);
        if (open != null) {
          open.close();
        }
      }
    }
    slow.close();
    if (space != null) {
      space.close();
    }
    for (ShardFolder folder : folders) {
      folder.close();
    }
  }
}
