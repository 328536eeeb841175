package io.javatorch.streaming;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Locale;
import java.util.Map;

/** Numbers as the Python library lets people write them. */
final class HumanNumbers {
  private static final Map<String, Long> BYTES =
      Map.of(
          "kb", 1L << 10, "mb", 1L << 20, "gb", 1L << 30, "tb", 1L << 40, "pb", 1L << 50, "eb",
          1L << 60, "b", 1L, "", 1L);
  private static final Map<String, Long> COUNTS =
      Map.of("k", 1_000L, "m", 1_000_000L, "b", 1_000_000_000L, "t", 1_000_000_000_000L, "", 1L);

  private HumanNumbers() {}

  /** {@code 100b}, {@code 64kb}, {@code 1.5GB}, {@code 1234}: powers of 1024. */
  static long bytes(String what, String text) {
    return parse(what, text, BYTES, "1234, 100b, 64kb, 77mb, 1.5gb, 2tb, pb or eb");
  }

  /** {@code 100k}, {@code 1.5M}, {@code 77b}, {@code 2t}, {@code 1234}: powers of 1000. */
  static long count(String what, String text) {
    return parse(what, text, COUNTS, "1234, 100k, 64m, 77b or 2t");
  }

  private static long parse(String what, String text, Map<String, Long> units, String examples) {
    String given = text.strip().toLowerCase(Locale.ROOT);
    int end = given.length();
    while (end > 0 && Character.isLetter(given.charAt(end - 1))) {
      end--;
    }
    Long unit = units.get(given.substring(end));
    String number = given.substring(0, end).strip();
    // Only of a unit can there be a part.
    String suffix = given.substring(end);
    boolean whole = suffix.isEmpty() || (suffix.equals("b") && units == BYTES);
    if (unit == null || !number.matches(whole ? "[0-9]+" : "[0-9]+([.][0-9]*)?|[.][0-9]+")) {
      throw new IllegalArgumentException(
          what + " is \"" + text + "\", which is not of the form " + examples);
    }
    BigDecimal value = new BigDecimal(number).multiply(BigDecimal.valueOf(unit));
    if (value.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) > 0) {
      throw new IllegalArgumentException(what + " is \"" + text + "\", more than 2^63 - 1");
    }
    return value.setScale(0, RoundingMode.DOWN).longValueExact();
  }
}
