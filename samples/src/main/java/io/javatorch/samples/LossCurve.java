package io.javatorch.samples;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.geom.Line2D;
import java.awt.geom.Path2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import javax.imageio.ImageIO;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/**
 * A picture of the training loss of an uninterrupted run and of one that resumed within it: loss on
 * a logarithmic axis over steps. The resumed curve is thick and drawn first, so that it can be seen
 * under the other where the two agree.
 */
final class LossCurve {
  private static final int WIDTH = 960;
  private static final int HEIGHT = 540;
  private static final int LEFT = 70;
  private static final int RIGHT = WIDTH - 30;
  private static final int TOP = 30;
  private static final int BOTTOM = HEIGHT - 60;

  private static final Color INK = new Color(0x33, 0x33, 0x33);
  private static final Color GRID = new Color(0xe4, 0xe4, 0xe4);
  private static final Color FULL = new Color(0x1f, 0x4e, 0x79);
  private static final Color RESUMED = new Color(0xff, 0xb4, 0x54);

  private final double[] full;
  private final double[] resumed;
  private final int resumedAt;
  private final double lowest;
  private final double highest;

  /**
   * Prepares the picture.
   *
   * @param full losses of the uninterrupted run, the first step's first; at least one
   * @param resumed losses of the resumed run
   * @param resumedAt number of steps that the resumed run did not repeat
   */
  LossCurve(double[] full, double[] resumed, int resumedAt) {
    this.full = full;
    this.resumed = resumed;
    this.resumedAt = resumedAt;
    double low = Double.MAX_VALUE;
    double high = Double.MIN_VALUE;
    for (var losses : new double[][] {full, resumed}) {
      for (var loss : losses) {
        if (loss > 0 && Double.isFinite(loss)) {
          low = Math.min(low, loss);
          high = Math.max(high, loss);
        }
      }
    }
    // Whole decades, so that every grid line has a round number.
    lowest = high < low ? -1 : Math.floor(Math.log10(low));
    highest = high < low ? 1 : Math.max(lowest + 1, Math.ceil(Math.log10(high)));
  }

  /** Writes the picture as a PNG of 960 by 540 pixels. */
  void write(Path file) throws IOException {
    var image = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_INT_RGB);
    var graphics = image.createGraphics();
    try {
      graphics.setColor(Color.WHITE);
      graphics.fillRect(0, 0, WIDTH, HEIGHT);
      drawAxes(graphics);
      graphics.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
      drawCurve(graphics, resumed, resumedAt, RESUMED, 5f);
      drawCurve(graphics, full, 0, FULL, 1.2f);
      drawLegend(graphics);
    } finally {
      graphics.dispose();
    }
    try (var out = new MemoryCacheImageOutputStream(Files.newOutputStream(file))) {
      if (!ImageIO.write(image, "png", out)) {
        throw new IOException("This JDK has no PNG writer (module java.desktop)");
      }
    }
  }

  private void drawAxes(Graphics2D graphics) {
    for (int decade = (int) lowest; decade <= highest; decade++) {
      int y = (int) Math.round(y(Math.pow(10, decade)));
      graphics.setColor(GRID);
      graphics.drawLine(LEFT, y, RIGHT, y);
      graphics.setColor(INK);
      var text =
          decade >= 0
              ? "%.0f".formatted(Math.pow(10, decade))
              : String.format(Locale.ROOT, "%." + -decade + "f", Math.pow(10, decade));
      PixelText.draw(graphics, text, LEFT - 8 - PixelText.width(text), y - PixelText.HEIGHT / 2);
    }
    int stride = roundStride(full.length);
    for (int step = 0; step <= full.length; step += stride) {
      int x = (int) Math.round(x(step));
      graphics.setColor(GRID);
      graphics.drawLine(x, TOP, x, BOTTOM);
      graphics.setColor(INK);
      var text = Integer.toString(step);
      PixelText.draw(graphics, text, x - PixelText.width(text) / 2, BOTTOM + 10);
    }
    graphics.setColor(INK);
    graphics.drawLine(LEFT, TOP, LEFT, BOTTOM);
    graphics.drawLine(LEFT, BOTTOM, RIGHT, BOTTOM);
    PixelText.draw(graphics, "loss", LEFT - 24, TOP - 16);
    PixelText.draw(graphics, "step", RIGHT - PixelText.width("step"), BOTTOM + 30);
  }

  private void drawLegend(Graphics2D graphics) {
    int x = RIGHT - 240;
    drawKey(graphics, x, TOP + 14, FULL, 1.2f, "uninterrupted");
    drawKey(graphics, x, TOP + 32, RESUMED, 5f, "resumed after step " + resumedAt);
  }

  private static void drawKey(
      Graphics2D graphics, int x, int y, Color colour, float width, String text) {
    graphics.setColor(colour);
    graphics.setStroke(new BasicStroke(width));
    graphics.draw(new Line2D.Double(x, y, x + 30, y));
    graphics.setColor(INK);
    PixelText.draw(graphics, text, x + 40, y - PixelText.HEIGHT / 2);
  }

  private void drawCurve(
      Graphics2D graphics, double[] losses, int from, Color colour, float width) {
    var path = new Path2D.Double();
    boolean open = false;
    for (int i = 0; i < losses.length; i++) {
      boolean drawable = losses[i] > 0 && Double.isFinite(losses[i]);
      if (drawable && open) {
        path.lineTo(x(from + i), y(losses[i]));
      } else if (drawable) {
        path.moveTo(x(from + i), y(losses[i]));
      }
      open = drawable;
    }
    graphics.setColor(colour);
    graphics.setStroke(new BasicStroke(width, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
    graphics.draw(path);
  }

  private double x(double step) {
    return LEFT + step * (RIGHT - LEFT) / Math.max(1, full.length);
  }

  private double y(double loss) {
    return BOTTOM - (Math.log10(loss) - lowest) / (highest - lowest) * (BOTTOM - TOP);
  }

  /** A step of 1, 2 or 5 times a power of ten that gives at most ten marks. */
  private static int roundStride(int length) {
    int power = 1;
    while (true) {
      for (int factor : new int[] {1, 2, 5}) {
        if (length <= 10L * factor * power) {
          return factor * power;
        }
      }
      power *= 10;
    }
  }
}
