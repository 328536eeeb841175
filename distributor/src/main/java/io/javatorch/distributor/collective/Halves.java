package io.javatorch.distributor.collective;

/** Conversion of 16-bit floating-point formats, which JDK 17 does not have. */
final class Halves {
  private static final int INFINITY = 0x7f800000;

  private Halves() {}

  /** The value of an IEEE 754 half. Exact. */
  static float toFloat(short half) {
    int sign = (half & 0x8000) << 16;
    int rest = half & 0x7fff;
    if (rest >= 0x7c00) {
      return Float.intBitsToFloat(sign | INFINITY | (rest & 0x3ff) << 13);
    }
    // Shifted into place the exponent is 112 too small; the product is exact, subnormals included.
    float magnitude = Float.intBitsToFloat(rest << 13) * 0x1p112f;
    return Float.intBitsToFloat(sign | Float.floatToRawIntBits(magnitude));
  }

  /** The half nearest to a value, ties to even; too large values become infinite. */
  static short fromFloat(float value) {
    int bits = Float.floatToRawIntBits(value);
    int sign = (bits >>> 16) & 0x8000;
    int rest = bits & 0x7fffffff;
    int half;
    if (rest > INFINITY) {
      half = 0x7e00 | (rest >>> 13 & 0x3ff);
    } else if (rest >= 0x477ff000) {
      // From half a unit above the largest finite half.
      half = 0x7c00;
    } else if (rest < 0x38800000) {
      // Subnormal: a multiple of 2^-24.
      half = (int) Math.rint(Float.intBitsToFloat(rest) * 0x1p24f);
    } else {
      half = (rest + 0xfff + (rest >>> 13 & 1) - 0x38000000) >>> 13;
    }
    return (short) (sign | half);
  }

  /** The value of a bfloat16. Exact. */
  static float brainToFloat(short bits) {
    return Float.intBitsToFloat(bits << 16);
  }

  /** The bfloat16 nearest to a value, ties to even. */
  static short brainFromFloat(float value) {
    int bits = Float.floatToRawIntBits(value);
    if ((bits & 0x7fffffff) > INFINITY) {
      return (short) (bits >>> 16 | 0x40);
    }
    return (short) ((bits + 0x7fff + (bits >>> 16 & 1)) >>> 16);
  }
}
