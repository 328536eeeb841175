package io.javatorch.conversion.schema;

import java.util.Locale;

/**
 * What becomes of a null in a column that cannot hold one. MDS has no null of its own; columns of
 * the encoding {@code json} hold one under every policy.
 */
public enum NullPolicy {
  /** The conversion fails, with the column and the row in the message. The default. */
  FAIL,

  /** The row is left out and counted. */
  DROP,

  /**
   * The type's zero is written: 0, false, empty text, no bytes, the epoch; for a null within an
   * array of numbers 0, also where they are floating-point numbers. Types without a zero (an array
   * whose shape is not given, an image) fail as with {@link #FAIL}.
   */
  ZERO,

  /**
   * Columns that may have nulls become {@code json}, in which nothing is lost. A column whose
   * encoding was chosen keeps it, and a null in it fails as with {@link #FAIL}.
   */
  JSON;

  /**
   * Finds a policy by its name, in any case.
   *
   * @throws IllegalArgumentException if there is none; the message names all
   */
  public static NullPolicy parse(String name) {
    for (var policy : values()) {
      if (policy.name().equalsIgnoreCase(name)) {
        return policy;
      }
    }
    throw new IllegalArgumentException(
        "there is no null policy '" + name + "': use fail, drop, zero or json");
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
