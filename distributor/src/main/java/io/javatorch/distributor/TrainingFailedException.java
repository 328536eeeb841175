package io.javatorch.distributor;

import java.util.List;
import java.util.OptionalInt;

/**
 * A training job failed. The message says which rank failed first, on which host and how, and ends
 * with that rank's last log lines; the cause is that rank's exception as a {@link RankError} where
 * it threw one.
 */
public final class TrainingFailedException extends RuntimeException {
  /** Stands for a failure that no single rank caused. */
  private static final int NO_RANK = -1;

  private final int rank;
  private final List<String> lastLogLines;

  /** A failure that no single rank caused, such as too few slots or a timeout. */
  public TrainingFailedException(String message, Throwable cause) {
    super(message, cause);
    this.rank = NO_RANK;
    this.lastLogLines = List.of();
  }

  /** A failure caused by one rank. */
  public TrainingFailedException(
      String message, Throwable cause, int rank, List<String> lastLogLines) {
    super(message, cause);
    this.rank = rank;
    this.lastLogLines = List.copyOf(lastLogLines);
  }

  /** The rank that failed first; empty where no single rank is to blame. */
  public OptionalInt rank() {
    return rank == NO_RANK ? OptionalInt.empty() : OptionalInt.of(rank);
  }

  /** Up to 100 lines that the rank printed last, oldest first. */
  public List<String> lastLogLines() {
    return lastLogLines;
  }
}
