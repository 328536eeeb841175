package io.javatorch.samples.digits;

import java.awt.BasicStroke;
import java.awt.Shape;
import java.awt.geom.AffineTransform;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Path2D;
import java.util.List;
import java.util.StringJoiner;

/**
 * The ways a digit can be drawn. Each typeface is a set of ten centre lines in a box of {@value
 * #WIDTH} by {@value #HEIGHT} units (y grows downwards) and a pen that follows them. System fonts
 * are not used: they differ from machine to machine, and a headless JDK may have none.
 *
 * <p>A centre line is written like an SVG path with absolute coordinates: {@code M x y}, {@code L x
 * y}, {@code C x1 y1 x2 y2 x y}, {@code Z}, and {@code O cx cy rx ry} for an ellipse.
 */
@SuppressWarnings("ImmutableEnumChecker") // The paths never change: centreLine hands out copies.
enum Typeface {
  /** Even strokes, open curves, as on a road sign. */
  HUMANIST(
      Pen.round(),
      List.of(
          "M 50 5 C 20 5 10 35 10 70 C 10 105 20 135 50 135 C 80 135 90 105 90 70"
              + " C 90 35 80 5 50 5 Z",
          "M 25 30 L 55 5 L 55 135",
          "M 14 40 C 14 -8 86 -8 86 38 C 86 70 40 90 12 135 L 90 135",
          "M 16 22 C 30 -2 84 0 84 36 C 84 62 60 68 42 68 C 64 68 90 74 90 102"
              + " C 90 144 28 144 12 116",
          "M 70 135 L 70 5 L 10 95 L 94 95",
          "M 82 5 L 26 5 L 20 62 C 40 46 90 48 90 92 C 90 142 28 144 12 116",
          "M 76 8 C 40 10 12 50 12 92 C 12 120 26 135 50 135 C 76 135 88 116 88 94"
              + " C 88 70 74 56 52 56 C 30 56 14 72 12 92",
          "M 10 5 L 90 5 C 60 45 44 90 40 135",
          "M 50 5 C 10 5 10 62 50 66 C 98 72 98 135 50 135 C 2 135 2 72 50 66"
              + " C 90 62 90 5 50 5 Z",
          "M 24 132 C 60 130 88 90 88 48 C 88 20 74 5 50 5 C 24 5 12 24 12 46"
              + " C 12 70 26 84 48 84 C 70 84 86 68 88 48")),

  /** Circles and straight lines with sharp joints; a bare bar for 1, an open 4. */
  GEOMETRIC(
      Pen.sharp(),
      List.of(
          "M 12 47 C 12 20 30 5 50 5 C 70 5 88 20 88 47 L 88 93 C 88 120 70 135 50 135"
              + " C 30 135 12 120 12 93 Z",
          "M 50 5 L 50 135",
          "M 12 42 C 12 20 29 5 50 5 C 71 5 88 20 88 42 C 88 58 80 68 70 78 L 16 135 L 92 135",
          "M 12 5 L 86 5 L 46 55 C 72 55 90 70 90 94 C 90 118 72 135 50 135 C 30 135 16 124 10 108",
          "M 24 5 L 10 86 L 94 86 M 70 44 L 70 135",
          "M 86 5 L 22 5 L 22 58 L 50 54 C 74 54 90 70 90 94 C 90 118 72 135 50 135"
              + " C 30 135 16 124 10 108",
          "M 68 3 L 17 80 O 50 96 39 39",
          "M 10 5 L 90 5 L 36 135",
          "O 50 36 30 31 O 50 100 36 35",
          "M 32 137 L 83 60 O 50 44 39 39")),

  /** The display of a pocket calculator: only its seven bars. */
  SEVEN_SEGMENT(
      Pen.butt(),
      List.of(
          segments("abcdef"),
          segments("bc"),
          segments("abged"),
          segments("abgcd"),
          segments("fgbc"),
          segments("afgcd"),
          segments("afgedc"),
          segments("abc"),
          segments("abcdefg"),
          segments("abcdfg"))),

