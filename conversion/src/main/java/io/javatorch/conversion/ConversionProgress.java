package io.javatorch.conversion;

import io.javatorch.conversion.progress.StageFigures;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;

/**
 * How far a conversion is. On a cluster the figures grow while partitions are written, as the
 * executors' heartbeats tell of them; in Spark's local mode they grow by whole partitions.
 *
 * @param partitionsDone partitions that are written
 * @param partitions all partitions
 * @param rows rows written
 * @param bytes bytes of shards written so far, as they are stored
 * @param elapsed since writing started
 */
public record ConversionProgress(
    int partitionsDone, int partitions, long rows, long bytes, Duration elapsed) {

  /** As seen by the listener of the stage. */
  public static ConversionProgress of(StageFigures figures) {
    return new ConversionProgress(
        figures.partitionsDone(),
        figures.partitions(),
        figures.rows(),
        figures.bytes(),
        figures.elapsed());
  }

  /** Rows written in a second, on average since the start; 0 before any time has passed. */
  public double rowsPerSecond() {
    return perSecond(rows, elapsed);
  }

  /** Bytes written in a second, on average since the start; 0 before any time has passed. */
  public double bytesPerSecond() {
    return perSecond(bytes, elapsed);
  }

  static double perSecond(long amount, Duration elapsed) {
    return elapsed.isZero() ? 0 : amount / (elapsed.toNanos() / 1e9);
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
        "%,d rows in %d of %d partitions, %,.0f rows/s, %s, %s/s, %s",
        rows,
        partitionsDone,
        partitions,
        rowsPerSecond(),
        size(bytes),
        size((long) bytesPerSecond()),
        remaining().map(left -> time(left) + " left").orElse("time left not known yet"));
  }

  /** A size for people, such as {@code 1.5 MB}; a MB has a million bytes. */
  static String size(long bytes) {
    if (bytes < 1000) {
      return bytes + " B";
    }
    double amount = bytes / 1e3;
    for (var unit : new String[] {"kB", "MB", "GB", "TB"}) {
      if (amount < 999.95) {
        return String.format(Locale.ROOT, "%.1f %s", amount, unit);
      }
      amount /= 1e3;
    }
    return String.format(Locale.ROOT, "%,.1f PB", amount);
  }

  /** A time for people, such as {@code 2 h 05 min}. */
  static String time(Duration time) {
    if (time.compareTo(Duration.ofSeconds(10)) < 0) {
      return String.format(Locale.ROOT, "%.1f s", time.toNanos() / 1e9);
    } else if (time.compareTo(Duration.ofMinutes(2)) < 0) {
      return time.toSeconds() + " s";
    } else if (time.compareTo(Duration.ofHours(2)) < 0) {
      return String.format(Locale.ROOT, "%d min %02d s", time.toMinutes(), time.toSecondsPart());
    }
    return String.format(Locale.ROOT, "%d h %02d min", time.toHours(), time.toMinutesPart());
  }
}
