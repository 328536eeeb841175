package io.javatorch.streaming.storage;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * A file or directory of a Unity Catalog volume.
 *
 * @param text {@code /Volumes/<catalog>/<schema>/<volume>} and the parts below it, without a slash
 *     at the end
 */
record VolumePath(String text) {
  static final String PREFIX = "/Volumes/";
  private static final String DBFS = "dbfs:";
  private static final int NAMES = 3;

  /** Whether a location is one of a volume, well-formed or not. */
  static boolean isMeantBy(String location) {
    return location.startsWith(PREFIX) || isDbfs(location);
  }

  /** Whether a location is one of a volume under the scheme {@code dbfs}. */
  static boolean isDbfs(String location) {
    return location.regionMatches(true, 0, DBFS, 0, DBFS.length())
        && withoutScheme(location).startsWith(PREFIX);
  }

  private static String withoutScheme(String location) {
    String path = location.substring(DBFS.length());
    return path.startsWith("//") ? path.substring(2) : path;
  }

  /**
   * The directory that a location means.
   *
   * @throws IllegalArgumentException if it does not name a volume
   */
  static VolumePath of(String location) {
    String path =
        location.toLowerCase(Locale.ROOT).startsWith(DBFS) ? withoutScheme(location) : location;
    String normal = path.replaceAll("/+", "/").replaceAll("/$", "");
    List<String> parts = Arrays.asList(normal.substring(1).split("/"));
    if (parts.size() < NAMES + 1 || parts.contains(".") || parts.contains("..")) {
      throw new IllegalArgumentException(
          location + " names no volume: write /Volumes/<catalog>/<schema>/<volume>/<directory>");
    }
    return new VolumePath(normal);
  }

  /**
   * A path below this one.
   *
   * @throws IllegalArgumentException if it would lead out of here
   */
  VolumePath resolve(String path) {
    if (path.isEmpty()) {
      return this;
    }
    for (String part : path.split("/", -1)) {
      if (part.isEmpty() || part.equals(".") || part.equals("..")) {
        throw new IllegalArgumentException(path + " is not a path under " + text);
      }
    }
    return new VolumePath(text + "/" + path);
  }

  VolumePath parent() {
    return new VolumePath(text.substring(0, text.lastIndexOf('/')));
  }

  /** The volume's name in SQL, for messages. */
  String volume() {
    String[] parts = text.substring(PREFIX.length()).split("/");
    return String.join(".", Arrays.copyOf(parts, NAMES));
  }

  /** This path for a URL; only what needs no escape anywhere is left as it is. */
  String encoded() {
    var encoded = new StringBuilder(text.length() + 16);
    for (byte unit : text.getBytes(StandardCharsets.UTF_8)) {
      char c = (char) (unit & 0xff);
      if (isPlain(c)) {
        encoded.append(c);
      } else {
        encoded.append('%');
        encoded.append(Character.toUpperCase(Character.forDigit(c >> 4, 16)));
        encoded.append(Character.toUpperCase(Character.forDigit(c & 0xf, 16)));
      }
    }
    return encoded.toString();
  }

  private static boolean isPlain(char c) {
    return (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || (c >= '0' && c <= '9')
        || "/-._~".indexOf(c) >= 0;
  }

  @Override
  public String toString() {
    return text;
  }
}
