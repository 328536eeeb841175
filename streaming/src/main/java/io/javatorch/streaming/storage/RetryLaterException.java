package io.javatorch.streaming.storage;

import java.io.IOException;
import java.time.Duration;
import java.util.Objects;

/** A store is busy and has said how long to leave it alone. */
public final class RetryLaterException extends IOException {
  private static final long serialVersionUID = 1L;

  private final Duration wait;

  /**
   * Made by an implementation of a store.
   *
   * @param message what the store said
   * @param wait how long to wait; at least zero
   */
  public RetryLaterException(String message, Duration wait) {
    super(message);
    this.wait = Objects.requireNonNull(wait, "wait");
    if (wait.isNegative()) {
      throw new IllegalArgumentException("a wait cannot be negative, got " + wait);
    }
  }

  /** How long to wait before the next try. */
  public Duration waiting() {
    return wait;
  }
}
