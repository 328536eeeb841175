package io.javatorch.samples.digits;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;

class GreyImageTest {
  private static final int SIZE = DigitRenderer.SIDE * DigitRenderer.SIDE;

  @Test
  void readsBackTheGreyValuesItWrote() throws IOException {
    var pixels = new DigitRenderer(1).render(1).pixels();
    var png = new ByteArrayOutputStream();
    GreyImage.writePng(pixels, png);

    var decoded = new byte[SIZE + 2];
    GreyImage.decode(png.toByteArray(), decoded, 1);

    assertThat(decoded[0]).isZero();
    assertThat(decoded[SIZE + 1]).isZero();
    assertThat(java.util.Arrays.copyOfRange(decoded, 1, SIZE + 1)).isEqualTo(pixels);
  }

  @Test
  void scalesALargerGreyImageByTheMeanOfEachArea() throws IOException {
    var image = new BufferedImage(56, 84, BufferedImage.TYPE_BYTE_GRAY);
    for (int y = 0; y < 84; y++) {
      for (int x = 0; x < 56; x++) {
        image.getRaster().setSample(x, y, 0, x % 2 == 0 ? 100 : 200);
      }
    }

    assertThat(decode(image)).containsOnly((byte) 150);
  }

  @Test
  void scalesASmallerImageUp() throws IOException {
    var image = new BufferedImage(2, 1, BufferedImage.TYPE_BYTE_GRAY);
    image.getRaster().setSample(1, 0, 0, 255);

    var pixels = decode(image);

    assertThat(pixels[13]).isZero();
    assertThat(pixels[14]).isEqualTo((byte) 255);
  }

  @Test
  void turnsColoursIntoLuma() throws IOException {
    var image = new BufferedImage(28, 28, BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < SIZE; i++) {
      image.setRGB(i % 28, i / 28, 0xff0000);
    }

    assertThat(decode(image)).containsOnly((byte) 76);
  }

  @Test
  void saysWhatIsWrongWithBytesThatAreNoImage() {
    assertThatThrownBy(() -> GreyImage.decode(new byte[] {1, 2, 3}, new byte[SIZE], 0))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("3 bytes are no PNG");
  }

  private static byte[] decode(BufferedImage image) throws IOException {
    var png = new ByteArrayOutputStream();
    ImageIO.write(image, "png", png);
    var pixels = new byte[SIZE];
    GreyImage.decode(png.toByteArray(), pixels, 0);
    return pixels;
  }
}
