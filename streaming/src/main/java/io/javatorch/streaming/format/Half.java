package io.javatorch.streaming.format;

/** IEEE 754 half precision, as NumPy's {@code float16} converts to and from it. */
public final class Half {
  private Half() {}

  /** Widens; exact for every bit pattern but the payload of a NaN. */
  public static float toFloat(short half) {
    int sign = (half & 0x8000) << 16;
    int exponent = (half >> 10) & 0x1f;
    int fraction = half & 0x3ff;
    if (exponent == 0x1f) {
      return Float.intBitsToFloat(sign | 0x7f800000 | (fraction << 13));
    }
    if (exponent == 0) {
      // Subnormal: a multiple of 2^-24, exact in a float.
      float value = fraction * 0x1p-24f;
      return sign == 0 ? value : -value;
    }
    return Float.intBitsToFloat(sign | ((exponent + (127 - 15)) << 23) | (fraction << 13));
  }

  /** Rounds to the nearest, ties to even, in one step; too large becomes infinite. */
  public static int fromDouble(double value) {
    int sign = (int) (Double.doubleToRawLongBits(value) >>> 48) & 0x8000;
    if (Double.isNaN(value)) {
      return sign | 0x7e00;
    }
    double magnitude = Math.abs(value);
    if (magnitude >= 65520) {
      return sign | 0x7c00;
    }
    // The spacing of halves around the value: 2^-24 for subnormals, else 2^(exponent-10).
    int exponent = Math.max(Math.getExponent(magnitude), -14);
    // Scaling by a power of two is exact, and rint rounds ties to even.
    int multiple = (int) Math.rint(Math.scalb(magnitude, 10 - exponent));
    // A normal multiple has bit 10 set, which adds 1 to the exponent field; so does a carry.
    return sign | (((exponent + 14) << 10) + multiple);
  }
}
