package io.javatorch.streaming.tool;

import java.util.Locale;

/** Numbers as people read them. */
final class Sizes {
  private static final String[] UNITS = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};

  private Sizes() {}

  static String bytes(double bytes) {
    int unit = 0;
    double size = bytes;
    while (size >= 1024 && unit < UNITS.length - 1) {
      size /= 1024;
      unit++;
    }
    return String.format(Locale.ROOT, unit == 0 ? "%.0f %s" : "%.1f %s", size, UNITS[unit]);
  }

  static String count(long count) {
    return String.format(Locale.ROOT, "%,d", count);
  }
}
