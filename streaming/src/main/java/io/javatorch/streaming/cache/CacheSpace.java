package io.javatorch.streaming.cache;

import io.javatorch.streaming.cache.HostLock.Hold;
import io.javatorch.streaming.cache.ShardFolder.Reservation;
import io.javatorch.streaming.storage.Cancellation;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps what a data set takes on this host's disk under a limit, over all processes of the host:
 * before a shard is brought, those that were left longest ago go. The disk itself says what is
 * there, so that nothing has to be kept right through crashes.
 */
final class CacheSpace {
  private static final Logger log = LoggerFactory.getLogger(CacheSpace.class);

  /** How often one who waits looks whether it is still to. */
  private static final long CANCELLATION_MILLIS = 200;

  private final List<ShardFolder> folders;
  private final long limit;
  private final AtomicLong evicted = new AtomicLong();
  private long reserved;
  private boolean warned;

  CacheSpace(List<ShardFolder> folders, long limit) {
    this.folders = folders;
    this.limit = limit;
  }

  private record Resident(ShardFolder folder, int shard, long bytes, long lastUse) {}

  long evictedShards() {
    return evicted.get();
  }

  /**
   * Makes room. Shards that this process is bringing count in full, and are waited for where they
   * leave no room; those that others are bringing do not count yet, so that the limit can be passed
   * by as many shards as others bring at the moment.
   *
   * @param cancellation ends the wait
   * @param giveUp closes the least recently used shard of this process
   */
  synchronized Reservation reserve(long bytes, GiveUp giveUp, Cancellation cancellation)
      throws IOException {
    boolean interrupted = false;
    while (!makeRoom(bytes, giveUp, cancellation)) {
      cancellation.check();
      if (reserved == 0) {
        if (!warned) {
          warned = true;
          log.warn(
              "the cache of {} goes over cacheLimit {}: all its shards are in use at once",
              folders.get(0),
              limit);
        }
        break;
      }
      try {
        wait(CANCELLATION_MILLIS);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    reserved += bytes;
    return () -> release(bytes);
  }

  private synchronized void release(long bytes) {
    reserved -= bytes;
    notifyAll();
  }

  private boolean makeRoom(long bytes, GiveUp giveUp, Cancellation cancellation)
      throws IOException {
    try (Hold lock = folders.get(0).lockSpace(cancellation)) {
      log.trace("looking for {} bytes under {}", bytes, lock);
      long used = reserved;
      var residents = new ArrayList<Resident>();
      for (ShardFolder folder : folders) {
        for (int shard = 0; shard < folder.shards(); shard++) {
          long size = folder.evictableBytes(shard);
          if (size > 0) {
            used += size;
            residents.add(new Resident(folder, shard, size, folder.lastUse(shard)));
          }
        }
      }
      residents.sort(Comparator.comparingLong(Resident::lastUse));
      while (used + bytes > limit) {
        long before = used;
        for (var next = residents.iterator(); used + bytes > limit && next.hasNext(); ) {
          Resident resident = next.next();
          if (resident.folder().evict(resident.shard())) {
            used -= resident.bytes();
            evicted.incrementAndGet();
            next.remove();
          }
        }
        if (used == before && !giveUp.leastRecentlyUsed()) {
          return false;
        }
      }
      return true;
    }
  }

  /** Lets go of a shard that this process has open. */
  interface GiveUp {
    /** False if this process has none open. */
    boolean leastRecentlyUsed() throws IOException;
  }
}
