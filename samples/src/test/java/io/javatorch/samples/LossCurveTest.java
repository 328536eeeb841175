package io.javatorch.samples;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LossCurveTest {
  private static final int FULL = 0x1f4e79;
  private static final int RESUMED = 0xffb454;

  @TempDir private Path directory;

  @Test
  void drawsTheResumedRunOnlyFromWhereItResumed() throws IOException {
    var losses = new double[100];
    Arrays.setAll(losses, step -> 2 * Math.pow(0.95, step));

    var image = draw(losses, Arrays.copyOfRange(losses, 60, 100), 60);

    // The axis goes from x = 70 to x = 930; the legend is above y = 80.
    assertThat(columnsWith(image, FULL)).contains(75, 500, 920);
    assertThat(columnsWith(image, RESUMED)).contains(700, 920).doesNotContain(75, 300, 500);
  }

  @Test
  void survivesLossesThatCannotBeDrawn() throws IOException {
    var image = draw(new double[] {Double.NaN, 0, Double.POSITIVE_INFINITY}, new double[0], 3);

    assertThat(columnsWith(image, FULL)).isEmpty();
  }

  private BufferedImage draw(double[] full, double[] resumed, int resumedAt) throws IOException {
    var file = directory.resolve("loss.png");
    new LossCurve(full, resumed, resumedAt).write(file);
    return ImageIO.read(file.toFile());
  }

  private static Iterable<Integer> columnsWith(BufferedImage image, int colour) {
    return java.util.stream.IntStream.range(0, image.getWidth())
        .filter(
            x ->
                java.util.stream.IntStream.range(80, image.getHeight())
                    .anyMatch(y -> near(image.getRGB(x, y), colour)))
        .boxed()
        .toList();
  }

  /** A thin line is blended with what is under it. */
  private static boolean near(int rgb, int colour) {
    int distance = 0;
    for (int shift = 0; shift <= 16; shift += 8) {
      distance = Math.max(distance, Math.abs((rgb >> shift & 0xff) - (colour >> shift & 0xff)));
    }
    return distance < 60;
  }
}
