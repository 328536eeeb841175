package io.javatorch.conversion.commit;

import io.javatorch.streaming.storage.RetryPolicy;
import io.javatorch.streaming.storage.Storage;
import io.javatorch.streaming.storage.StoredFile;
import io.javatorch.streaming.storage.Uploader;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.http.HttpTimeoutException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

/** The driver's way to a target: everything is tried again as a policy says. Thread-safe. */
final class Store implements AutoCloseable {
  /** Requests at a time where there are many, which is when a target has many parts. */
  private static final int THREADS = 16;

  /** A store that is gone fails each request alike. */
  private static final int MOST_SUPPRESSED = 3;

  /** How often to look for a file that may be absent only for a moment. */
  private static final int LOOKS = 5;

  private final Storage storage;
  private final RetryPolicy retries;

  /** For all but uploads in the background, and so never out of order. */
  private final Uploader requests;

  private final ExecutorService threads;

  /** Takes the storage over. */
  Store(Storage storage, RetryPolicy retries) {
    this.storage = storage;
    this.retries = retries;
    requests = new Uploader(new KeptOpen(storage), retries, 1);
    threads =
        Executors.newFixedThreadPool(
            THREADS,
            task -> {
              var thread = new Thread(task, "mds-commit");
              thread.setDaemon(true);
              return thread;
            });
  }

  String location() {
    return storage.location();
  }

  List<StoredFile> list(String directory) throws IOException {
    return requests.list(directory);
  }

  void delete(String path) throws IOException {
    requests.delete(path);
  }

  void deleteDirectory(String path) throws IOException {
    requests.deleteDirectory(path);
  }

  boolean putNew(Path source, String path) throws IOException {
    return requests.putNew(source, path);
  }

  /** The content of a file, if there is one. */
  Optional<byte[]> read(String path) throws IOException {
    try {
      return Optional.of(requests.read(path));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  /**
   * The content of a file that is replaced now and then, if there is one. Some stores replace a
   * file by deleting it first, so that it is absent only if it stays so for a while.
   */
  Optional<byte[]> readReplaced(String path) throws IOException {
    for (int look = 1; ; look++) {
      var found = read(path);
      if (found.isPresent() || look == LOOKS) {
        return found;
      }
      pause(retries.firstDelay().dividedBy(2));
    }
  }

  /** The same store, asked once for each thing and for no longer than that. */
  Store impatient(Duration timeout) {
    return new Store(new KeptOpen(storage), new RetryPolicy(1, timeout, retries.firstDelay()));
  }

  /**
   * Puts a file, once it is whole.
   *
   * @throws UnknownOutcomeException if it may get there after this has failed
   */
  void put(Path source, String path) throws IOException {
    var sent = new Sent(storage, retries.timeout());
    // One of its own: an uploader is of no more use once a file has failed.
    try (var uploader = new Uploader(sent, retries, 1)) {
      try {
        uploader.upload(source, path, () -> {});
        uploader.await();
      } catch (IOException | RuntimeException e) {
        if (sent.mayArrive()) {
          throw new UnknownOutcomeException(e);
        }
        throw e;
      }
    }
  }

  /** A file was sent, and may get to its place although that was reported to have failed. */
  static final class UnknownOutcomeException extends IOException {
    private static final long serialVersionUID = 1L;

    UnknownOutcomeException(Exception failure) {
      super(failure.getMessage(), failure);
    }
  }

  /**
   * Knows of a file whether a request to put it can be under way still: one that was given up for
   * the time that it took, by us or by the client of the store.
   */
  private static final class Sent extends KeptOpen {
    private final long mostNanos;
    private final AtomicInteger underWay = new AtomicInteger();
    private volatile boolean givenUp;

    Sent(Storage storage, Duration timeout) {
      super(storage);
      // Whoever waits for it has begun to a little before.
      mostNanos = timeout.toNanos() / 10 * 9;
    }

    @Override
    public void put(Path source, String path) throws IOException {
      underWay.incrementAndGet();
      long begun = System.nanoTime();
      try {
        super.put(source, path);
      } catch (IOException | RuntimeException e) {
        if (Thread.currentThread().isInterrupted()
            || System.nanoTime() - begun >= mostNanos
            || isOfTime(e)) {
          givenUp = true;
        }
        throw e;
      } finally {
        underWay.decrementAndGet();
      }
    }

    private static boolean isOfTime(Throwable failure) {
      for (var cause = failure; cause != null; cause = cause.getCause()) {
        // A timeout of a socket is an interruption to Java.
        if (cause instanceof InterruptedIOException
            || cause instanceof ClosedByInterruptException
            || cause instanceof HttpTimeoutException
            || cause instanceof TimeoutException
            || cause instanceof InterruptedException) {
          return true;
        }
      }
      return false;
    }

    boolean mayArrive() {
      return underWay.get() > 0 || givenUp;
    }
  }

  /** Waits. */
  void pause(Duration time) throws InterruptedIOException {
    try {
      TimeUnit.NANOSECONDS.sleep(time.toNanos());
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  private InterruptedIOException interrupted(InterruptedException cause) {
    Thread.currentThread().interrupt();
    var interrupted = new InterruptedIOException("interrupted while waiting for " + location());
    interrupted.initCause(cause);
    return interrupted;
  }

  void put(byte[] content, String path) throws IOException {
    withFile(
        content,
        file -> {
          put(file, path);
          return null;
        });
  }

  boolean putNew(byte[] content, String path) throws IOException {
    return withFile(content, file -> putNew(file, path));
  }

  private interface FileUse<T> {
    T with(Path file) throws IOException;
  }

  private static <T> T withFile(byte[] content, FileUse<T> use) throws IOException {
    var file = Files.createTempFile("mds-commit-", "");
    try {
      Files.write(file, content);
      return use.with(file);
    } finally {
      Files.deleteIfExists(file);
    }
  }

  /** Asks for one thing. */
  interface Request<A, T> {
    T ask(A about) throws IOException;
  }

  /**
   * Asks for many things at a time, and answers in their order. All have been asked for when it
   * returns or fails.
   */
  <A, T> List<T> each(Collection<A> all, Request<A, T> request) throws IOException {
    var asked = new ArrayList<Future<T>>(all.size());
    for (var one : all) {
      asked.add(threads.submit(() -> request.ask(one)));
    }
    var answers = new ArrayList<T>(all.size());
    Exception failure = null;
    for (var answer : asked) {
      try {
        answers.add(answer.get());
      } catch (ExecutionException e) {
        if (e.getCause() instanceof Error error) {
          throw error;
        }
        if (failure == null) {
          failure = (Exception) e.getCause();
        } else if (failure.getSuppressed().length < MOST_SUPPRESSED) {
          failure.addSuppressed(e.getCause());
        }
      } catch (InterruptedException e) {
        asked.forEach(other -> other.cancel(true));
        throw interrupted(e);
      }
    }
    if (failure instanceof IOException io) {
      throw io;
    } else if (failure instanceof RuntimeException unchecked) {
      throw unchecked;
    }
    return answers;
  }

  @Override
  public void close() throws IOException {
    threads.shutdownNow();
    try {
      requests.close();
    } finally {
      storage.close();
    }
  }
}
