package io.javatorch.distributor.collective;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

class HalvesTest {

  @Test
  void knownHalves() {
    // Value, bits: from the definition of the format.
    float[] values = {0, -0f, 1, -2, 65504, 0x1p-14f, 0x1p-24f, 0x1.ff8p-15f, 1f / 3};
    int[] bits = {0, 0x8000, 0x3c00, 0xc000, 0x7bff, 0x0400, 1, 0x03ff, 0x3555};
    for (int i = 0; i < values.length; i++) {
      assertThat(Halves.fromFloat(values[i])).isEqualTo((short) bits[i]);
    }
    assertThat(Halves.fromFloat(65519.99f)).isEqualTo((short) 0x7bff);
    assertThat(Halves.fromFloat(65520f)).isEqualTo((short) 0x7c00);
    assertThat(Halves.fromFloat(Float.NEGATIVE_INFINITY)).isEqualTo((short) 0xfc00);
    assertThat(Halves.toFloat(Halves.fromFloat(Float.NaN))).isNaN();
    assertThat(Halves.brainToFloat(Halves.brainFromFloat(Float.NaN))).isNaN();
    assertThat(Halves.brainFromFloat(Float.MAX_VALUE)).isEqualTo((short) 0x7f80);
  }

  @Test
  void everyHalfComesBackFromAFloat() {
    for (int bits = 0; bits < 1 << 16; bits++) {
      float half = Halves.toFloat((short) bits);
      if (!Float.isNaN(half)) {
        assertThat(Halves.fromFloat(half)).isEqualTo((short) bits);
      }
      float brain = Halves.brainToFloat((short) bits);
      if (!Float.isNaN(brain)) {
        assertThat(Halves.brainFromFloat(brain)).isEqualTo((short) bits);
      }
    }
  }

  @Test
  void roundingGoesToTheNearestAndFromTheMiddleToEven() {
    Random random = new Random(1);
    for (int i = 0; i < 200_000; i++) {
      // Between two neighbours: nearer to the lower, the middle, nearer to the upper.
      int bits = random.nextInt(0x7bff);
      checkBetween(
          Halves.toFloat((short) bits), Halves.toFloat((short) (bits + 1)), (short) bits, true);
      bits = random.nextInt(0x7f7e);
      checkBetween(
          Halves.brainToFloat((short) bits),
          Halves.brainToFloat((short) (bits + 1)),
          (short) bits,
          false);
    }
  }

  private static void checkBetween(float low, float high, short bits, boolean half) {
    float middle = (float) (((double) low + high) / 2);
    short upper = (short) (bits + 1);
    short even = (bits & 1) == 0 ? bits : upper;
    assertThat(encode(middle, half)).isEqualTo(even);
    assertThat(encode(-middle, half)).isEqualTo((short) (even | 0x8000));
    assertThat(encode(Math.nextDown(middle), half)).isEqualTo(bits);
    assertThat(encode(Math.nextUp(middle), half)).isEqualTo(upper);
  }

  private static short encode(float value, boolean half) {
    return half ? Halves.fromFloat(value) : Halves.brainFromFloat(value);
  }
}
