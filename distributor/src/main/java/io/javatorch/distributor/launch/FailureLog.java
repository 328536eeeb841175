package io.javatorch.distributor.launch;

import io.javatorch.distributor.TrainingFailedException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * The failures of a job's ranks as they come in, and which of them to tell the user. When one rank
 * fails the others fail too, because it is gone, and may say so first.
 */
final class FailureLog {
  /** How long the rank that is to blame may take to say so after another has noticed. */
  static final Duration CAUSE_GRACE = Duration.ofSeconds(5);

  private final List<RankFailure> failures = new ArrayList<>();

  synchronized void add(RankFailure failure) {
    failures.add(failure);
    notifyAll();
  }

  /** Waits until a rank has failed. */
  synchronized void awaitFailure() throws InterruptedException {
    while (failures.isEmpty()) {
      wait();
    }
  }

  /** Waits for a failure that is not a mere consequence of another; false when time runs out. */
  synchronized boolean awaitCause(Duration time) throws InterruptedException {
    long deadline = System.nanoTime() + time.toNanos();
    while (failures.stream().allMatch(RankFailure::isConsequence)) {
      long left = deadline - System.nanoTime();
      if (left <= 0) {
        return false;
      }
      TimeUnit.NANOSECONDS.timedWait(this, left);
    }
    return true;
  }

  /** The first failure that is no consequence of another, else the first of all. */
  synchronized Optional<RankFailure> cause() {
    return failures.stream()
        .filter(failure -> !failure.isConsequence())
        .findFirst()
        .or(() -> failures.stream().findFirst());
  }

  /** The exception for the user, if a rank has failed. */
  Optional<TrainingFailedException> toException(RankLogs logs) {
    return cause()
        .map(
            failure -> {
              var lines = logs.lastLines(failure.rank());
              return new TrainingFailedException(
                  "Training failed: "
                      + failure.describe()
                      + (lines.isEmpty()
                          ? "\nIt printed nothing."
                          : "\nIts last lines:\n  " + String.join("\n  ", lines)),
                  failure.reportedError().map(ErrorReport::toRankError).orElse(null),
                  failure.rank(),
                  lines);
            });
  }
}
