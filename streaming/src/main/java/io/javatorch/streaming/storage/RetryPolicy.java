package io.javatorch.streaming.storage;

import java.time.Duration;

/**
 * How long and how often to try to get a file.
 *
 * @param attempts tries in all, at least 1
 * @param timeout the longest that one try may take
 * @param firstDelay wait before the second try; doubles from try to try, and up to a half of it is
 *     added at random
 */
public record RetryPolicy(int attempts, Duration timeout, Duration firstDelay) {
  /** The Python library's: two tries of a minute each, about a second apart. */
  public static final RetryPolicy DEFAULT =
      new RetryPolicy(2, Duration.ofSeconds(60), Duration.ofSeconds(1));

  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException if there is no try or no time
   */
  public RetryPolicy {
    if (attempts < 1) {
      throw new IllegalArgumentException("a download needs at least 1 attempt, got " + attempts);
    }
    if (timeout.isNegative() || timeout.isZero() || firstDelay.isNegative()) {
      throw new IllegalArgumentException(
          "a download needs a positive timeout, got " + timeout + " and a delay of " + firstDelay);
    }
  }
}
