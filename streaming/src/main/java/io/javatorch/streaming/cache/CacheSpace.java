package io.javatorch.streaming.cache;

import io.javatorch.streaming.cache.HostLock.Hold;
import io.javatorch.streaming.cache.ShardFolder.Reservation;
import io.javatorch.streaming.storage.Cancellation;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps what a data set takes on this host's disk under a limit, over all processes of the host:
 * before a shard is brought, those that were left longest ago go.
 *
 * <p>The sum is kept in a {@link CacheLedger}. Which shards to evict follows from a look at the
 * directory, which serves for as many evictions as it found shards: what is not in it was brought
 * later, so that the oldest of it, if nobody has used it since, is the oldest of all.
 */
final class CacheSpace implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(CacheSpace.class);

  /** How often one who waits looks again. */
  private static final long AGAIN_MILLIS = 50;

  private static final long PATIENCE_NANOS = 5_000_000_000L;

  /** Files that may be looked at, on average, for each shard that is brought. */
  private static final int LOOKS = 8;

  private final List<ShardFolder> folders;
  private final long limit;
  private final Cancellation closing;
  private final CacheLedger ledger;
  private final AtomicLong evicted = new AtomicLong();

  private final PriorityQueue<Resident> oldest =
      new PriorityQueue<>(Comparator.comparingLong(Resident::lastUse));

  private long reserved;
  private long looks;
  private int lookCost;
  private boolean known;
  private boolean warned;

  /**
   * Looks at nothing yet.
   *
   * @param closing cancelled when the cache is closed, which ends what cannot be ended otherwise
   */
  CacheSpace(List<ShardFolder> folders, long limit, Cancellation closing) {
    this.folders = folders;
    this.limit = limit;
    this.closing = closing;
    var places = new ArrayList<String>();
    folders.forEach(folder -> places.add(folder.lockDirectory() + " " + folder));
    ledger = new CacheLedger(folders.get(0), places.hashCode());
  }

  /** What to do where there is no room. */
  private enum When {
    /** Do without. */
    IF_FREE,
    /** Wait as long as any process brings a shard, then go over the limit. */
    SOON,
    /** Wait as long as this process does, then go over the limit. */
    NOW
  }

  /** A shard that lies on the disk. */
  record Resident(ShardFolder folder, int shard, long lastUse) {}

  /** Lets go of a shard that this process has open. */
  interface GiveUp {
    /** The shard, or none if none can be given up. */
    Optional<Resident> oneShard() throws IOException;
  }

  long evictedShards() {
    return evicted.get();
  }

  /**
   * Makes room, and waits for it where shards that are being brought leave none.
   *
   * @param giveUp closes a shard of this process
   * @param cancellation ends the wait
   */
  synchronized Reservation reserve(
      ShardFolder folder, int shard, long bytes, GiveUp giveUp, Cancellation cancellation)
      throws IOException {
    boolean interrupted = false;
    long start = System.nanoTime();
    Optional<Reservation> room = makeRoom(folder, shard, bytes, giveUp, When.SOON, cancellation);
    while (room.isEmpty()) {
      cancellation.check();
      // Others may bring one shard after the other, and never leave room.
      When when = System.nanoTime() - start < PATIENCE_NANOS ? When.SOON : When.NOW;
      try {
        wait(AGAIN_MILLIS);
      } catch (InterruptedException e) {
        interrupted = true;
      }
      room = makeRoom(folder, shard, bytes, giveUp, when, cancellation);
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return room.get();
  }

  /** Makes room if that does not take more than the given shards; none if it does. */
  synchronized Optional<Reservation> reserveIfFree(
      ShardFolder folder, int shard, long bytes, GiveUp giveUp, Cancellation cancellation)
      throws IOException {
    return makeRoom(folder, shard, bytes, giveUp, When.IF_FREE, cancellation);
  }

  @SuppressWarnings("try") // The lock need only be held.
  private Optional<Reservation> makeRoom(
      ShardFolder folder,
      int shard,
      long bytes,
      GiveUp giveUp,
      When when,
      Cancellation cancellation)
      throws IOException {
    try (Hold lock = folders.get(0).lockSpace(cancellation)) {
      boolean sound = ledger.read();
      // What could not be given back at its time.
      ledger.bringing(reserved);
      if (!sound || !known) {
        look();
      }
      looks += LOOKS;
      boolean looked = false;
      while (used() + bytes > limit) {
        if (evictOldest()) {
          continue;
        }
        if (!looked && looks >= lookCost) {
          look();
          looked = true;
          continue;
        }
        Optional<Resident> given = giveUp.oneShard();
        if (given.isPresent()) {
          evict(given.get());
        } else if (!looked) {
          look();
          looked = true;
        } else {
          break;
        }
      }
      if (used() + bytes > limit) {
        boolean waits =
            switch (when) {
              case IF_FREE -> true;
              case SOON -> ledger.bringing() > 0;
              case NOW -> reserved > 0;
            };
        if (waits) {
          ledger.write();
          return Optional.empty();
        }
        warnOnce();
      }
      // From now on what is here of the shard counts as a part of what is reserved for it.
      Optional<Hold> mark = folder.markAsBrought(shard);
      try {
        ledger.resident(Math.max(0, ledger.resident() - folder.evictableBytes(shard)));
        ledger.bringing(reserved + bytes);
        ledger.write();
      } catch (IOException | RuntimeException e) {
        known = false;
        close(mark);
        throw e;
      }
      reserved += bytes;
      return Optional.of(() -> release(folder, shard, bytes, mark));
    }
  }

  private void warnOnce() {
    if (!warned) {
      warned = true;
      log.warn(
          "the cache of {} goes over cacheLimit {}: all its shards are in use at once",
          folders.get(0),
          limit);
    }
  }

  private long used() {
    return ledger.resident() + ledger.bringing();
  }

  @SuppressWarnings("try") // The lock need only be held.
  private synchronized void release(ShardFolder folder, int shard, long bytes, Optional<Hold> mark)
      throws IOException {
    reserved -= bytes;
    boolean counted = false;
    try (Hold lock = folders.get(0).lockSpace(closing)) {
      boolean sound = ledger.read();
      ledger.resident(ledger.resident() + folder.evictableBytes(shard));
      ledger.bringing(reserved);
      ledger.write();
      close(mark);
      counted = sound;
    } finally {
      if (!counted) {
        known = false;
      }
      close(mark);
      notifyAll();
    }
  }

  private static void close(Optional<Hold> hold) throws IOException {
    if (hold.isPresent()) {
      hold.get().close();
    }
  }

  /** Looks at what is on the disk, beside shards that are being brought: those are reserved. */
  private void look() throws IOException {
    oldest.clear();
    long resident = 0;
    int found = 0;
    for (ShardFolder folder : folders) {
      for (int shard : folder.residents()) {
        found++;
        if (folder.isMarkedAsBrought(shard)) {
          continue;
        }
        long bytes = folder.evictableBytes(shard);
        if (bytes > 0) {
          resident += bytes;
          oldest.add(new Resident(folder, shard, folder.lastUse(shard)));
        }
      }
    }
    ledger.resident(resident);
    looks = 0;
    lookCost = found;
    known = true;
  }

  /** Evicts what was left longest ago of what the last look found, if there is any. */
  private boolean evictOldest() throws IOException {
    for (Resident next = oldest.poll(); next != null; next = oldest.poll()) {
      long lastUse = next.folder().lastUse(next.shard());
      if (lastUse > next.lastUse()) {
        oldest.add(new Resident(next.folder(), next.shard(), lastUse));
      } else if (evict(next)) {
        return true;
      }
    }
    return false;
  }

  private boolean evict(Resident resident) throws IOException {
    long bytes = resident.folder().evictableBytes(resident.shard());
    if (bytes == 0 || !resident.folder().evict(resident.shard())) {
      return false;
    }
    ledger.resident(Math.max(0, ledger.resident() - bytes));
    evicted.incrementAndGet();
    return true;
  }

  @Override
  public synchronized void close() throws IOException {
    ledger.close();
  }
}
