package io.javatorch.conversion.value;

import io.javatorch.streaming.format.Sample;

/**
 * Reads the values of one column. Its kind says which of the three forms it has; the others are not
 * to be asked for. Immutable and safe for use by many threads.
 */
sealed interface ValueReader {
  /** Booleans (0 or 1), integers, dates, times and intervals. */
  non-sealed interface OfLong extends ValueReader {
    long get(Sample sample, int column);
  }

  /** Floating-point numbers. */
  non-sealed interface OfDouble extends ValueReader {
    double get(Sample sample, int column);
  }

  /** Everything else, and everything that may be null, in Spark's own form. */
  non-sealed interface OfObject extends ValueReader {
    Object get(Sample sample, int column);
  }
}
