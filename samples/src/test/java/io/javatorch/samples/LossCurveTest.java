package io.javatorch.samples;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LossCurveTest {
  @TempDir private Path directory;

  @Test
  void drawsTheResumedRunOnlyFromWhereItResumed() throws IOException {
    var losses = new double[100];
    Arrays.setAll(losses, step -> 2 * Math.pow(0.95, step));

    var image = draw(losses, Arrays.copyOfRange(losses, 60, 100), 60);

    // The axis goes from x = 70 to x = 930; the legend is above y = 80.
    assertThat(columns(image, LossCurveTest::isFull)).contains(75, 500, 920);
    assertThat(columns(image, LossCurveTest::isResumed))
        .contains(700, 920)
        .doesNotContain(75, 300, 500);
  }

  @Test
  void survivesLossesThatCannotBeDrawn() throws IOException {
    var image = draw(new double[] {Double.NaN, 0, Double.POSITIVE_INFINITY}, new double[0], 3);

    assertThat(columns(image, LossCurveTest::isFull)).isEmpty();
  }

  private BufferedImage draw(double[] full, double[] resumed, int resumedAt) throws IOException {
    var file = directory.resolve("loss.png");
    new LossCurve(full, resumed, resumedAt).write(file);
    return ImageIO.read(file.toFile());
  }

  /** The columns below the legend with a pixel that the predicate takes. */
  private static List<Integer> columns(BufferedImage image, IntPredicate colour) {
    return IntStream.range(0, image.getWidth())
        .filter(
            x ->
                IntStream.range(80, image.getHeight())
                    .map(y -> image.getRGB(x, y))
                    .anyMatch(colour))
        .boxed()
        .toList();
  }

  /**
   * The only thing in the picture that is more blue than red; thin lines are blended with white.
   */
  private static boolean isFull(int rgb) {
    return (rgb & 0xff) - (rgb >> 16 & 0xff) > 25;
  }

  private static boolean isResumed(int rgb) {
    return (rgb >> 16 & 0xff) - (rgb & 0xff) > 25;
  }
}
