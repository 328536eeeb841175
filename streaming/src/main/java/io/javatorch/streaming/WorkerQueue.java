package io.javatorch.streaming;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A bounded queue from one worker to the loader's user. Unlike the JDK's it can be closed from
 * either end, so that no thread has to be interrupted: an interrupt would close the files that
 * workers read.
 */
final class WorkerQueue<T> {
  private final int capacity;
  private final ArrayDeque<T> items;
  private boolean closed;

  WorkerQueue(int capacity) {
    this.capacity = capacity;
    items = new ArrayDeque<>(capacity);
  }

  /** Waits for room; false if the queue is closed and the item not wanted. */
  synchronized boolean put(T item) {
    boolean interrupted = false;
    while (!closed && items.size() == capacity) {
      try {
        wait();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    if (closed) {
      return false;
    }
    items.add(item);
    notifyAll();
    return true;
  }

  /**
   * Waits for an item; null if the queue is closed.
   *
   * @param timeout the longest to wait; zero for ever
   */
  synchronized T take(Duration timeout) throws InterruptedException, TimeoutException {
    long start = System.nanoTime();
    while (!closed && items.isEmpty()) {
      if (timeout.isZero()) {
        wait();
      } else {
        long left = timeout.toNanos() - (System.nanoTime() - start);
        if (left <= 0) {
          throw new TimeoutException();
        }
        TimeUnit.NANOSECONDS.timedWait(this, left);
      }
    }
    if (closed) {
      return null;
    }
    T item = items.remove();
    notifyAll();
    return item;
  }

  synchronized boolean isClosed() {
    return closed;
  }

  synchronized void close() {
    closed = true;
    items.clear();
    notifyAll();
  }
}
