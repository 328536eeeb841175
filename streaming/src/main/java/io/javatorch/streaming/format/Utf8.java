package io.javatorch.streaming.format;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Looks whether bytes are UTF-8, without making text of them. */
final class Utf8 {
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long HIGH_BITS = 0x8080808080808080L;

  private Utf8() {}

  /** Where the first sequence begins that is not UTF-8, or -1 if all of it is. */
  static int firstMalformed(byte[] bytes) {
    int at = 0;
    while (at < bytes.length) {
      // Most text is ASCII, or has long runs of it.
      while (at <= bytes.length - Long.BYTES && ((long) LONGS.get(bytes, at) & HIGH_BITS) == 0) {
        at += Long.BYTES;
      }
      if (at == bytes.length) {
        break;
      }
      int length = sequence(bytes, at);
      if (length == 0) {
        return at;
      }
      at += length;
    }
    return -1;
  }

  /** The length of the sequence that begins there, or 0 if it is none. */
  private static int sequence(byte[] bytes, int at) {
    int lead = bytes[at];
    if (lead >= 0) {
      return 1;
    }
    int left = bytes.length - at;
    // 0xc0, 0xc1 would be two bytes for ASCII.
    if (lead >= (byte) 0xc2 && lead <= (byte) 0xdf) {
      return left >= 2 && follows(bytes[at + 1]) ? 2 : 0;
    }
    if (lead >= (byte) 0xe0 && lead <= (byte) 0xef) {
      if (left < 3 || !follows(bytes[at + 1]) || !follows(bytes[at + 2])) {
        return 0;
      }
      int code = (lead & 0x0f) << 12 | (bytes[at + 1] & 0x3f) << 6;
      boolean surrogate = code >= 0xd800 && code < 0xe000;
      return code >= 0x800 && !surrogate ? 3 : 0;
    }
    if (lead >= (byte) 0xf0 && lead <= (byte) 0xf4) {
      if (left < 4
          || !follows(bytes[at + 1])
          || !follows(bytes[at + 2])
          || !follows(bytes[at + 3])) {
        return 0;
      }
      int code = (lead & 0x07) << 18 | (bytes[at + 1] & 0x3f) << 12;
      return code >= 0x10000 && code < 0x110000 ? 4 : 0;
    }
    return 0;
  }

  private static boolean follows(byte b) {
    return b < (byte) 0xc0;
  }
}
