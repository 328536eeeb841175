package io.javatorch.streaming.format;

import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;
import java.util.function.Consumer;
import org.slf4j.Logger;

/**
 * Hears how far a writer is: after each shard, while the writer waits for uploads, and at the end.
 * Called in the thread that writes, which waits for it.
 */
@FunctionalInterface
public interface WriteProgress {
  /**
   * Hears how far the writer is. A {@link RuntimeException} that this throws does not end the
   * writer; the first one is logged.
   */
  void update(Snapshot now);

  /**
   * How far a writer is.
   *
   * @param shards shards that were written
   * @param samples the samples in them
   * @param rawBytes the size of the shards before compression
   * @param storedBytes their size as they are stored
   * @param uploadedFiles files that are in the remote directory; 0 without one
   * @param uploadedBytes the size of those files
   * @param elapsed time since the writer was opened
   * @param finished whether the data set is published
   */
  record Snapshot(
      int shards,
      long samples,
      long rawBytes,
      long storedBytes,
      long uploadedFiles,
      long uploadedBytes,
      Duration elapsed,
      boolean finished) {
    /** Samples written in a second, on average. */
    public double samplesPerSecond() {
      return perSecond(samples);
    }

    /** Raw bytes written in a second, on average. */
    public double bytesPerSecond() {
      return perSecond(rawBytes);
    }

    private double perSecond(long count) {
      return elapsed.isZero() ? 0 : count / (elapsed.toNanos() / 1e9);
    }

    /** One line of text. */
    @Override
    public String toString() {
      var uploads =
          uploadedFiles == 0
              ? ""
              : String.format(
                  Locale.ROOT,
                  ", %,d files (%,.1f MB) uploaded",
                  uploadedFiles,
                  uploadedBytes / 1e6);
      return String.format(
          Locale.ROOT,
          "%,d shards, %,d samples, %,.1f MB (%,.1f MB stored)%s in %.1f s: %,.0f samples/s,"
              + " %,.1f MB/s",
          shards,
          samples,
          rawBytes / 1e6,
          storedBytes / 1e6,
          uploads,
          elapsed.toNanos() / 1e9,
          samplesPerSecond(),
          bytesPerSecond() / 1e6);
    }
  }

  /** Prints one line, which is written over about each second and ended when all is done. */
  static WriteProgress printing(PrintStream out) {
    var line =
        atMostEach(
            Duration.ofSeconds(1),
            now -> {
              // To the end of the line is cleared: the next text may be shorter.
              out.print("\r" + now + "\u001b[K" + (now.finished() ? "\n" : ""));
              out.flush();
            });
    return line;
  }

  /** Logs a line at level INFO each ten seconds, and at the end. */
  static WriteProgress logging(Logger logger) {
    return atMostEach(Duration.ofSeconds(10), now -> logger.info("{}", now));
  }

  private static WriteProgress atMostEach(Duration interval, Consumer<Snapshot> sink) {
    return new WriteProgress() {
      private Duration last = Duration.ZERO;

      @Override
      public void update(Snapshot now) {
        if (now.finished() || now.elapsed().minus(last).compareTo(interval) >= 0) {
          last = now.elapsed();
          sink.accept(now);
        }
      }
    };
  }
}
