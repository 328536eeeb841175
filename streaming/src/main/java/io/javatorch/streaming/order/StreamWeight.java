package io.javatorch.streaming.order;

/** How much of a stream an epoch draws. Proportions do not mix with the other kinds. */
public sealed interface StreamWeight {
  /** Each of its samples once. */
  StreamWeight WHOLE = new Whole();

  /** Each sample once, or in proportion to the stream's size where an epoch size is set. */
  record Whole() implements StreamWeight {}

  /**
   * A share of the epoch, relative to the other streams' proportions.
   *
   * @param value not negative
   */
  record Proportion(double value) implements StreamWeight {
    /**
     * Checks the value.
     *
     * @throws IllegalArgumentException if it is negative or not finite
     */
    public Proportion {
      check("proportion", value);
    }
  }

  /**
   * A number of times that the stream is drawn whole; a fraction draws a part once more.
   *
   * @param value not negative
   */
  record Repeat(double value) implements StreamWeight {
    /**
     * Checks the value.
     *
     * @throws IllegalArgumentException if it is negative or not finite
     */
    public Repeat {
      check("repeat", value);
    }
  }

  /**
   * A number of samples.
   *
   * @param samples not negative
   */
  record Choose(long samples) implements StreamWeight {
    /**
     * Checks the value.
     *
     * @throws IllegalArgumentException if it is negative
     */
    public Choose {
      check("choose", (double) samples);
    }
  }

  private static void check(String name, double value) {
    if (!(value >= 0) || Double.isInfinite(value)) {
      throw new IllegalArgumentException(name + " must be a number from 0 on, got " + value);
    }
  }
}
