package io.javatorch.conversion.value;

import java.util.Arrays;

/** A JSON text under construction, in the form of Python's {@code json.dumps}: ASCII alone. */
final class JsonOut {
  private static final char[] HEX = "0123456789abcdef".toCharArray();

  /** Grown buffers beyond this are not kept for the next value. */
  private static final int KEPT_BYTES = 1 << 20;

  private byte[] bytes = new byte[256];
  private int size;

  void reset() {
    size = 0;
    if (bytes.length > KEPT_BYTES) {
      bytes = new byte[256];
    }
  }

  byte[] toByteArray() {
    return Arrays.copyOf(bytes, size);
  }

  void ascii(char c) {
    reserve(1);
    bytes[size++] = (byte) c;
  }

  /** Text of ASCII that needs no escaping. */
  @SuppressWarnings("deprecation") // It takes the low bytes, which is what ASCII is.
  void ascii(String text) {
    int length = text.length();
    reserve(length);
    text.getBytes(0, length, bytes, size);
    size += length;
  }

  void number(long value) {
    if (value >= 0 && value < 10) {
      ascii((char) ('0' + value));
    } else {
      ascii(Long.toString(value));
    }
  }

  /** Text in quotes. */
  void quoted(String text) {
    // Each character takes six bytes at the most.
    ascii('"');
    int length = text.length();
    for (int i = 0; i < length; i++) {
      reserve(6);
      char c = text.charAt(i);
      if (c >= ' ' && c <= '~') {
        if (c == '"' || c == '\\') {
          bytes[size++] = '\\';
        }
        bytes[size++] = (byte) c;
      } else {
        escaped(c);
      }
    }
    ascii('"');
  }

  private void escaped(char c) {
    bytes[size++] = '\\';
    switch (c) {
      case '\n' -> bytes[size++] = 'n';
      case '\r' -> bytes[size++] = 'r';
      case '\t' -> bytes[size++] = 't';
      case '\b' -> bytes[size++] = 'b';
      case '\f' -> bytes[size++] = 'f';
      default -> {
        bytes[size++] = 'u';
        bytes[size++] = (byte) HEX[c >> 12];
        bytes[size++] = (byte) HEX[c >> 8 & 15];
        bytes[size++] = (byte) HEX[c >> 4 & 15];
        bytes[size++] = (byte) HEX[c & 15];
      }
    }
  }

  private void reserve(int more) {
    if (more > bytes.length - size) {
      bytes =
          Arrays.copyOf(
              bytes,
              Math.max(
                  Math.addExact(size, more),
                  (int) Math.min(2L * bytes.length, Integer.MAX_VALUE - 8)));
    }
  }
}
