package io.javatorch.conversion;

import java.time.Duration;
import java.util.Locale;
import java.util.Optional;

/**
 * How far a conversion is. Spark reports rows to the driver when a task ends, so the figures grow
 * by whole partitions.
 *
 * @param partitionsDone partitions that are written
 * @param partitions all partitions
 * @param rows rows in the partitions that are written
 * @param elapsed since the Spark job started
 */
public record ConversionProgress(int partitionsDone, int partitions, long rows, Duration elapsed) {

  /** Rows written in a second, on average since the start; 0 before any time has passed. */
  public double rowsPerSecond() {
    return elapsed.isZero() ? 0 : rows / (elapsed.toNanos() / 1e9);
  }

  /** How long the rest takes if partitions go on as they did; empty before the first is done. */
  public Optional<Duration> remaining() {
    if (partitionsDone == 0) {
      return Optional.empty();
    }
    return Optional.of(
        Duration.ofNanos(
            (long) ((double) elapsed.toNanos() / partitionsDone * (partitions - partitionsDone))));
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "%,d rows in %d of %d partitions, %,.0f rows/s, %s",
        rows,
        partitionsDone,
        partitions,
        rowsPerSecond(),
        remaining().map(left -> left.toSeconds() + " s left").orElse("time left not known yet"));
  }
}
