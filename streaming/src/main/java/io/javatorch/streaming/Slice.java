package io.javatorch.streaming;

import java.util.OptionalLong;

/**
 * A range of sample ids as Python and NumPy write it, {@code start:stop:step}: numbers below 0
 * count from the end, what is left out means from the one end or to the other, what lies beyond an
 * end is cut off. Immutable.
 *
 * @param start first id; empty for the first one there is in the direction of the step
 * @param stop the id before which to end; empty for the last one there is
 * @param step distance of one id to the next, not 0; below 0 to go down
 */
public record Slice(OptionalLong start, OptionalLong stop, long step) {
  /**
   * Checks the step.
   *
   * @throws IllegalArgumentException if it is 0
   */
  public Slice {
    if (step == 0) {
      throw new IllegalArgumentException("a slice's step cannot be 0");
    }
  }

  /** {@code start:stop}. */
  public static Slice of(long start, long stop) {
    return of(start, stop, 1);
  }

  /** {@code start:stop:step}. */
  public static Slice of(long start, long stop, long step) {
    return new Slice(OptionalLong.of(start), OptionalLong.of(stop), step);
  }

  /**
   * Reads Python's notation, such as {@code "10:"}, {@code ":-5"} or {@code "::2"}.
   *
   * @throws IllegalArgumentException if it is not of that form
   */
  public static Slice parse(String text) {
    String[] parts = text.split(":", -1);
    if (parts.length < 2 || parts.length > 3) {
      throw new IllegalArgumentException("not a slice like 2:10 or ::3: " + text);
    }
    return new Slice(
        number(parts[0], text),
        number(parts[1], text),
        parts.length == 2 ? 1 : number(parts[2], text).orElse(1));
  }

  private static OptionalLong number(String part, String text) {
    String digits = part.strip();
    if (digits.isEmpty()) {
      return OptionalLong.empty();
    }
    try {
      return OptionalLong.of(Long.parseLong(digits));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("not a slice like 2:10 or ::3: " + text, e);
    }
  }

  /**
   * The ids that it means among {@code size} samples.
   *
   * @throws IllegalArgumentException if there are more than an array holds
   */
  public long[] ids(long size) {
    long least = step > 0 ? 0 : -1;
    long most = step > 0 ? size : size - 1;
    long from = start.isEmpty() ? (step > 0 ? least : most) : bound(start.getAsLong(), size, least);
    long to = stop.isEmpty() ? (step > 0 ? most : least) : bound(stop.getAsLong(), size, least);
    from = Math.min(from, most);
    to = Math.min(to, most);
    long distance = step > 0 ? to - from : from - to;
    // Of the step's size without overflow: no data set has 2^63 samples.
    long pace = step == Long.MIN_VALUE ? Long.MAX_VALUE : Math.abs(step);
    long count = distance <= 0 ? 0 : (distance - 1) / pace + 1;
    if (count > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(
          "a slice of " + count + " samples is too large: take it in parts");
    }
    long[] ids = new long[(int) count];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = from + i * step;
    }
    return ids;
  }

  private static long bound(long value, long size, long least) {
    return Math.max(value < 0 ? value + size : value, least);
  }
}