  /** Quick handwriting: hooks, loops, a crossed 7, a 4 in two strokes, a 0 that does not close. */
  HANDWRITTEN(
      Pen.round(),
      List.of(
          "M 58 8 C 24 4 8 50 14 92 C 18 132 60 144 80 104 C 98 62 90 14 52 12",
          "M 30 34 C 42 26 52 16 58 4 C 56 50 52 96 48 136",
          "M 18 30 C 26 -2 82 -4 80 36 C 76 74 40 104 16 126 C 6 136 20 108 36 116"
              + " C 56 124 72 140 92 122",
          "M 20 18 C 44 -2 84 8 74 38 C 68 56 50 64 40 64 C 72 62 92 86 78 114 C 64 142 26 140 10 120",
          "M 34 6 C 28 36 20 62 12 82 C 40 80 66 78 92 74 M 72 34 C 68 70 64 104 62 138",
          "M 30 10 C 28 32 24 48 20 62 C 48 46 88 62 84 96 C 80 134 36 142 12 124"
              + " M 30 10 C 50 12 72 10 92 4",
          "M 64 4 C 34 28 10 66 14 104 C 18 140 66 144 80 112 C 90 84 62 66 40 78 C 28 84 18 96 16 110",
          "M 12 16 C 38 8 66 10 90 8 C 70 44 52 90 42 138 M 28 72 C 46 70 62 68 80 66",
          "M 76 20 C 54 -6 14 8 24 38 C 32 64 84 74 84 106 C 82 142 18 146 16 108"
              + " C 16 76 76 62 80 34 C 80 28 79 24 76 20",
          "M 80 28 C 62 -4 16 6 14 42 C 14 76 62 76 80 32 C 78 70 70 106 58 138")),

  /** Thick stems, thin bars and slab serifs, as on a poster. */
  SLAB(
      new Pen(BasicStroke.CAP_SQUARE, BasicStroke.JOIN_MITER, 90, 0.5),
      List.of(
          "O 50 70 36 65",
          "M 28 26 L 52 8 L 52 133 M 26 133 L 80 133",
          "M 14 44 L 14 36 C 18 -6 84 -4 84 38 C 84 66 52 86 14 128 L 14 133 L 90 133 L 90 108",
          "M 14 36 C 16 -6 80 -4 80 34 C 80 58 62 66 40 66 M 40 66 C 68 66 90 76 90 102"
              + " C 90 146 10 146 10 104",
          "M 72 133 L 72 8 L 10 92 L 96 92 M 50 133 L 94 133",
          "M 86 22 L 86 7 L 24 7 L 24 66 C 44 46 90 52 90 94 C 90 144 14 146 10 106",
          "M 84 40 L 84 32 C 78 -4 14 0 14 80 C 14 150 90 146 90 94 C 90 52 22 46 14 90",
          "M 12 32 L 12 8 L 90 8 L 90 16 C 62 56 50 90 48 133 M 30 133 L 66 133",
          "O 50 37 28 30 O 50 102 36 33",
          "M 16 100 L 16 108 C 22 144 86 140 86 60 C 86 -10 10 -6 10 46 C 10 88 78 94 86 50")),

  /** A broad nib held at an angle: pointed, with strong contrast. */
  CALLIGRAPHIC(
      new Pen(BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 35, 0.35),
      List.of(
          "M 50 4 C 14 40 12 104 48 136 C 88 104 88 40 50 4 Z",
          "M 30 24 L 56 4 L 50 136",
          "M 16 34 C 30 -4 80 0 78 34 C 76 72 40 100 14 130 C 40 118 60 142 92 126",
          "M 18 16 L 80 6 L 44 56 C 96 60 98 128 20 136",
          "M 60 4 C 40 40 24 66 8 90 L 94 90 M 66 56 L 62 136",
          "M 84 8 L 34 8 L 28 54 C 90 50 100 124 20 136",
          "M 78 6 C 34 32 10 70 16 104 C 22 146 84 140 84 98 C 84 66 40 64 18 96",
          "M 10 16 C 30 4 60 16 90 6 C 78 44 50 80 44 136",
          "M 80 22 C 60 -8 18 6 24 36 C 32 66 86 72 82 106 C 76 146 12 146 16 106 C 20 74 78 60 80 22",
          "M 82 40 C 74 0 18 2 16 40 C 16 76 66 76 82 40 C 84 84 62 120 30 136")),

