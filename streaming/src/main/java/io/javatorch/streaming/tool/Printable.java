package io.javatorch.streaming.tool;

import java.util.regex.Pattern;

/**
 * Text from data sets, such as names of columns and files, made fit for a terminal: what would move
 * its cursor, change its colours or turn the direction of the text is not sent to it.
 */
final class Printable {
  private static final Pattern UNFIT = Pattern.compile("[\\p{Cc}\\p{Cf}\\p{Cs}\\p{Zl}\\p{Zp}]");

  private Printable() {}

  /** Text on one line, with a dot for each character that is not fit. */
  static String of(String text) {
    return UNFIT.matcher(text).replaceAll("·");
  }

  /** JSON with each character that is not fit as its escape, which means the same. */
  static String json(String json) {
    for (int i = 0; i < json.length(); i++) {
      if (json.charAt(i) >= 0x7f) {
        return UNFIT.matcher(json).replaceAll(match -> escaped(match.group()));
      }
    }
    // Jackson has escaped the others.
    return json;
  }

  private static String escaped(String character) {
    var text = new StringBuilder();
    for (int i = 0; i < character.length(); i++) {
      // Doubled for the matcher.
      text.append(String.format("\\\\u%04x", (int) character.charAt(i)));
    }
    return text.toString();
  }
}
