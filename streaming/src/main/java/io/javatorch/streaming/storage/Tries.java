package io.javatorch.streaming.storage;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
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
 * Tries things with a store as often and for as long as a policy allows. Each try has a thread of
 * its own, which is left behind where it does not end in time: an implementation of a store can
 * hang in any of its methods. Thread-safe.
 */
final class Tries implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Tries.class);

  private final RetryPolicy policy;
  private final ThreadPoolExecutor threads;
  private final Cancellation closing = new Cancellation();
  private final AtomicLong retries = new AtomicLong();

  Tries(RetryPolicy policy, String threadName) {
    this.policy = policy;
    threads =
        new ThreadPoolExecutor(
            0,
            Integer.MAX_VALUE,
            5,
            TimeUnit.SECONDS,
            new SynchronousQueue<>(),
            task -> {
              var thread = new Thread(task, threadName);
              thread.setDaemon(true);
              return thread;
            });
  }

  /** Does something once. */
  @FunctionalInterface
  interface Try<T> {
    /**
     * Does it.
     *
     * @param attempt the number of this try, from 1
     */
    T run(int attempt) throws IOException;
  }

  /** Tries that failed and were followed by another. */
  long retries() {
    return retries.get();
  }

  /** The longest that one thing can take, with all its tries. */
  Duration longest() {
    return policy.longest();
  }

  /**
   * Tries something in the calling thread until it succeeds, or trying again cannot help, or there
   * were as many attempts, or there was as much time, as there may be.
   *
   * @param what what is done, for messages, such as {@code "get a from b"}
   * @throws GaveUpException if no try is left; that of a repetition within is not tried again, nor
   *     is a {@link StartOverException}
   */
  <T> T repeat(String what, Cancellation cancellation, Try<T> once) throws IOException {
    return repeat(what, System.nanoTime(), cancellation, once);
  }

  /**
   * As above, as a part of something that began at some {@link System#nanoTime} and has the
   * deadline.
   */
  <T> T repeat(String what, long begun, Cancellation cancellation, Try<T> once) throws IOException {
    int counted = 0;
    for (int attempt = 1; ; attempt++) {
      try {
        return once.run(attempt);
      } catch (NoSuchFileException
          | AccessDeniedException
          | RefusedException
          | CancelledException
          | StartOverException
          | GaveUpException e) {
        throw e;
      } catch (IOException e) {
        Duration wait;
        boolean timed;
        if (e instanceof RetryLaterException busy) {
          wait = policy.delay(attempt, busy);
          timed = true;
        } else {
          counted++;
          wait = policy.delay(attempt);
          timed = policy.deadline().isPresent();
        }
        boolean late =
            timed && System.nanoTime() - begun + wait.toNanos() > policy.lastStart().toNanos();
        if (counted >= policy.attempts() || late) {
          throw new GaveUpException(
              "cannot "
                  + what
                  + " in "
                  + attempt
                  + " attempts"
                  + (late
                      ? " and "
                          + policy.lastStart().toMillis() / 1000.0
                          + " s, after which none begins"
                      : "")
                  + ": "
                  + e.getMessage(),
              e);
        }
        log.warn(
            "cannot {}: attempt {} of {} failed: {}",
            what,
            attempt,
            Math.max(attempt, policy.attempts()),
            e.toString());
        retries.incrementAndGet();
        pause(wait, policy.delay(attempt), cancellation);
      }
    }
  }

  /** Trying again has not helped. */
  static final class GaveUpException extends IOException {
    private static final long serialVersionUID = 1L;

    GaveUpException(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** What has come so far cannot be gone on with. */
  static final class StartOverException extends IOException {
    private static final long serialVersionUID = 1L;

    StartOverException(String message) {
      super(message);
    }
  }

  /**
   * Starts work that goes on beside the caller, and may use the other methods here.
   *
   * @throws CancelledException if this is closed
   */
  CompletableFuture<Void> start(Callable<?> work) throws IOException {
    var result = new CompletableFuture<Void>();
    try {
      threads.execute(
          () -> {
            try {
              work.call();
              result.complete(null);
            } catch (Throwable e) {
              result.completeExceptionally(e);
            }
          });
    } catch (RejectedExecutionException e) {
      throw withCause(new CancelledException(), e);
    }
    return result;
  }

  /** Runs work on a thread of its own for as long as a try may take. */
  <T> T within(Cancellation cancellation, Callable<T> work) throws IOException {
    return within(cancellation, () -> {}, work);
  }

  /**
   * Runs work on a thread of its own for as long as a try may take.
   *
   * @param abandon called where the work did not end and its thread is left behind
   * @throws TookTooLongException if it did not end in time
   * @throws CancelledException if it was cancelled, or this is closed
   */
  @SuppressWarnings("try") // The registrations need only be closed.
  <T> T within(Cancellation cancellation, Runnable abandon, Callable<T> work) throws IOException {
    closing.check();
    cancellation.check();
    var result = new CompletableFuture<T>();
    Runnable cancel = () -> result.completeExceptionally(new CancelledException());
    Future<?> running;
    try {
      running =
          threads.submit(
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
      throw withCause(new TookTooLongException(policy.timeout()), e);
    } catch (InterruptedException e) {
      throw Interrupted.asIOException("interrupted while waiting for a store", e);
    } finally {
      if (!ended) {
        abandon.run();
        running.cancel(true);
      }
    }
  }

  static final class TookTooLongException extends IOException {
    private static final long serialVersionUID = 1L;

    TookTooLongException(Duration timeout) {
      super("it took longer than " + timeout.toMillis() / 1000.0 + " s");
    }
  }

  private static <E extends IOException> E withCause(E failure, Exception cause) {
    failure.initCause(cause);
    return failure;
  }

  @SuppressWarnings("try") // The registrations need only be closed.
  private void pause(Duration wait, Duration jitter, Cancellation cancellation) throws IOException {
    long nanos = wait.toNanos() + ThreadLocalRandom.current().nextLong(jitter.toNanos() / 2 + 1);
    var woken = new CompletableFuture<Void>();
    Runnable wake = () -> woken.complete(null);
    try (var one = cancellation.onCancel(wake);
        var two = closing.onCancel(wake)) {
      woken.get(nanos, TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      return;
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    } catch (InterruptedException e) {
      throw Interrupted.asIOException("interrupted before trying again", e);
    }
    throw new CancelledException();
  }

  /** Ends all that is under way, and refuses more. */
  void cancelAll() {
    closing.cancel();
  }

  /** Cancels all, and leaves the threads behind. */
  @Override
  public void close() {
    cancelAll();
    threads.shutdownNow();
  }
}