  /** Straight lines with cut corners, as on a sports shirt. */
  OCTAGONAL(
      Pen.sharp(),
      List.of(
          "M 30 5 L 70 5 L 90 25 L 90 115 L 70 135 L 30 135 L 10 115 L 10 25 Z",
          "M 24 28 L 50 5 L 50 135 M 24 135 L 76 135",
          "M 10 40 L 10 25 L 30 5 L 70 5 L 90 25 L 90 50 L 10 120 L 10 135 L 92 135",
          "M 10 22 L 28 5 L 72 5 L 90 22 L 90 52 L 72 68 L 40 68 M 72 68 L 90 86 L 90 116"
              + " L 72 135 L 28 135 L 10 118",
          "M 76 135 L 76 5 L 60 5 L 10 72 L 10 94 L 96 94",
          "M 88 5 L 12 5 L 12 62 L 70 62 L 90 82 L 90 115 L 70 135 L 30 135 L 10 118",
          "M 88 24 L 72 5 L 30 5 L 10 25 L 10 115 L 30 135 L 70 135 L 90 115 L 90 82 L 72 64 L 12 64",
          "M 10 5 L 90 5 L 90 30 L 46 90 L 46 135",
          "M 30 5 L 70 5 L 86 20 L 86 52 L 70 67 L 90 84 L 90 118 L 72 135 L 28 135 L 10 118"
              + " L 10 84 L 30 67 L 14 52 L 14 20 Z M 30 67 L 70 67",
          "M 12 116 L 28 135 L 70 135 L 90 115 L 90 25 L 70 5 L 30 5 L 10 25 L 10 58 L 28 76"
              + " L 88 76")),

  /** Five by seven dots, as on a bus. */
  DOT_MATRIX(
      new Pen(BasicStroke.CAP_SQUARE, BasicStroke.JOIN_MITER, 0, 1),
      List.of(
          dots(".###.", "#...#", "#..##", "#.#.#", "##..#", "#...#", ".###."),
          dots("..#..", ".##..", "..#..", "..#..", "..#..", "..#..", ".###."),
          dots(".###.", "#...#", "....#", "...#.", "..#..", ".#...", "#####"),
          dots("#####", "...#.", "..#..", "...#.", "....#", "#...#", ".###."),
          dots("...#.", "..##.", ".#.#.", "#..#.", "#####", "...#.", "...#."),
          dots("#####", "#....", "####.", "....#", "....#", "#...#", ".###."),
          dots("..##.", ".#...", "#....", "####.", "#...#", "#...#", ".###."),
          dots("#####", "....#", "...#.", "..#..", ".#...", ".#...", ".#..."),
          dots(".###.", "#...#", "#...#", ".###.", "#...#", "#...#", ".###."),
          dots(".###.", "#...#", "#...#", ".####", "....#", "...#.", ".##..")));

  /** Width of the box that a digit is drawn in. */
  static final int WIDTH = 100;

  /** Height of the box that a digit is drawn in. */
  static final int HEIGHT = 140;

  private final Pen pen;
  private final List<Path2D> centreLines;

  Typeface(Pen pen, List<String> digits) {
    if (digits.size() != 10) {
      throw new IllegalArgumentException(name() + " has " + digits.size() + " digits, not 10");
    }
    this.pen = pen;
    this.centreLines = digits.stream().map(Typeface::parse).toList();
  }

