package io.javatorch.streaming.storage;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts files into a store in the background. The first file that fails for good ends it: what is
 * under way is given up, and every later call says so. Thread-safe.
 */
public final class Uploader implements AutoCloseable {
  /** Three tries of five minutes each, about a second apart. */
  public static final RetryPolicy DEFAULT_RETRIES =
      new RetryPolicy(3, Duration.ofMinutes(5), Duration.ofSeconds(1));

  /** Files at a time, unless it is said otherwise; more help only where a store is far away. */
  public static final int DEFAULT_THREADS = 4;

  private static final Duration FOREVER = Duration.ofDays(36_500);
  private static final Logger log = LoggerFactory.getLogger(Uploader.class);

  private final Storage storage;
  private final Tries tries;
  private final ExecutorService threads;
  private final int mostPending;
  private final Cancellation giveUp = new Cancellation();
  private final AtomicLong files = new AtomicLong();
  private final AtomicLong bytes = new AtomicLong();

  // Changed under this object's monitor alone.
  private int pending;
  private volatile Throwable failure;
  private volatile boolean closed;

  /**
   * Puts files into the given store, and closes it in the end.
   *
   * @param threads files at a time, at least 1; as many more may wait for their turn
   */
  public Uploader(Storage storage, RetryPolicy policy, int threads) {
    if (threads < 1) {
      throw new IllegalArgumentException("uploading needs at least 1 thread, got " + threads);
    }
    this.storage = storage;
    tries = new Tries(policy, "streaming-upload-try");
    mostPending = 2 * threads;
    this.threads =
        Executors.newFixedThreadPool(
            threads,
            task -> {
              var thread = new Thread(task, "streaming-upload");
              thread.setDaemon(true);
              return thread;
            });
  }

  /** Hears that a file is in the store. */
  @FunctionalInterface
  public interface Uploaded {
    /**
     * Called on one of the uploader's threads.
     *
     * @throws IOException if what it does fails; that ends the uploader as a failed upload does
     */
    void uploaded() throws IOException;
  }

  /** The store's root, for messages. */
  public String location() {
    return storage.location();
  }

  /** Files that are in the store. */
  public long uploadedFiles() {
    return files.get();
  }

  /** The size of those files. */
  public long uploadedBytes() {
    return bytes.get();
  }

  /** Tries that failed and were followed by another. */
  public long retries() {
    return tries.retries();
  }

  /** The longest that one file can take, with all its tries. */
  public Duration longestUpload() {
    return tries.longest();
  }

  /**
   * Uploads a file in the background. Waits while twice as many files as there are threads are on
   * their way: what is not uploaded yet takes room on this host.
   *
   * @param source a file that is not changed until it is uploaded
   * @param path its path in the store; a file that is there is replaced
   * @param then called when it is there, say to delete the source
   * @throws IOException if this or another file could not be uploaded
   * @throws InterruptedIOException if the thread was interrupted while it waited
   * @throws IllegalStateException if this is closed
   */
  public void upload(Path source, String path, Uploaded then) throws IOException {
    synchronized (this) {
      waitWhileMoreThan(mostPending - 1, FOREVER);
      check();
      pending++;
    }
    try {
      threads.execute(
          () -> {
            Throwable failed = null;
            try {
              put(source, path);
              then.uploaded();
            } catch (IOException | RuntimeException | Error e) {
              failed = e;
            }
            ended(failed);
          });
    } catch (RejectedExecutionException e) {
      ended(e);
      check();
    }
  }

  /**
   * Waits until all files are in the store.
   *
   * @throws IOException if one could not be uploaded
   * @throws InterruptedIOException if the thread was interrupted while it waited
   * @throws IllegalStateException if this is closed
   */
  public void await() throws IOException {
    await(FOREVER);
  }

  /**
   * Waits until all files are in the store, but no longer than it is told.
   *
   * @return whether they are
   * @throws IOException as {@link #await()}
   */
  public boolean await(Duration timeout) throws IOException {
    boolean all = waitWhileMoreThan(0, timeout);
    check();
    return all;
  }

