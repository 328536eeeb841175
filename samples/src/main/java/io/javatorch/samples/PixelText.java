package io.javatorch.samples;

import java.awt.Graphics2D;
import java.util.Locale;
import java.util.Map;

/**
 * Small letters for a picture, drawn pixel by pixel: a headless JDK may have no fonts at all. Knows
 * the characters that {@link LossCurve} needs and leaves a gap for any other.
 */
final class PixelText {
  /** Height of a character in pixels; those below the line are two higher. */
  static final int HEIGHT = 7;

  /** From one character to the next, in pixels. */
  static final int ADVANCE = 6;

  /** Seven or nine rows of five pixels. */
  private static final Map<Character, String> GLYPHS =
      Map.ofEntries(
          Map.entry('0', ".###. #...# #..## #.#.# ##..# #...# .###."),
          Map.entry('1', "..#.. .##.. ..#.. ..#.. ..#.. ..#.. .###."),
          Map.entry('2', ".###. #...# ....# ...#. ..#.. .#... #####"),
          Map.entry('3', ".###. #...# ....# ..##. ....# #...# .###."),
          Map.entry('4', "...#. ..##. .#.#. #..#. ##### ...#. ...#."),
          Map.entry('5', "##### #.... ####. ....# ....# #...# .###."),
          Map.entry('6', "..##. .#... #.... ####. #...# #...# .###."),
          Map.entry('7', "##### ....# ...#. ..#.. .#... .#... .#..."),
          Map.entry('8', ".###. #...# #...# .###. #...# #...# .###."),
          Map.entry('9', ".###. #...# #...# .#### ....# ...#. .##.."),
          Map.entry('.', "..... ..... ..... ..... ..... .##.. .##.."),
          Map.entry(',', "..... ..... ..... ..... ..... .##.. .##.. ..#.. .#..."),
          Map.entry('a', "..... ..... .###. ....# .#### #...# .####"),
          Map.entry('b', "#.... #.... ####. #...# #...# #...# ####."),
          Map.entry('d', "....# ....# .#### #...# #...# #...# .####"),
          Map.entry('e', "..... ..... .###. #...# ##### #.... .###."),
          Map.entry('f', "..##. .#... ####. .#... .#... .#... .#..."),
          Map.entry('g', "..... ..... .#### #...# #...# #...# .#### ....# .###."),
          Map.entry('i', "..#.. ..... .##.. ..#.. ..#.. ..#.. .###."),
          Map.entry('l', ".##.. ..#.. ..#.. ..#.. ..#.. ..#.. .###."),
          Map.entry('m', "..... ..... ##.#. #.#.# #.#.# #.#.# #.#.#"),
          Map.entry('n', "..... ..... ####. #...# #...# #...# #...#"),
          Map.entry('o', "..... ..... .###. #...# #...# #...# .###."),
          Map.entry('p', "..... ..... ####. #...# #...# #...# ####. #.... #...."),
          Map.entry('r', "..... ..... #.##. ##..# #.... #.... #...."),
          Map.entry('s', "..... ..... .#### #.... .###. ....# ####."),
          Map.entry('t', ".#... .#... ####. .#... .#... .#..# ..##."),
          Map.entry('u', "..... ..... #...# #...# #...# #...# .####"));

  private PixelText() {}

  /** Width of {@code text} in pixels. */
  static int width(String text) {
    return text.length() * ADVANCE - 1;
  }

  /** Draws {@code text} in the graphics' colour, its top left corner at {@code x}, {@code y}. */
  static void draw(Graphics2D graphics, String text, int x, int y) {
    var lower = text.toLowerCase(Locale.ROOT);
    for (int i = 0; i < lower.length(); i++) {
      var glyph = GLYPHS.getOrDefault(lower.charAt(i), "");
      for (int at = 0; at < glyph.length(); at++) {
        if (glyph.charAt(at) == '#') {
          graphics.fillRect(x + i * ADVANCE + at % 6, y + at / 6, 1, 1);
        }
      }
    }
  }
}
