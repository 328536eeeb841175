package io.javatorch.streaming.format;

import java.math.BigDecimal;
import java.util.List;
import java.util.Locale;

/** Sizes as people write them: {@code 67108864}, {@code 512b}, {@code 100kb}, {@code 1.5gb}. */
public final class SizeLimit {
  private static final List<String> UNITS = List.of("kb", "mb", "gb", "tb", "pb");

  private SizeLimit() {}

  /**
   * Returns the size in bytes; a kb has 1024.
   *
   * @throws IllegalArgumentException if the text is no size
   */
  public static long parse(String text) {
    var size = text.strip().toLowerCase(Locale.ROOT);
    try {
      for (int i = 0; i < UNITS.size(); i++) {
        if (size.endsWith(UNITS.get(i))) {
          var number = new BigDecimal(size.substring(0, size.length() - 2).strip());
          var bytes = number.multiply(BigDecimal.valueOf(1L << (10 * (i + 1))));
          return bytes.toBigInteger().longValueExact();
        }
      }
      return Long.parseLong(size.endsWith("b") ? size.substring(0, size.length() - 1) : size);
    } catch (ArithmeticException | NumberFormatException e) {
      throw new IllegalArgumentException(
          "'" + text + "' is no size; write for example 67108864, 512b, 100kb, 64mb or 1.5gb", e);
    }
  }
}
