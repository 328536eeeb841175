package io.javatorch.conversion.source;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** Options by name in any case, of which none is unknown. */
final class OptionParser {
  private final Map<String, String> options;

  private OptionParser(Map<String, String> options) {
    this.options = options;
  }

  /**
   * Takes options.
   *
   * @param purpose what they are for, for messages
   * @param names the names that there are
   * @throws IllegalArgumentException if one is unknown, which the message says with the known name
   *     next to it, or is given twice
   */
  static OptionParser of(String purpose, List<String> names, Map<String, String> given) {
    var options = new TreeMap<String, String>(String.CASE_INSENSITIVE_ORDER);
    given.forEach(
        (name, value) -> {
          if (names.stream().noneMatch(name::equalsIgnoreCase)) {
            throw new IllegalArgumentException(unknown(purpose, name, names));
          }
          if (options.put(name, value) != null) {
            throw new IllegalArgumentException("The option " + name + " is given twice");
          }
        });
    return new OptionParser(options);
  }

  /** The value of an option as it is; empty if it is not given. */
  String text(String name) {
    return options.getOrDefault(name, "");
  }

  interface Parser<T> {
    T parse(String value);
  }

  /**
   * The value of an option.
   *
   * @throws IllegalArgumentException if it cannot be parsed; the message names the option
   */
  <T> T value(String name, String byDefault, Parser<T> parser) {
    try {
      return parser.parse(options.getOrDefault(name, byDefault).strip());
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("The option " + name + ": " + e.getMessage(), e);
    }
  }

  private static String unknown(String purpose, String name, List<String> names) {
    var lower = name.toLowerCase(Locale.ROOT);
    var nearest = names.get(0);
    for (var known : names) {
      if (distance(lower, known.toLowerCase(Locale.ROOT))
          < distance(lower, nearest.toLowerCase(Locale.ROOT))) {
        nearest = known;
      }
    }
    return "There is no option '%s' for %s; did you mean %s? There are %s"
        .formatted(name, purpose, nearest, String.join(", ", names));
  }

  /** How many letters have to be changed, added or left out. */
  private static int distance(String from, String to) {
    var row = new int[to.length() + 1];
    for (int j = 0; j <= to.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= from.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= to.length(); j++) {
        int above = row[j];
        int changed = diagonal + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
        row[j] = Math.min(changed, Math.min(above, row[j - 1]) + 1);
        diagonal = above;
      }
    }
    return row[to.length()];
  }
}
