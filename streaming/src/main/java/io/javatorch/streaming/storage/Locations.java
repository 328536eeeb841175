package io.javatorch.streaming.storage;

/** Locations of stores as they may be shown. */
public final class Locations {
  private Locations() {}

  /**
   * The location without the password that it may have, for messages and logs: {@code
   * ftp://user:***@host/path}. What stands before an {@code @} without a colon, such as the
   * container of {@code abfss://container@account/path}, is no password. A password that has a
   * slash unescaped is hidden as well, with the host and, if the path has an {@code @}, that part
   * of the path.
   */
  public static String forMessages(String location) {
    var password = password(location);
    return password.isEmpty() ? location : hide(password, location);
  }

  /** A message without a password as it stands in locations. */
  static String hide(String password, String message) {
    return message.replace(":" + password + "@", ":***@");
  }

  /** The password of a location; empty if it has none. */
  static String password(String location) {
    int begin = location.indexOf("://");
    if (begin < 0) {
      return "";
    }
    begin += 3;
    int slash = location.indexOf('/', begin);
    int end = slash < 0 ? location.length() : slash;
    int at = location.lastIndexOf('@', end - 1);
    int host = Math.max(at + 1, begin);
    int last = location.lastIndexOf('@');
    int port = location.indexOf(':', host);
    if (last >= end && port >= 0 && port < end && !isHostAndPort(location.substring(host, end))) {
      // What looked like the host was a user and the beginning of a password.
      at = last;
    }
    int colon = location.indexOf(':', begin);
    return colon >= 0 && colon < at ? location.substring(colon + 1, at) : "";
  }

  private static boolean isHostAndPort(String text) {
    return text.matches("(\\[[0-9A-Fa-f:.]+]|[^:]*)(:[0-9]{1,5})?");
  }
}
