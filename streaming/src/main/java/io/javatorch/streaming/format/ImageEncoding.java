package io.javatorch.streaming.format;

import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import javax.imageio.ImageIO;

/** Single images: PIL's raw pixels, or the bytes of a JPEG or PNG file. */
enum ImageEncoding implements Encoding {
  PIL {
    @Override
    public byte[] encode(Object value) {
      if (value instanceof byte[] bytes) {
        return Encoding.checked(this, bytes);
      }
      PilImage image;
      if (value instanceof PilImage pil) {
        image = pil;
      } else if (value instanceof BufferedImage buffered) {
        image = PilImage.copyOf(buffered);
      } else {
        throw Encoding.wrongType("a PilImage or a BufferedImage", value);
      }
      var mode = image.mode().getBytes(StandardCharsets.UTF_8);
      var pixels = image.pixels();
      int size = Math.addExact(12 + mode.length, pixels.remaining());
      return ByteBuffer.allocate(size)
          .order(ByteOrder.LITTLE_ENDIAN)
          .putInt(image.width())
          .putInt(image.height())
          .putInt(mode.length)
          .put(mode)
          .put(pixels)
          .array();
    }

    @Override
    public PilImage decode(ByteBuffer bytes) throws InvalidDataException {
      var in = bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN);
      if (in.remaining() < 12) {
        throw new InvalidDataException("the image ends within its head");
      }
      int width = in.getInt();
      int height = in.getInt();
      int length = in.getInt();
      if (length < 0 || length > Math.min(16, in.remaining())) {
        throw new InvalidDataException(
            "the image's mode is said to have " + Integer.toUnsignedLong(length) + " bytes");
      }
      var mode = new byte[length];
      in.get(mode);
      try {
        return PilImage.over(width, height, Encoding.text(mode), in);
      } catch (IllegalArgumentException e) {
        throw new InvalidDataException(e.getMessage());
      }
    }

    @Override
    BufferedImage image(ByteBuffer bytes) throws InvalidDataException {
      try {
        var image = decode(bytes);
        // Java's form of a pixel takes 4 bytes at most.
        DecodingLimits.checkPicture(
            image.width(), image.height(), 4L * image.width() * image.height());
        return image.toBufferedImage();
      } catch (IllegalStateException e) {
        throw new InvalidDataException(e.getMessage(), "Take its pixels with get");
      }
    }
  },

  JPEG {
    @Override
    public byte[] encode(Object value) {
      return encodeFile(value, "jpeg");
    }
  },

  PNG {
    @Override
    public byte[] encode(Object value) {
      return encodeFile(value, "png");
    }
  };

  @Override
  public int size() {
    return -1;
  }

  /** The file's bytes; nothing looks into them before {@link #image}. */
  @Override
  public Object decode(ByteBuffer bytes) throws InvalidDataException {
    return Encoding.copy(bytes);
  }

  /** Decodes to pixels, whose count is bounded; see {@link DecodingLimits}. */
  BufferedImage image(ByteBuffer bytes) throws InvalidDataException {
    var image = ImageFile.decode(bytes);
    return isCmyk(image) ? rgb(image) : image;
  }

  private static boolean isCmyk(BufferedImage image) {
    return image.getColorModel().getColorSpace().getType() == ColorSpace.TYPE_CMYK;
  }

  /** As PIL converts; Java's own conversion takes the inks for linear and makes them pale. */
  private static BufferedImage rgb(BufferedImage cmyk) {
    int width = cmyk.getWidth();
    var image = new BufferedImage(width, cmyk.getHeight(), BufferedImage.TYPE_INT_RGB);
    var inks = new int[4 * width];
    var row = new int[width];
    for (int y = 0; y < cmyk.getHeight(); y++) {
      cmyk.getRaster().getPixels(0, y, width, 1, inks);
      for (int x = 0; x < width; x++) {
        int white = 255 - inks[4 * x + 3];
        int rgb = 0;
        for (int ink = 0; ink < 3; ink++) {
          rgb = rgb << 8 | (255 - inks[4 * x + ink]) * white / 255;
        }
        row[x] = rgb;
      }
      image.setRGB(0, y, width, 1, row, 0, width);
    }
    return image;
  }

  private static byte[] encodeFile(Object value, String format) {
    if (value instanceof byte[] bytes) {
      return bytes;
    }
    if (value instanceof BufferedImage image) {
      var out = new ByteArrayOutputStream();
      try {
        if (!ImageIO.write(opaque(image, format), format, out)) {
          throw new IllegalArgumentException("no writer takes this kind of image as " + format);
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      return out.toByteArray();
    }
    throw Encoding.wrongType("the byte[] of a " + format + " file or a BufferedImage", value);
  }

  /** JPEG has no alpha channel. */
  private static BufferedImage opaque(BufferedImage image, String format) {
    if (!format.equals("jpeg") || !image.getColorModel().hasAlpha()) {
      return image;
    }
    var copy = new BufferedImage(image.getWidth(), image.getHeight(), BufferedImage.TYPE_INT_RGB);
    var graphics = copy.createGraphics();
    graphics.drawImage(image, 0, 0, null);
    graphics.dispose();
    return copy;
  }
}
