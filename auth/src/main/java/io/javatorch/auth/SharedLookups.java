package io.javatorch.auth;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ExecutionException;

/**
 * Looks one thing up once for all threads that ask for it meanwhile: they share its outcome, also
 * where that is a failure, rather than each wait for a dead host in its turn. Nothing is kept once
 * a look-up is over. Thread-safe.
 *
 * @param <K> what tells different look-ups apart, by {@code equals}
 */
final class SharedLookups<K> {
  /** A look-up, which may take long. */
  @FunctionalInterface
  interface Lookup {
    WorkerCredentials get() throws IOException;
  }

  private final ConcurrentMap<K, CompletableFuture<WorkerCredentials>> underWay =
      new ConcurrentHashMap<>();

  WorkerCredentials get(K key, Lookup lookup) throws IOException {
    var mine = new CompletableFuture<WorkerCredentials>();
    var others = underWay.putIfAbsent(key, mine);
    if (others != null) {
      return await(others);
    }
    try {
      var found = lookup.get();
      mine.complete(found);
      return found;
    } catch (IOException | RuntimeException | Error e) {
      mine.completeExceptionally(e);
      throw e;
    } finally {
      underWay.remove(key);
    }
  }

  private static WorkerCredentials await(CompletableFuture<WorkerCredentials> outcome)
      throws IOException {
    try {
      return outcome.get();
    } catch (ExecutionException e) {
      // Not the same exception: it has another thread's stack, and where that one was interrupted
      // this one was not.
      var cause = e.getCause();
      if (cause instanceof DatabricksAuthException) {
        throw new DatabricksAuthException(cause.getMessage(), cause);
      }
      if (cause instanceof IOException) {
        throw new IOException(cause.getMessage(), cause);
      }
      throw new IllegalStateException(cause.getMessage(), cause);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      var interrupted = new InterruptedIOException("interrupted while credentials were looked up");
      interrupted.initCause(e);
      throw interrupted;
    }
  }
}
