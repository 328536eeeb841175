package io.javatorch.streaming.storage;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
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
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
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
  private final ThreadPoolExecutor tries;
  private final Cancellation closing = new Cancellation();
  private final AtomicLong bytes = new AtomicLong();
  private final AtomicLong retries = new AtomicLong();

  /** Gets files from the given store, and closes it in the end. */
  public Downloader(Storage storage, RetryPolicy policy) {
    this.storage = storage;
    this.policy = policy;
    tries =
        new ThreadPoolExecutor(
            0,
            Integer.MAX_VALUE,
            5,
            TimeUnit.SECONDS,
            new SynchronousQueue<>(),
            task -> {
              var thread = new Thread(task, "streaming-download");
              thread.setDaemon(true);
              return thread;
            });
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
   * @param cancellation ends it early
   * @throws CancelledException if it was cancelled, or this is closed
   * @throws NoSuchFileException if the store has no such file
   * @throws IOException if it could not be got in as many attempts as there may be; the last
   *     failure is the cause
   */
  public void fetch(
      String path, long size, Path target, Verification verification, Cancellation cancellation)
      throws IOException {
    Path temporary =
        target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID() + ".tmp");
    try (FileChannel out =
        FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      for (int attempt = 1; ; attempt++) {
        try {
          receive(path, size, out, cancellation);
          out.force(true);
          verify(temporary, out, verification);
          break;
        } catch (NoSuchFileException | AccessDeniedException | CancelledException e) {
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
          pause(attempt, cancellation);
        }
      }
      moveWithRetries(temporary, target, cancellation);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  /** Gets a file of unknown size, such as an index. */
  public void fetch(String path, Path target) throws IOException {
    var cancellation = new Cancellation();
    fetch(path, size(path, cancellation), target, file -> {}, cancellation);
  }

  private long size(String path, Cancellation cancellation) throws IOException {
    for (int attempt = 1; ; attempt++) {
      try {
        return within(new Attempt(), cancellation, () -> storage.size(path));
      } catch (NoSuchFileException | AccessDeniedException | CancelledException e) {
        throw e;
      } catch (IOException e) {
        if (attempt >= policy.attempts()) {
          throw e;
        }
        retries.incrementAndGet();
        pause(attempt, cancellation);
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
  private void receive(String path, long size, FileChannel out, Cancellation cancellation)
      throws IOException {
    var attempt = new Attempt();
    // Not on the other thread: an interrupt in there would close the file.
    long from = out.size();
    long at;
    try {
      at = within(attempt, cancellation, () -> receive(path, from, size, out, attempt));
    } catch (TimeoutIoException e) {
      throw new IOException(
          e.getMessage() + ", " + out.size() + " of " + size + " bytes have come", e);
    }
    if (at < size) {
      throw new IOException("it ended after " + at + " of " + size + " bytes");
    }
  }

  /** Runs on a thread of its own, and may be left behind at any point. */
  private long receive(String path, long from, long size, FileChannel out, Attempt attempt)
      throws IOException {
    long at = from;
    try (InputStream in = storage.open(path, at)) {
      attempt.opened(in);
      byte[] buffer = new byte[(int) Math.min(BUFFER_BYTES, Math.max(1, size - at))];
      while (at < size) {
        int n = in.read(buffer, 0, (int) Math.min(buffer.length, size - at));
        if (n < 0) {
          return at;
        }
        attempt.write(out, at, ByteBuffer.wrap(buffer, 0, n));
        at += n;
        bytes.addAndGet(n);
      }
      if (in.read() >= 0) {
        attempt.truncate(out);
        throw new IOException("the file has more than the " + size + " bytes of the index");
      }
      return at;
    }
  }

  /** What is shared with the thread of one try, which must not write once it is left behind. */
  private static final class Attempt {
    private boolean abandoned;
    private InputStream in;

    synchronized void opened(InputStream opened) throws IOException {
      checkWanted();
      in = opened;
    }

    synchronized void write(FileChannel out, long position, ByteBuffer chunk) throws IOException {
      checkWanted();
      for (long at = position; chunk.hasRemaining(); ) {
        at += out.write(chunk, at);
      }
    }

    synchronized void truncate(FileChannel out) throws IOException {
      checkWanted();
      out.truncate(0);
    }

    private void checkWanted() throws IOException {
      if (abandoned) {
        throw new IOException("this try was given up");
      }
    }

    synchronized void abandon() {
      abandoned = true;
      if (in == null) {
        return;
      }
      InputStream left = in;
      // Closing can hang as well as reading can.
      var closer =
          new Thread(
              () -> {
                try {
                  left.close();
                } catch (IOException | RuntimeException e) {
                  log.debug("closing a stream that was given up failed", e);
                }
              },
              "streaming-download-close");
      closer.setDaemon(true);
      closer.start();
    }
  }

  private static final class TimeoutIoException extends IOException {
    private static final long serialVersionUID = 1L;

    TimeoutIoException(Duration timeout) {
      super("it took longer than " + timeout.toMillis() / 1000.0 + " s");
    }
  }

  /**
   * Runs a try on a thread of its own, and leaves it behind where it does not end in time: an
   * implementation of a store can hang in any of its methods.
   */
  private <T> T within(Attempt attempt, Cancellation cancellation, Callable<T> work)
      throws IOException {
    closing.check();
    cancellation.check();
    var result = new CompletableFuture<T>();
    Runnable cancel = () -> result.completeExceptionally(new CancelledException());
    Future<?> running;
    try {
      running =
          tries.submit(
              () -> {
                try {
                  result.complete(work.call());
                } catch (Throwable e) {
                  result.completeExceptionally(e);
                }
              });
    } catch (RejectedExecutionException e) {
      throw withCause(new CancelledException(), e);
    }
    boolean ended = false;
    try (var one = cancellation.onCancel(cancel);
        var two = closing.onCancel(cancel)) {
      log.trace("cancelled by {} or {}", one, two);
      T value = result.get(policy.timeout().toNanos(), TimeUnit.NANOSECONDS);
      ended = true;
      return value;
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      ended = !(cause instanceof CancelledException);
      if (cause instanceof IOException failure) {
        throw failure;
      }
      throw new IOException(cause.toString(), cause);
    } catch (TimeoutException e) {
      throw withCause(new TimeoutIoException(policy.timeout()), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw withCause(new InterruptedIOException("interrupted while getting a file"), e);
    } finally {
      if (!ended) {
        attempt.abandon();
        running.cancel(true);
      }
    }
  }

  private static <E extends IOException> E withCause(E failure, Exception cause) {
    failure.initCause(cause);
    return failure;
  }

  private Duration delay(int attempt) {
    return policy.firstDelay().multipliedBy(1L << Math.min(attempt - 1, 10));
  }

  private void pause(int attempt, Cancellation cancellation) throws IOException {
    long nanos = delay(attempt).toNanos();
    var woken = new CompletableFuture<Void>();
    Runnable wake = () -> woken.complete(null);
    try (var one = cancellation.onCancel(wake);
        var two = closing.onCancel(wake)) {
      log.trace("cancelled by {} or {}", one, two);
      woken.get(nanos + ThreadLocalRandom.current().nextLong(nanos / 2 + 1), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      return;
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw withCause(new InterruptedIOException("interrupted before trying again"), e);
    }
    throw new CancelledException();
  }

  /** What was got at some cost is not given up for one refusal of a network file system. */
  private void moveWithRetries(Path temporary, Path target, Cancellation cancellation)
      throws IOException {
    for (int attempt = 1; ; attempt++) {
      try {
        move(temporary, target);
        return;
      } catch (NoSuchFileException | AccessDeniedException | CancelledException e) {
        throw e;
      } catch (IOException e) {
        if (attempt >= policy.attempts()) {
          throw e;
        }
        log.warn("renaming {} to {} failed: {}", temporary, target, e.toString());
        retries.incrementAndGet();
        pause(attempt, cancellation);
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

  /** Ends all downloads that are under way, and refuses new ones. */
  public void cancelAll() {
    closing.cancel();
  }

  @Override
  public void close() throws IOException {
    cancelAll();
    tries.shutdownNow();
    storage.close();
  }
}
