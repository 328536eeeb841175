package io.javatorch.samples.digits;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.HashSet;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class DigitRendererTest {
  @Test
  void drawsTheSameImageForTheSameSeedAndIndex() {
    var first = new DigitRenderer(1).render(123_456);
    var second = new DigitRenderer(1).render(123_456);

    assertThat(second.label()).isEqualTo(first.label());
    assertThat(second.pixels()).isEqualTo(first.pixels());
  }

  @Test
  void drawsNoImageTwice() {
    var renderer = new DigitRenderer(1);
    var other = new DigitRenderer(2);
    var seen = new HashSet<Integer>();
    for (int i = 0; i < 500; i++) {
      seen.add(Arrays.hashCode(renderer.render(i).pixels()));
      seen.add(Arrays.hashCode(other.render(i).pixels()));
    }

    assertThat(seen).hasSize(1000);
  }

  @Test
  void drawsEveryLabelAboutEquallyOften() {
    var renderer = new DigitRenderer(3);
    var count = new int[10];
    for (int i = 0; i < 5000; i++) {
      count[renderer.render(i).label()]++;
    }

    // 500 expected, standard deviation 21.
    assertThat(Arrays.stream(count).boxed()).allSatisfy(n -> assertThat(n).isBetween(395, 605));
  }

  @ParameterizedTest
  @EnumSource
  void keepsEveryDigitOfATypefaceInsideTheImage(Typeface typeface) {
    for (int digit = 0; digit < 10; digit++) {
      for (int seed = 0; seed < 50; seed++) {
        var bounds =
            DigitRenderer.outline(typeface, digit, new SplittableRandom(seed)).getBounds2D();

        assertThat(bounds.getCenterX()).isBetween(9.0, 19.0);
        assertThat(bounds.getCenterY()).isBetween(9.0, 19.0);
        assertThat(bounds.getHeight()).isBetween(9.0, 30.0);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void drawsTenDifferentFigures(Typeface typeface) {
    for (int a = 0; a < 10; a++) {
      for (int b = a + 1; b < 10; b++) {
        assertThat(difference(typeface, a, b))
            .as("%s %d and %d", typeface, a, b)
            .isGreaterThan(0.03);
      }
    }
  }

  /** Share of the box that one digit covers and the other does not. */
  private static double difference(Typeface typeface, int a, int b) {
    var first = typeface.stroke(typeface.centreLine(a), 14);
    var second = typeface.stroke(typeface.centreLine(b), 14);
    int differing = 0;
    for (int y = 0; y < Typeface.HEIGHT; y++) {
      for (int x = 0; x < Typeface.WIDTH; x++) {
        if (first.contains(x + 0.5, y + 0.5) != second.contains(x + 0.5, y + 0.5)) {
          differing++;
        }
      }
    }
    return (double) differing / (Typeface.WIDTH * Typeface.HEIGHT);
  }
}
