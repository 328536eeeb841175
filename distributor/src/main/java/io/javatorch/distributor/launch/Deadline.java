package io.javatorch.distributor.launch;

import io.javatorch.distributor.TrainingFailedException;
import java.time.Duration;
import java.util.Optional;

/** When a job has to have ended, counted from when this was made. */
final class Deadline {
  private final Optional<Duration> timeout;
  private final long startNanos = System.nanoTime();

  /**
   * @param timeout empty where the job may take as long as it likes
   */
  Deadline(Optional<Duration> timeout) {
    this.timeout = timeout;
  }

  /** What is left; 0 or less when the time is over. */
  long leftNanos() {
    return timeout
        .map(time -> time.toNanos() - (System.nanoTime() - startNanos))
        .orElse(Long.MAX_VALUE);
  }

  /** A time, or what is left if that is less. */
  Duration atMost(Duration time) {
    long left = Math.max(0, leftNanos());
    return left < time.toNanos() ? Duration.ofNanos(left) : time;
  }

  /** The failure of a job that has no time left. */
  TrainingFailedException passed() {
    return new TrainingFailedException(
        "Training did not end within its timeout of " + timeout.orElseThrow(), null);
  }
}
