package io.javatorch.streaming.storage;

import java.time.Duration;
import java.util.Objects;
import java.util.Optional;

/**
 * How long and how often to try to get a file.
 *
 * <p>A store that says that it is busy is left alone for as long as it asks for and at least for
 * the wait between two tries, but no longer than one try may take, and the try is not counted:
 * there, time alone is the limit.
 *
 * <p>No time is longer than ten years: one that is given as longer counts as that.
 *
 * @param attempts tries in all, at least 1
 * @param timeout the longest that one try may take
 * @param firstDelay wait before the second try; doubles from try to try, and up to a half of it is
 *     added at random
 * @param deadline no try begins later than this after the first one; if empty, what the attempts
 *     and the waits between them can take, for which a busy store is waited as well
 */
public record RetryPolicy(
    int attempts, Duration timeout, Duration firstDelay, Optional<Duration> deadline) {
  /** As good as for ever, and can be counted in nanoseconds, also several times. */
  private static final Duration LONGEST = Duration.ofDays(3650);

  /** The Python library's: two tries of a minute each, about a second apart. */
  public static final RetryPolicy DEFAULT =
      new RetryPolicy(2, Duration.ofSeconds(60), Duration.ofSeconds(1));

  /** No wait doubles more often. */
  private static final int MOST_DOUBLINGS = 10;

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
    Objects.requireNonNull(deadline, "deadline");
    if (deadline.isPresent() && deadline.get().isNegative()) {
      throw new IllegalArgumentException("a deadline cannot be negative, got " + deadline.get());
    }
    timeout = atMost(LONGEST, timeout);
    firstDelay = atMost(LONGEST, firstDelay);
    deadline = deadline.map(value -> atMost(LONGEST, value));
  }

  /** A policy whose attempts are its only limit. */
  public RetryPolicy(int attempts, Duration timeout, Duration firstDelay) {
    this(attempts, timeout, firstDelay, Optional.empty());
  }

  /** This policy with a deadline: no try begins later than this after the first one. */
  public RetryPolicy withDeadline(Duration value) {
    return new RetryPolicy(attempts, timeout, firstDelay, Optional.of(value));
  }

  /** The longest that all tries can take. */
  Duration longest() {
    return lastStart().plus(timeout);
  }

  /** When the last try begins at the latest, from the first one on. */
  Duration lastStart() {
    if (deadline.isPresent()) {
      return deadline.get();
    }
    int waits = attempts - 1;
    Duration latest = timeout.multipliedBy(waits);
    int doubling = Math.min(waits, MOST_DOUBLINGS);
    for (int attempt = 1; attempt <= doubling; attempt++) {
      latest = latest.plus(delay(attempt).multipliedBy(2));
    }
    return atMost(LONGEST, latest.plus(delay(attempts).multipliedBy(2L * (waits - doubling))));
  }

  /** The wait after some try, counted from 1, without what is added at random. */
  Duration delay(int attempt) {
    return atMost(LONGEST, firstDelay.multipliedBy(1L << Math.min(attempt - 1, MOST_DOUBLINGS)));
  }

  /** How long to leave a store alone that asks for it. */
  Duration delay(int attempt, RetryLaterException request) {
    Duration asked = request.waiting();
    Duration own = delay(attempt);
    return atMost(timeout, asked.compareTo(own) > 0 ? asked : own);
  }

  private static Duration atMost(Duration most, Duration value) {
    return value.compareTo(most) > 0 ? most : value;
  }
}
