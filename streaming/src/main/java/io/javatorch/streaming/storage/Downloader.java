package io.javatorch.streaming.storage;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gets files from a store. A file appears under its name only when it is whole and has been
 * verified; what a broken connection leaves is gone on with. Thread-safe.
 */
public final class Downloader implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Downloader.class);
  private static final int BUFFER_BYTES = 1 << 18;

  private final Storage storage;
  private final RetryPolicy policy;
  private final ScheduledThreadPoolExecutor watchdog;
  private final AtomicLong bytes = new AtomicLong();
  private final AtomicLong retries = new AtomicLong();

  /** Gets files from the given store, and closes it in the end. */
  public Downloader(Storage storage, RetryPolicy policy) {
    this.storage = storage;
    this.policy = policy;
    watchdog =
        new ScheduledThreadPoolExecutor(
            1,
            task -> {
              var thread = new Thread(task, "streaming-download-watchdog");
              thread.setDaemon(true);
              return thread;
            });
    watchdog.setRemoveOnCancelPolicy(true);
  }

  /** Looks at a whole file before it gets its name. */
  @FunctionalInterface
  public interface Verification {
    /**
     * Verifies a file.
     *
     * @throws IOException or a runtime exception if it is not what it should be; it is then got
     *     again
     */
    void verify(Path file) throws IOException;
  }

  /** Bytes that were received. */
  public long receivedBytes() {
    return bytes.get();
  }

  /** Tries that failed and were followed by another. */
  public long retries() {
    return retries.get();
  }

  /** The longest that getting one file can take, with all its tries. */
  public Duration longestFetch() {
    Duration longest = policy.timeout().multipliedBy(policy.attempts());
    for (int attempt = 1; attempt < policy.attempts(); attempt++) {
      longest = longest.plus(delay(attempt).multipliedBy(2));
    }
    return longest;
  }

  /** The store's root, for messages. */
  public String location() {
    return storage.location();
  }

  /**
   * Gets a file whose size is known.
   *
   * @param path path in the store
   * @param size its size in bytes; a file of another size is refused
   * @param target where to put it; its directory must exist
   * @param verification a further look at it
   * @throws NoSuchFileException if the store has no such file
   * @throws IOException if it could not be got in as many attempts as there may be; the last
   *     failure is the cause
   */
  public void fetch(String path, long size, Path target, Verification verification)
      throws IOException {
    Path temporary =
        target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID() + ".tmp");
    try (FileChannel out =
        FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      for (int attempt = 1; ; attempt++) {
        try {
          receive(path, size, out);
          out.force(true);
          verify(temporary, out, verification);
          break;
        } catch (NoSuchFileException | AccessDeniedException e) {
          throw e;
        } catch (IOException e) {
          if (attempt >= policy.attempts()) {
            throw new IOException(
                "cannot get "
                    + path
                    + " from "
                    + storage.location()
                    + " in "
                    + attempt
                    + " attempts: "
                    + e.getMessage(),
                e);
          }
          log.warn(
              "getting {} from {}: attempt {} of {} failed: {}",
              path,
              storage.location(),
              attempt,
              policy.attempts(),
              e.toString());
          retries.incrementAndGet();
          pause(attempt);
        }
      }
      moveWithRetries(temporary, target);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  /** Gets a file of unknown size, such as an index. */
  public void fetch(String path, Path target) throws IOException {
    fetch(path, size(path), target, file -> {});
  }

  private long size(String path) throws IOException {
    for (int attempt = 1; ; attempt++) {
      try {
        return storage.size(path);
      } catch (NoSuchFileException | AccessDeniedException e) {
        throw e;
      } catch (IOException e) {
        if (attempt >= policy.attempts()) {
          throw e;
        }
        retries.incrementAndGet();
        pause(attempt);
      }
    }
  }

  private static void verify(Path file, FileChannel out, Verification verification)
      throws IOException {
    try {
      verification.verify(file);
    } catch (IOException | RuntimeException e) {
      // What came is wrong, so the next attempt must not go on behind it.
      out.truncate(0);
      throw new IOException(e.getMessage(), e);
    }
  }

  /** Goes on where the file ends. */
  private void receive(String path, long size, FileChannel out) throws IOException {
    long at = out.size();
    out.position(at);
    long deadline = System.nanoTime() + policy.timeout().toNanos();
    var timedOut = new AtomicBoolean();
    try (InputStream in = storage.open(path, at)) {
      ScheduledFuture<?> alarm =
          watchdog.schedule(
              () -> {
                timedOut.set(true);
                in.close();
                return null;
              },
              deadline - System.nanoTime(),
              TimeUnit.NANOSECONDS);
      try {
        at += copy(in, size - at, out);
      } finally {
        alarm.cancel(false);
      }
      if (at == size && in.read() >= 0) {
        out.truncate(0);
        throw new IOException("the file has more than the " + size + " bytes of the index");
      }
    } catch (NoSuchFileException | AccessDeniedException e) {
      throw e;
    } catch (IOException e) {
      if (timedOut.get()) {
        throw new IOException(
            "it took longer than "
                + policy.timeout().toSeconds()
                + " s, "
                + out.size()
                + " of "
                + size
                + " bytes have come",
            e);
      }
      throw e;
    }
    if (at < size) {
      throw new IOException("it ended after " + at + " of " + size + " bytes");
    }
  }

  private long copy(InputStream in, long count, FileChannel out) throws IOException {
    byte[] buffer = new byte[(int) Math.min(BUFFER_BYTES, Math.max(1, count))];
    long copied = 0;
    while (copied < count) {
      int n = in.read(buffer, 0, (int) Math.min(buffer.length, count - copied));
      if (n < 0) {
        break;
      }
      var chunk = ByteBuffer.wrap(buffer, 0, n);
      while (chunk.hasRemaining()) {
        out.write(chunk);
      }
      copied += n;
      bytes.addAndGet(n);
    }
    return copied;
  }

  private Duration delay(int attempt) {
    return policy.firstDelay().multipliedBy(1L << Math.min(attempt - 1, 10));
  }

  private void pause(int attempt) throws IOException {
    long nanos = delay(attempt).toNanos();
    try {
      TimeUnit.NANOSECONDS.sleep(nanos + ThreadLocalRandom.current().nextLong(nanos / 2 + 1));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while waiting to try again", e);
    }
  }

  /** What was got at some cost is not given up for one refusal of a network file system. */
  private void moveWithRetries(Path temporary, Path target) throws IOException {
    for (int attempt = 1; ; attempt++) {
      try {
        move(temporary, target);
        return;
      } catch (NoSuchFileException | AccessDeniedException e) {
        throw e;
      } catch (IOException e) {
        if (attempt >= policy.attempts()) {
          throw e;
        }
        log.warn("renaming {} to {} failed: {}", temporary, target, e.toString());
        retries.incrementAndGet();
        pause(attempt);
      }
    }
  }

  private static void move(Path temporary, Path target) throws IOException {
    try {
      Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(temporary, target, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  @Override
  public void close() throws IOException {
    watchdog.shutdownNow();
    storage.close();
  }
}
