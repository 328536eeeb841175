package io.javatorch.streaming.format;

import com.fasterxml.jackson.core.io.NumberOutput;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;

/** Floating-point numbers as Python prints them: the fewest digits that read back the same. */
final class PythonFloat {
  private PythonFloat() {}

  /** Python's {@code repr} of a float. */
  static String repr(double value) {
    if (Double.isNaN(value)) {
      return "nan";
    }
    if (Double.isInfinite(value)) {
      return value > 0 ? "inf" : "-inf";
    }
    if (value == 0) {
      return 1 / value > 0 ? "0.0" : "-0.0";
    }
    var shortest = shortest(Math.abs(value));
    var digits = shortest.unscaledValue().toString();
    // The exponent of the first digit, as in scientific notation.
    int exponent = digits.length() - shortest.scale() - 1;
    var out = new StringBuilder(value < 0 ? "-" : "");
    if (exponent >= -4 && exponent < 16) {
      var plain = shortest.toPlainString();
      out.append(plain).append(plain.indexOf('.') < 0 ? ".0" : "");
    } else {
      out.append(digits.charAt(0));
      if (digits.length() > 1) {
        out.append('.').append(digits, 1, digits.length());
      }
      out.append(exponent < 0 ? "e-" : "e+")
          .append(Math.abs(exponent) < 10 ? "0" : "")
          .append(Math.abs(exponent));
    }
    return out.toString();
  }

  private static BigDecimal shortest(double value) {
    // Double.toString gives too many digits before JDK 19; Jackson's gives at least two.
    var decimal = new BigDecimal(NumberOutput.toString(value, true)).stripTrailingZeros();
    if (decimal.precision() == 2) {
      var one = new BigDecimal(value).round(new MathContext(1, RoundingMode.HALF_EVEN));
      if (one.doubleValue() == value) {
        return one.stripTrailingZeros();
      }
    }
    return decimal;
  }
}