  /**
   * Fails if an upload has, without waiting.
   *
   * @throws IOException if a file could not be uploaded
   * @throws IllegalStateException if this is closed
   */
  public void check() throws IOException {
    if (failure != null) {
      // A new one, which shows where it was noticed.
      throw new IOException(
          failure instanceof IOException
              ? failure.getMessage()
              : "cannot upload to " + storage.location() + ": " + failure,
          failure);
    }
    if (closed) {
      throw new IllegalStateException("the uploader to " + storage.location() + " is closed");
    }
  }

  /**
   * The entries of a directory of the store, as {@link Storage#list} has them. Works after a failed
   * upload too.
   */
  public List<StoredFile> list(String directory) throws IOException {
    return manage("list " + directory + " in " + storage.location(), () -> storage.list(directory));
  }

  /** The content of a small file of the store. Works after a failed upload too. */
  public byte[] read(String path) throws IOException {
    return manage(
        "read " + path + " from " + storage.location(),
        () -> {
          try (var in = storage.open(path, 0)) {
            return in.readAllBytes();
          }
        });
  }

  /** Deletes a file of the store if it is there. Works after a failed upload too. */
  public void delete(String path) throws IOException {
    manage(
        "delete " + path + " in " + storage.location(),
        () -> {
          storage.delete(path);
          return null;
        });
  }

  /**
   * Puts a file where there is none of that name, as {@link Storage#putNew}, and waits for it.
   * Works after a failed upload too.
   */
  public boolean putNew(Path source, String path) throws IOException {
    return manage("put " + path + " to " + storage.location(), () -> storage.putNew(source, path));
  }

  /**
   * Deletes a directory of the store if it is empty, as {@link Storage#deleteDirectory}. Works
   * after a failed upload too.
   */
  public void deleteDirectory(String path) throws IOException {
    manage(
        "delete the directory " + path + " in " + storage.location(),
        () -> {
          storage.deleteDirectory(path);
          return null;
        });
  }

  private interface Question<T> {
    T ask() throws IOException;
  }

  private <T> T manage(String what, Question<T> question) throws IOException {
    var cancellation = new Cancellation();
    return tries.repeat(what, cancellation, attempt -> tries.within(cancellation, question::ask));
  }

  private void put(Path source, String path) throws IOException {
    long size = Files.size(source);
    tries.repeat(
        "upload " + path + " to " + storage.location(),
        giveUp,
        attempt ->
            tries.within(
                giveUp,
                () -> {
                  storage.put(source, path);
                  return null;
                }));
    files.incrementAndGet();
    bytes.addAndGet(size);
  }

  private synchronized void ended(Throwable failed) {
    pending--;
    if (failed != null && failure == null && !closed) {
      failure = failed;
      log.debug("ending the uploads to {}", storage.location(), failed);
      // What still waits for its turn ends as soon as it has it.
      giveUp.cancel();
    }
    notifyAll();
  }

  private synchronized boolean waitWhileMoreThan(int most, Duration timeout)
      throws InterruptedIOException {
    long end = System.nanoTime() + timeout.toNanos();
    try {
      while (pending > most && failure == null && !closed) {
        long left = end - System.nanoTime();
        if (left <= 0) {
          return false;
        }
        TimeUnit.NANOSECONDS.timedWait(this, left);
      }
      return pending <= most;
    } catch (InterruptedException e) {
      throw Interrupted.asIOException("interrupted while waiting for uploads", e);
    }
  }

  /** Gives up what is under way. Whether a file of it appears in the store is not known. */
  public void cancel() {
    giveUp.cancel();
    synchronized (this) {
      while (pending > 0) {
        try {
          wait();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          return;
        }
      }
    }
  }

  @Override
  public void close() throws IOException {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      notifyAll();
    }
    giveUp.cancel();
    threads.shutdown();
    tries.close();
    storage.close();
  }
}
