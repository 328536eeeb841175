package io.javatorch.samples.digits;

import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.DataBufferByte;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import javax.imageio.ImageIO;
import javax.imageio.stream.MemoryCacheImageInputStream;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** Encoded images to and from {@link DigitRenderer#SIDE} by {@code SIDE} grey bytes. */
final class GreyImage {
  private static final int SIDE = DigitRenderer.SIDE;

  private GreyImage() {}

  /** Writes {@code SIDE * SIDE} grey values, row by row, as an 8-bit PNG. */
  static void writePng(byte[] pixels, OutputStream out) throws IOException {
    var image = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_BYTE_GRAY);
    var target = ((DataBufferByte) image.getRaster().getDataBuffer()).getData();
    System.arraycopy(pixels, 0, target, 0, target.length);
    // A stream of our own: ImageIO.write on an OutputStream goes through a cache file on disk.
    try (var stream = new MemoryCacheImageOutputStream(out)) {
      if (!ImageIO.write(image, "png", stream)) {
        throw new IOException("This JDK has no PNG writer (module java.desktop)");
      }
    }
  }

  /**
   * Decodes an image of any format that ImageIO reads (PNG, JPEG, GIF, BMP, TIFF) into {@code out},
   * from {@code offset} on. Colours become grey (luma, Rec. 601); another size is scaled to {@code
   * SIDE} by {@code SIDE}, each new pixel the mean of the area it covers. The aspect ratio is not
   * kept.
   *
   * @throws IOException if the bytes are no such image
   */
  static void decode(byte[] encoded, byte[] out, int offset) throws IOException {
    // ImageIO.read closes the stream itself, but only if it finds a reader for it.
    var stream = new MemoryCacheImageInputStream(new ByteArrayInputStream(encoded));
    var image = ImageIO.read(stream);
    if (image == null) {
      stream.close();
      throw new IOException(
          "The " + encoded.length + " bytes are no PNG, JPEG, GIF, BMP or TIFF image");
    }
    int width = image.getWidth();
    int height = image.getHeight();
    if (width == SIDE && height == SIDE && image.getType() == BufferedImage.TYPE_BYTE_GRAY) {
      var source = ((DataBufferByte) image.getRaster().getDataBuffer()).getData();
      System.arraycopy(source, 0, out, offset, SIDE * SIDE);
      return;
    }
    scale(luma(image), width, height, out, offset);
  }

  private static float[] luma(BufferedImage image) {
    int width = image.getWidth();
    int height = image.getHeight();
    var raster = image.getRaster();
    var grey = new float[width * height];
    if (image.getColorModel().getColorSpace().getType() == ColorSpace.TYPE_GRAY) {
      // Read the samples themselves: getRGB would apply the gamma that separates Java's linear
      // grey space from sRGB, and darken or lighten the picture.
      raster.getSamples(0, 0, width, height, 0, grey);
      int bits = raster.getSampleModel().getSampleSize(0);
      float toByte = 255f / ((1L << bits) - 1);
      for (int i = 0; i < grey.length; i++) {
        grey[i] *= toByte;
      }
      return grey;
    }
    var row = new int[width];
    for (int y = 0; y < height; y++) {
      image.getRGB(0, y, width, 1, row, 0, width);
      for (int x = 0; x < width; x++) {
        int rgb = row[x];
        grey[y * width + x] =
            0.299f * (rgb >> 16 & 0xff) + 0.587f * (rgb >> 8 & 0xff) + 0.114f * (rgb & 0xff);
      }
    }
    return grey;
  }

  private static void scale(float[] grey, int width, int height, byte[] out, int offset) {
    double stepX = (double) width / SIDE;
    double stepY = (double) height / SIDE;
    for (int y = 0; y < SIDE; y++) {
      for (int x = 0; x < SIDE; x++) {
        double mean =
            areaMean(grey, width, height, x * stepX, y * stepY, (x + 1) * stepX, (y + 1) * stepY);
        out[offset + y * SIDE + x] = (byte) Math.min(255, Math.round(mean));
      }
    }
  }

  private static double areaMean(
      float[] grey, int width, int height, double left, double top, double right, double bottom) {
    double sum = 0;
    double area = 0;
    int lastY = Math.min(height - 1, (int) Math.ceil(bottom) - 1);
    int lastX = Math.min(width - 1, (int) Math.ceil(right) - 1);
    for (int y = (int) top; y <= lastY; y++) {
      double tall = Math.min(bottom, y + 1) - Math.max(top, y);
      for (int x = (int) left; x <= lastX; x++) {
        double covered = tall * (Math.min(right, x + 1) - Math.max(left, x));
        sum += covered * grey[y * width + x];
        area += covered;
      }
    }
    return sum / area;
  }
}
