package io.javatorch.streaming;

import io.javatorch.streaming.cache.ShardCache;
import io.javatorch.streaming.order.RankOrder;
import io.javatorch.streaming.storage.Cancellation;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.function.LongToIntFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes shards ready ahead of the workers, in the order in which they will be read, a bounded
 * number of samples ahead; several at a time, since one download seldom fills the line. A failure
 * is left to the worker that needs the shard: it tries again, and reports it with the sample.
 */
final class Predownloader {
  private static final Logger log = LoggerFactory.getLogger(Predownloader.class);
  private static final int THREADS = 4;
  private static final int NONE = -1;
  private static final long BLOCKED_MILLIS = 100;

  private record Ahead(int step, long bytes) {}

  private final ShardCache cache;
  private final RankOrder order;
  private final LongToIntFunction shardOf;
  private final long samplesAhead;
  private final Cancellation cancellation;
  private final List<Thread> threads = new ArrayList<>();

  private final Set<Integer> busy = new HashSet<>();

  /** What was made ready for steps that are not read yet. */
  private final ArrayDeque<Ahead> ahead = new ArrayDeque<>();

  private long bytesAhead;

  /** The next step to look at. */
  private int cursor;

  /** Steps from {@link #left} to the cursor that need each shard: what it is good to keep. */
  private final AtomicIntegerArray needed;

  private int left;
  private long read;

  /** Nothing goes on before so much has been read, or some time is over. */
  private long blockedUntil;

  private final ShardCache.Registration keeping;
  private boolean closed;

  Predownloader(
      ShardCache cache,
      RankOrder order,
      LongToIntFunction shardOf,
      long samplesAhead,
      Cancellation cancellation) {
    this.cache = cache;
    this.order = order;
    this.shardOf = shardOf;
    this.samplesAhead = samplesAhead;
    this.cancellation = cancellation;
    needed = new AtomicIntegerArray(cache.shards());
    keeping = cache.keep(this::isNeeded);
    for (int i = 0; i < THREADS; i++) {
      var thread = new Thread(this::work, "streaming-predownload-" + i);
      thread.setDaemon(true);
      threads.add(thread);
    }
    threads.forEach(Thread::start);
  }

  /** Notes that workers have read some more samples. */
  synchronized void advance(int samples) {
    read += samples;
    while (cursor < Math.min(read, order.steps())) {
      pass();
    }
    for (; left < Math.min(read, cursor); left++) {
      int shard = shardAt(left);
      if (shard != NONE) {
        needed.decrementAndGet(shard);
      }
    }
    notifyAll();
  }

  /** Moves the cursor on. */
  private void pass() {
    int shard = shardAt(cursor++);
    if (shard != NONE) {
      needed.incrementAndGet(shard);
    }
  }

  /** Whether a step that is not read yet, and was looked at, needs a shard. */
  private boolean isNeeded(int shard) {
    return needed.get(shard) > 0;
  }

  private void work() {
    for (int shard = next(); shard != NONE; shard = next()) {
      try {
        makeReady(shard);
      } catch (RuntimeException e) {
        log.debug("could not make shard {} ready ahead of time", shard, e);
      } finally {
        done(shard);
      }
    }
  }

  private void makeReady(int shard) {
    if (!cache.makeReady(shard, () -> isNeeded(shard), cancellation) && isNeeded(shard)) {
      goBack(shard);
    }
  }

  /** There was no room, and will not be before more has been read or another process is done. */
  private synchronized void goBack(int shard) {
    for (Ahead one : ahead) {
      if (shardAt(one.step()) == shard) {
        bytesAhead -= one.bytes();
        ahead.remove(one);
        while (cursor > one.step() && cursor > left) {
          int passed = shardAt(--cursor);
          if (passed != NONE) {
            needed.decrementAndGet(passed);
          }
        }
        break;
      }
    }
    blockedUntil = read + 1;
  }

  private synchronized void done(int shard) {
    busy.remove(shard);
    notifyAll();
  }

  /** The next shard to make ready, or {@link #NONE} at the end. */
  private synchronized int next() {
    try {
      while (!closed && cursor < order.steps()) {
        if (mustWait()) {
          wait();
          continue;
        }
        if (read < blockedUntil) {
          wait(BLOCKED_MILLIS);
          blockedUntil = 0;
          continue;
        }
        int shard = shardAt(cursor);
        if (shard != NONE && !cache.isReady(shard) && busy.add(shard)) {
          long bytes = cache.mostBytes(shard);
          ahead.add(new Ahead(cursor, bytes));
          bytesAhead += bytes;
          pass();
          return shard;
        }
        pass();
      }
    } catch (InterruptedException e) {
      // Nobody but close ends these threads, so this ends them too.
      closed = true;
    }
    return NONE;
  }

  /** Whether enough is ready ahead of the workers. */
  private boolean mustWait() {
    while (!ahead.isEmpty() && ahead.peek().step() < read) {
      bytesAhead -= ahead.remove().bytes();
    }
    if (cursor >= read + samplesAhead) {
      return true;
    }
    // More would push out what is about to be read.
    return !ahead.isEmpty() && bytesAhead > cache.openLimit() / 2;
  }

  private int shardAt(int step) {
    long id = order.at(step);
    return id == RankOrder.PADDING ? NONE : shardOf.applyAsInt(id);
  }

  void close() {
    synchronized (this) {
      closed = true;
      notifyAll();
    }
    keeping.close();
    boolean interrupted = false;
    for (Thread thread : threads) {
      while (thread.isAlive()) {
        try {
          thread.join();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
