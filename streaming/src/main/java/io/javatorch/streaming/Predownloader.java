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
import java.util.function.BooleanSupplier;
import java.util.function.IntPredicate;
import java.util.function.IntUnaryOperator;
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
  static final int NONE = -1;
  private static final long BLOCKED_MILLIS = 100;

  private record Ahead(int step, long bytes) {}

  /** What a {@link ShardCache} does for this. */
  interface Shards {
    boolean isReady(int shard);

    boolean makeReady(int shard, BooleanSupplier wanted, Cancellation cancellation);

    long mostBytes(int shard);

    long openLimit();

    ShardCache.Registration keep(IntPredicate needed);

    static Shards of(ShardCache cache) {
      return new Shards() {
        @Override
        public boolean isReady(int shard) {
          return cache.isReady(shard);
        }

        @Override
        public boolean makeReady(int shard, BooleanSupplier wanted, Cancellation cancellation) {
          return cache.makeReady(shard, wanted, cancellation);
        }

        @Override
        public long mostBytes(int shard) {
          return cache.mostBytes(shard);
        }

        @Override
        public long openLimit() {
          return cache.openLimit();
        }

        @Override
        public ShardCache.Registration keep(IntPredicate needed) {
          return cache.keep(needed);
        }
      };
    }
  }

  private final Shards cache;
  private final int steps;

  /** The shard of a step, or {@link #NONE}. */
  private final IntUnaryOperator shardOfStep;

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
    this(
        Shards.of(cache),
        cache.shards(),
        order.steps(),
        step -> {
          long id = order.at(step);
          return id == RankOrder.PADDING ? NONE : shardOf.applyAsInt(id);
        },
        samplesAhead,
        cancellation);
  }

  Predownloader(
      Shards cache,
      int shards,
      int steps,
      IntUnaryOperator shardOfStep,
      long samplesAhead,
      Cancellation cancellation) {
    this.cache = cache;
    this.steps = steps;
    this.shardOfStep = shardOfStep;
    this.samplesAhead = samplesAhead;
    this.cancellation = cancellation;
    needed = new AtomicIntegerArray(shards);
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
    while (cursor < Math.min(read, steps)) {
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
      // What failed is left to the worker, and not tried again here.
      boolean over = true;
      try {
        over = makeReady(shard);
      } catch (RuntimeException e) {
        log.debug("could not make shard {} ready ahead of time", shard, e);
      } finally {
        done(shard, over);
      }
    }
  }

  private boolean makeReady(int shard) {
    return cache.makeReady(shard, () -> isNeeded(shard), cancellation);
  }

  /**
   * Lets other threads take a shard again. One that was given up, since there was no room or nobody
   * needed it, and that is needed now, comes again: as long as it was busy its steps were passed.
   */
  private synchronized void done(int shard, boolean over) {
    busy.remove(shard);
    if (!over && isNeeded(shard)) {
      goBack(shard);
    }
    notifyAll();
  }

  /**
   * Goes back to the first step that needs a shard. Room will not be there before more has been
   * read or another process is done.
   */
  private void goBack(int shard) {
    for (Ahead one : ahead) {
      if (shardAt(one.step()) == shard) {
        bytesAhead -= one.bytes();
        ahead.remove(one);
        break;
      }
    }
    int first = left;
    while (first < cursor && shardAt(first) != shard) {
      first++;
    }
    while (cursor > first) {
      int passed = shardAt(--cursor);
      if (passed != NONE) {
        needed.decrementAndGet(passed);
      }
    }
    blockedUntil = read + 1;
  }

  /** The next shard to make ready, or {@link #NONE} at the end. */
  private synchronized int next() {
    try {
      while (!closed && cursor < steps) {
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
    return shardOfStep.applyAsInt(step);
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
