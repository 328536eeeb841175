package io.javatorch.streaming.cache;

import io.javatorch.streaming.storage.Cancellation;
import io.javatorch.streaming.storage.Interrupted;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/**
 * Locks between the processes of a host, one for each number, as ranges of one file. The system
 * frees them when their process ends, however it ends. Within a process they hold between threads,
 * and objects for the same file share them. Thread-safe.
 *
 * <p>They only save work done twice and keep shards in use from being evicted: not every file
 * system has locks that hold, so nothing may depend on them for being right.
 *
 * <p>No thread ever blocks in the system's call: its search for deadlocks takes all threads of a
 * process for one owner, and refuses where two processes with a few threads each merely wait for
 * one another's shards.
 */
final class HostLock implements AutoCloseable {
  private static final long FIRST_WAIT_MILLIS = 2;
  private static final long LONGEST_WAIT_MILLIS = 50;

  /**
   * The open lock files of this JVM. Static because what it mirrors is: POSIX locks belong to the
   * process, and closing any channel of a file frees all that the process has on it. Data sets that
   * know nothing of one another must therefore share one channel.
   */
  private static final Map<Path, LockFile> OPEN = new HashMap<>();

  private final Path path;
  private final Duration patience;
  private LockFile file;

  /**
   * Opens nothing yet.
   *
   * @param path the file, made with its directory when the first lock is asked for
   * @param patience the longest to wait for a lock
   */
  HostLock(Path path, Duration patience) {
    this.path = path;
    this.patience = patience;
  }

  /** A lock that is held. Closing it frees it. */
  interface Hold extends AutoCloseable {
    @Override
    void close() throws IOException;
  }

  /**
   * Waits for the lock of a number, to hold it alone.
   *
   * @param purpose what is locked, for the message if it takes too long
   * @param cancellation ends the wait
   * @throws IOException if it is not to be had in time, or the file cannot be made
   */
  Hold acquire(long number, String purpose, Cancellation cancellation) throws IOException {
    return await(number, false, purpose, cancellation);
  }

  /**
   * Waits for the lock of a number, to hold it together with others who share it.
   *
   * @throws IOException as {@link #acquire}
   */
  Hold share(long number, String purpose, Cancellation cancellation) throws IOException {
    return await(number, true, purpose, cancellation);
  }

  /** The lock of a number, alone, if nobody holds it in any way. */
  Optional<Hold> tryAcquire(long number) throws IOException {
    return file().tryLock(number, false);
  }

  private Hold await(long number, boolean shared, String purpose, Cancellation cancellation)
      throws IOException {
    LockFile open = file();
    long start = System.nanoTime();
    long wait = FIRST_WAIT_MILLIS;
    while (true) {
      Optional<Hold> hold = open.tryLock(number, shared);
      if (hold.isPresent()) {
        return hold.get();
      }
      cancellation.check();
      if (System.nanoTime() - start > patience.toNanos()) {
        throw new IOException(
            "waited "
                + patience.toSeconds()
                + " s for another thread or process of this host that holds the lock for "
                + purpose
                + " (byte "
                + number
                + " of "
                + path
                + "): find out why it does not go on, or end it");
      }
      try {
        open.awaitChange(wait + ThreadLocalRandom.current().nextLong(wait));
      } catch (InterruptedException e) {
        throw Interrupted.asIOException("interrupted while waiting for " + purpose, e);
      }
      wait = Math.min(LONGEST_WAIT_MILLIS, wait * 2);
    }
  }

  private synchronized LockFile file() throws IOException {
    if (file == null) {
      Files.createDirectories(path.getParent());
      Path real = path.getParent().toRealPath().resolve(path.getFileName());
      synchronized (OPEN) {
        file = OPEN.computeIfAbsent(real, LockFile::new);
        file.users++;
      }
    }
    return file;
  }

  /** Frees what is held through the file once nobody else of this JVM uses it. */
  @Override
  public synchronized void close() throws IOException {
    if (file == null) {
      return;
    }
    LockFile left = file;
    file = null;
    synchronized (OPEN) {
      left.users--;
      if (left.users > 0) {
        return;
      }
      OPEN.remove(left.path);
      left.close();
    }
  }

  /** A file that this JVM has open once. */
  private static final class LockFile {
    private final Path path;
    private final Map<Long, Held> held = new HashMap<>();
    private FileChannel channel;

    /** Guarded by {@link #OPEN}. */
    private int users;

    LockFile(Path path) {
      this.path = path;
    }

    private static final class Held {
      private final FileLock lock;
      private int holders = 1;

      Held(FileLock lock) {
        this.lock = lock;
      }
    }

    synchronized Optional<Hold> tryLock(long number, boolean shared) throws IOException {
      Held mine = held.get(number);
      if (mine != null && mine.lock.isValid()) {
        if (!shared || !mine.lock.isShared()) {
          return Optional.empty();
        }
        mine.holders++;
        return Optional.of(new OneHold(number, mine));
      }
      FileLock lock;
      try {
        lock = channel().tryLock(number, 1, shared);
      } catch (OverlappingFileLockException e) {
        // A copy of this class from another class loader has it.
        return Optional.empty();
      }
      if (lock == null) {
        return Optional.empty();
      }
      mine = new Held(lock);
      held.put(number, mine);
      return Optional.of(new OneHold(number, mine));
    }

    private final class OneHold implements Hold {
      private final long number;
      private final Held mine;
      private boolean released;

      OneHold(long number, Held mine) {
        this.number = number;
        this.mine = mine;
      }

      @Override
      public void close() throws IOException {
        synchronized (LockFile.this) {
          if (released) {
            return;
          }
          released = true;
          mine.holders--;
          if (mine.holders == 0) {
            held.remove(number, mine);
            if (mine.lock.isValid()) {
              mine.lock.release();
            }
            LockFile.this.notifyAll();
          }
        }
      }
    }

    /** Waits a while, or until this process frees a lock. */
    synchronized void awaitChange(long millis) throws InterruptedException {
      TimeUnit.MILLISECONDS.timedWait(this, millis);
    }

    /** An interrupt of a thread that uses a channel closes it, for all threads. */
    private FileChannel channel() throws IOException {
      if (channel == null || !channel.isOpen()) {
        channel =
            FileChannel.open(
                path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
      }
      return channel;
    }

    synchronized void close() throws IOException {
      if (channel != null) {
        channel.close();
      }
    }
  }
}
