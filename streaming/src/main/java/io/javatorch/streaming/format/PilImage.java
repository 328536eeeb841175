package io.javatorch.streaming.format;

import java.awt.image.BufferedImage;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Objects;

/**
 * An uncompressed image as Python's PIL keeps it. Immutable, as long as nobody changes the memory
 * it was made over.
 */
public final class PilImage {
  /** Bytes a pixel by mode; mode 1 packs eight pixels into a byte. */
  private static final Map<String, Integer> PIXEL_BYTES =
      Map.ofEntries(
          Map.entry("L", 1),
          Map.entry("P", 1),
          Map.entry("LA", 2),
          Map.entry("La", 2),
          Map.entry("PA", 2),
          Map.entry("I;16", 2),
          Map.entry("I;16L", 2),
          Map.entry("I;16B", 2),
          Map.entry("I;16N", 2),
          Map.entry("RGB", 3),
          Map.entry("YCbCr", 3),
          Map.entry("LAB", 3),
          Map.entry("HSV", 3),
          Map.entry("RGBA", 4),
          Map.entry("RGBa", 4),
          Map.entry("RGBX", 4),
          Map.entry("CMYK", 4),
          Map.entry("I", 4),
          Map.entry("F", 4));

  private final int width;
  private final int height;
  private final String mode;
  private final ByteBuffer pixels;

  private PilImage(int width, int height, String mode, ByteBuffer pixels) {
    this.width = width;
    this.height = height;
    this.mode = mode;
    this.pixels = pixels;
  }

  /**
   * Makes an image over what remains of a buffer, without copying it.
   *
   * @param mode PIL's name of the pixel format, such as {@code L}, {@code RGB} or {@code RGBA}
   * @param pixels row by row from the top, channels interleaved
   * @throws IllegalArgumentException if the mode is unknown or the buffer has another size
   */
  public static PilImage over(int width, int height, String mode, ByteBuffer pixels) {
    long bytes;
    if (mode.equals("1")) {
      bytes = (width + 7L) / 8 * height;
    } else if (PIXEL_BYTES.containsKey(mode)) {
      bytes = (long) width * height;
      // The product of two ints cannot overflow, times 4 it can.
      bytes = bytes > Integer.MAX_VALUE ? bytes : bytes * PIXEL_BYTES.get(mode);
    } else {
      throw new IllegalArgumentException("the image's mode '" + mode + "' is unknown");
    }
    if (width < 0 || height < 0 || bytes != pixels.remaining()) {
      throw new IllegalArgumentException(
          "an image of %s, %d by %d, does not fill %d bytes"
              .formatted(mode, width, height, pixels.remaining()));
    }
    return new PilImage(width, height, mode, pixels.slice().asReadOnlyBuffer());
  }

  /** Copies an image: as mode L if it is gray, as RGBA if it has an alpha channel, else as RGB. */
  public static PilImage copyOf(BufferedImage image) {
    int channels =
        image.getType() == BufferedImage.TYPE_BYTE_GRAY
            ? 1
            : image.getColorModel().hasAlpha() ? 4 : 3;
    int width = image.getWidth();
    int height = image.getHeight();
    var pixels = new byte[Math.multiplyExact(Math.multiplyExact(width, height), channels)];
    int at = 0;
    var row = new int[width];
    for (int y = 0; y < height; y++) {
      if (channels == 1) {
        // Straight from the raster: getRGB would convert between gray color spaces.
        image.getRaster().getSamples(0, y, width, 1, 0, row);
        for (int gray : row) {
          pixels[at++] = (byte) gray;
        }
        continue;
      }
      image.getRGB(0, y, width, 1, row, 0, width);
      for (int argb : row) {
        pixels[at++] = (byte) (argb >> 16);
        pixels[at++] = (byte) (argb >> 8);
        pixels[at++] = (byte) argb;
        if (channels == 4) {
          pixels[at++] = (byte) (argb >> 24);
        }
      }
    }
    var mode = channels == 1 ? "L" : channels == 4 ? "RGBA" : "RGB";
    return new PilImage(width, height, mode, ByteBuffer.wrap(pixels).asReadOnlyBuffer());
  }

  /** The width in pixels. */
  public int width() {
    return width;
  }

  /** The height in pixels. */
  public int height() {
    return height;
  }

  /** PIL's name of the pixel format. */
  public String mode() {
    return mode;
  }

  /** The pixels, row by row, as a new read-only buffer over the same memory. */
  public ByteBuffer pixels() {
    return pixels.duplicate();
  }

  /**
   * Copies the image into Java's own form.
   *
   * @throws IllegalStateException if the mode is not L, RGB or RGBA
   */
  public BufferedImage toBufferedImage() {
    int type =
        switch (mode) {
          case "L" -> BufferedImage.TYPE_BYTE_GRAY;
          case "RGB" -> BufferedImage.TYPE_INT_RGB;
          case "RGBA" -> BufferedImage.TYPE_INT_ARGB;
          default ->
              throw new IllegalStateException(
                  "an image of mode " + mode + " has no form in Java; read its pixels");
        };
    var image = new BufferedImage(width, height, type);
    int at = 0;
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        if (type == BufferedImage.TYPE_BYTE_GRAY) {
          image.getRaster().setSample(x, y, 0, pixels.get(at++) & 0xff);
        } else {
          int rgb =
              (pixels.get(at) & 0xff) << 16
                  | (pixels.get(at + 1) & 0xff) << 8
                  | (pixels.get(at + 2) & 0xff);
          at += 3;
          image.setRGB(
              x, y, type == BufferedImage.TYPE_INT_ARGB ? pixels.get(at++) << 24 | rgb : rgb);
        }
      }
    }
    return image;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof PilImage that
        && width == that.width
        && height == that.height
        && mode.equals(that.mode)
        && pixels.equals(that.pixels);
  }

  @Override
  public int hashCode() {
    return Objects.hash(width, height, mode, pixels);
  }

  @Override
  public String toString() {
    return mode + " " + width + "x" + height;
  }
}
