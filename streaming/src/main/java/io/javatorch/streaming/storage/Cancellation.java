package io.javatorch.streaming.storage;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Tells those who bring files that nobody wants them any more. An interrupt would not do: it closes
 * files that other threads read. Thread-safe.
 */
public final class Cancellation {
  private final Set<Runnable> listeners = new LinkedHashSet<>();
  private volatile boolean cancelled;

  /** Whether {@link #cancel} has been called. */
  public boolean isCancelled() {
    return cancelled;
  }

  /** Ends what goes on under this, and all that begins later. */
  public void cancel() {
    List<Runnable> called;
    synchronized (listeners) {
      cancelled = true;
      called = List.copyOf(listeners);
      listeners.clear();
    }
    called.forEach(Runnable::run);
  }

  /**
   * Checks that there was no {@link #cancel}.
   *
   * @throws CancelledException if there was
   */
  public void check() throws CancelledException {
    if (cancelled) {
      throw new CancelledException();
    }
  }

  /** What lasts until it is closed. */
  public interface Registration extends AutoCloseable {
    @Override
    void close();
  }

  /** Calls the listener, at once if it is too late, until the registration is closed. */
  public Registration onCancel(Runnable listener) {
    boolean late;
    synchronized (listeners) {
      late = cancelled;
      if (!late) {
        listeners.add(listener);
      }
    }
    if (late) {
      listener.run();
    }
    return () -> {
      synchronized (listeners) {
        listeners.remove(listener);
      }
    };
  }
}