  /** A fresh copy of the centre line of {@code digit} (0 to 9), for the caller to bend. */
  Path2D centreLine(int digit) {
    return new Path2D.Double(centreLines.get(digit));
  }

  /** What this typeface's pen, {@code width} units wide, covers when it follows {@code line}. */
  Shape stroke(Path2D line, double width) {
    return pen.stroke(line, width);
  }

  /**
   * A pen: an ellipse whose short axis is {@code ratio} of its long one, turned by {@code
   * angleDegrees} against the horizontal.
   */
  private record Pen(int cap, int join, double angleDegrees, double ratio) {
    static Pen round() {
      return new Pen(BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND, 0, 1);
    }

    static Pen sharp() {
      return new Pen(BasicStroke.CAP_BUTT, BasicStroke.JOIN_MITER, 0, 1);
    }

    static Pen butt() {
      return new Pen(BasicStroke.CAP_BUTT, BasicStroke.JOIN_BEVEL, 0, 1);
    }

    Shape stroke(Path2D line, double width) {
      // A flat nib leaves less ink: widen it, so that all typefaces are about as dark.
      var basic = new BasicStroke((float) (width / Math.sqrt(ratio)), cap, join, 4f);
      if (ratio == 1) {
        return basic.createStrokedShape(line);
      }
      // Stroke with a round pen in a space where the ellipse is a circle, then come back.
      var toPage = AffineTransform.getRotateInstance(Math.toRadians(-angleDegrees));
      toPage.scale(1, ratio);
      var toPen = AffineTransform.getScaleInstance(1, 1 / ratio);
      toPen.rotate(Math.toRadians(angleDegrees));
      var outline = basic.createStrokedShape(toPen.createTransformedShape(line));
      return toPage.createTransformedShape(outline);
    }
  }

  private static String segments(String lit) {
    var path = new StringJoiner(" ");
    for (int i = 0; i < lit.length(); i++) {
      path.add(
          switch (lit.charAt(i)) {
            case 'a' -> "M 8 5 L 92 5";
            case 'b' -> "M 90 9 L 90 65";
            case 'c' -> "M 90 75 L 90 131";
            case 'd' -> "M 8 135 L 92 135";
            case 'e' -> "M 10 75 L 10 131";
            case 'f' -> "M 10 9 L 10 65";
            case 'g' -> "M 14 70 L 86 70";
            default -> throw new IllegalArgumentException("no segment " + lit.charAt(i));
          });
    }
    return path.toString();
  }

  private static String dots(String... rows) {
    var path = new StringJoiner(" ");
    for (int row = 0; row < rows.length; row++) {
      for (int column = 0; column < rows[row].length(); column++) {
        if (rows[row].charAt(column) == '#') {
          int x = 10 + 20 * column;
          int y = 10 + 20 * row;
          path.add("M " + x + " " + y + " L " + x + ".01 " + y);
        }
      }
    }
    return path.toString();
  }

  private static Path2D parse(String text) {
    var path = new Path2D.Double();
    var tokens = List.of(text.split(" ")).iterator();
    while (tokens.hasNext()) {
      String command = tokens.next();
      int arguments =
          switch (command) {
            case "M", "L" -> 2;
            case "C" -> 6;
            case "O" -> 4;
            case "Z" -> 0;
            default ->
                throw new IllegalArgumentException("no path command " + command + " in " + text);
          };
      var a = new double[arguments];
      for (int i = 0; i < arguments; i++) {
        a[i] = Double.parseDouble(tokens.next());
      }
      switch (command) {
        case "M" -> path.moveTo(a[0], a[1]);
        case "L" -> path.lineTo(a[0], a[1]);
        case "C" -> path.curveTo(a[0], a[1], a[2], a[3], a[4], a[5]);
        case "O" ->
            path.append(new Ellipse2D.Double(a[0] - a[2], a[1] - a[3], 2 * a[2], 2 * a[3]), false);
        default -> path.closePath();
      }
    }
    return path;
  }
}
