package io.javatorch.streaming.tool;

import java.io.PrintWriter;
import java.util.Locale;
import java.util.function.LongFunction;

/** One line that says how far long work is, how fast it goes and when it ends. */
final class ProgressLine {
  private static final long INTERVAL_NANOS = 500_000_000;

  private final PrintWriter out;
  private final boolean shown;
  private final long total;
  private final LongFunction<String> unit;
  private final long start = System.nanoTime();
  private long next = start;

  /**
   * Starts at nothing.
   *
   * @param shown whether to show anything
   * @param total how much there is to do
   * @param unit an amount of it as text
   */
  ProgressLine(PrintWriter out, boolean shown, long total, LongFunction<String> unit) {
    this.out = out;
    this.shown = shown;
    this.total = total;
    this.unit = unit;
  }

  /** Says that so much is done, unless it has just said something. */
  void update(long done) {
    if (shown && System.nanoTime() - next >= 0) {
      next = System.nanoTime() + INTERVAL_NANOS;
      out.print("\r" + text(done, (System.nanoTime() - start) / 1e9, true) + "\u001b[K");
      out.flush();
    }
  }

  /** Says that all is done and ends the line. */
  void finish() {
    if (shown) {
      out.print("\r" + text(total, (System.nanoTime() - start) / 1e9, false) + "\u001b[K\n");
      out.flush();
    }
  }

  private String text(long done, double seconds, boolean ending) {
    double perSecond = done / Math.max(seconds, 1e-9);
    return String.format(
        Locale.ROOT,
        "%s of %s (%.1f %%), %s/s, %s",
        unit.apply(done),
        unit.apply(total),
        total == 0 ? 100 : 100.0 * done / total,
        unit.apply((long) perSecond),
        !ending
            ? duration(seconds) + " in all"
            : done == 0 ? "…" : duration((total - done) / perSecond) + " left");
  }

  private static String duration(double seconds) {
    long whole = Math.round(seconds);
    return whole < 60
        ? String.format(Locale.ROOT, "%.1f s", seconds)
        : String.format(Locale.ROOT, "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60);
  }
}
