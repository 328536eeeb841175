package io.javatorch.samples.digits;

import java.awt.Color;
import java.awt.RenderingHints;
import java.awt.Shape;
import java.awt.geom.AffineTransform;
import java.awt.geom.Path2D;
import java.awt.geom.PathIterator;
import java.awt.image.BufferedImage;
import java.awt.image.DataBufferByte;
import java.util.SplittableRandom;

/**
 * Draws the digits of the sample data set: {@value #SIDE} by {@value #SIDE} pixels, one grey byte
 * each, black or white figure on an uneven ground with noise. Image {@code index} of a seed is the
 * same on every machine and in every partition, because all its random choices come from a
 * generator of its own.
 *
 * <p>Immutable and thread-safe.
 */
public final class DigitRenderer {
  /** Height and width of an image, in pixels. */
  public static final int SIDE = 28;

  private static final Typeface[] TYPEFACES = Typeface.values();

  private final long seed;

  /** Draws the data set of this seed. */
  public DigitRenderer(long seed) {
    this.seed = seed;
  }

  /**
   * One drawn digit.
   *
   * @param label which digit it is, 0 to 9
   * @param pixels {@link #SIDE} rows of {@link #SIDE} grey values, 0 black to 255 white
   */
  @SuppressWarnings("ArrayRecordComponent") // A plain carrier; nobody compares two of them.
  public record Digit(int label, byte[] pixels) {}

  /** Draws image {@code index}. Every label and every typeface is equally likely. */
  public Digit render(long index) {
    var random = new SplittableRandom(mix(seed + mix(index)));
    int label = random.nextInt(10);
    var typeface = TYPEFACES[random.nextInt(TYPEFACES.length)];
    return new Digit(label, paint(outline(typeface, label, random), random));
  }

  /**
   * The figure's outline in pixels: a bent centre line, stroked, then turned, slanted and moved.
   */
  static Shape outline(Typeface typeface, int digit, SplittableRandom random) {
    var line = bend(typeface.centreLine(digit), random);
    double penWidth =
        typeface == Typeface.DOT_MATRIX ? uniform(random, 13, 19) : uniform(random, 10, 23);
    var figure = typeface.stroke(line, penWidth);

    double scale = uniform(random, 0.72, 1.06) * (SIDE - 8) / Typeface.HEIGHT;
    var place =
        AffineTransform.getTranslateInstance(
            SIDE / 2.0 + uniform(random, -2.5, 2.5), SIDE / 2.0 + uniform(random, -2.5, 2.5));
    place.rotate(Math.toRadians(uniform(random, -17, 17)));
    place.shear(uniform(random, -0.3, 0.15), 0);
    place.scale(scale * uniform(random, 0.8, 1.15), scale);
    var box = figure.getBounds2D();
    place.translate(-box.getCenterX(), -box.getCenterY());
    return place.createTransformedShape(figure);
  }

  /** Bends a line smoothly, so that strokes that meet still meet. */
  private static Path2D bend(Path2D line, SplittableRandom random) {
    double swingX = uniform(random, 0, 5);
    double swingY = uniform(random, 0, 5);
    double phaseX = uniform(random, 0, 2 * Math.PI);
    double phaseY = uniform(random, 0, 2 * Math.PI);
    var bent = new Path2D.Double();
    var c = new double[6];
    for (var it = line.getPathIterator(null); !it.isDone(); it.next()) {
      int kind = it.currentSegment(c);
      for (int i = 0; i < 6; i += 2) {
        double x = c[i];
        double y = c[i + 1];
        c[i] = x + swingX * Math.sin(y * Math.PI / 90 + phaseX);
        c[i + 1] = y + swingY * Math.sin(x * Math.PI / 70 + phaseY);
      }
      switch (kind) {
        case PathIterator.SEG_MOVETO -> bent.moveTo(c[0], c[1]);
        case PathIterator.SEG_LINETO -> bent.lineTo(c[0], c[1]);
        case PathIterator.SEG_CUBICTO -> bent.curveTo(c[0], c[1], c[2], c[3], c[4], c[5]);
        case PathIterator.SEG_CLOSE -> bent.closePath();
        default -> throw new IllegalStateException("unexpected path segment " + kind);
      }
    }
    return bent;
  }

  private static byte[] paint(Shape figure, SplittableRandom random) {
    var cover = coverage(figure);
    double ground = uniform(random, 0, 255);
    double contrast = uniform(random, 90, 230);
    double ink = ground < 127.5 ? Math.min(255, ground + contrast) : Math.max(0, ground - contrast);
    double slopeX = uniform(random, -1.6, 1.6);
    double slopeY = uniform(random, -1.6, 1.6);
    double noise = uniform(random, 0, 22);
    double blur = uniform(random, 0, 0.3);
    var pixels = new byte[SIDE * SIDE];
    for (int y = 0; y < SIDE; y++) {
      for (int x = 0; x < SIDE; x++) {
        double share = blurred(cover, x, y, blur) / 255;
        double base = ground + slopeX * (x - SIDE / 2.0) + slopeY * (y - SIDE / 2.0);
        double value = base + (ink - base) * share + noise * random.nextGaussian();
        pixels[y * SIDE + x] = (byte) Math.max(0, Math.min(255, Math.round(value)));
      }
    }
    return pixels;
  }

  /** How much of each pixel the figure covers, 0 to 255. */
  private static byte[] coverage(Shape figure) {
    var image = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_BYTE_GRAY);
    var graphics = image.createGraphics();
    try {
      graphics.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
      graphics.setRenderingHint(
          RenderingHints.KEY_STROKE_CONTROL, RenderingHints.VALUE_STROKE_PURE);
      graphics.setColor(Color.WHITE);
      graphics.fill(figure);
    } finally {
      graphics.dispose();
    }
    return ((DataBufferByte) image.getRaster().getDataBuffer()).getData();
  }

  private static double blurred(byte[] cover, int x, int y, double blur) {
    double around =
        at(cover, x - 1, y) + at(cover, x + 1, y) + at(cover, x, y - 1) + at(cover, x, y + 1);
    return (1 - blur) * at(cover, x, y) + blur * around / 4;
  }

  private static int at(byte[] cover, int x, int y) {
    return x < 0 || y < 0 || x >= SIDE || y >= SIDE ? 0 : cover[y * SIDE + x] & 0xff;
  }

  private static double uniform(SplittableRandom random, double from, double to) {
    return from + (to - from) * random.nextDouble();
  }

  /** Spreads neighbouring indices over all 64 bits (the finaliser of MurmurHash3). */
  private static long mix(long z) {
    z = (z ^ (z >>> 33)) * 0xff51afd7ed558ccdL;
    z = (z ^ (z >>> 33)) * 0xc4ceb9fe1a85ec53L;
    return z ^ (z >>> 33);
  }
}
