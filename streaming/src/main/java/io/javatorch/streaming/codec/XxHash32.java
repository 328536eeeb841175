package io.javatorch.streaming.codec;

import static java.lang.Integer.rotateLeft;

import java.nio.ByteBuffer;

/** XXH32 with seed 0, as the xxHash specification has it. */
final class XxHash32 extends BlockHasher {
  private static final int PRIME_1 = 0x9E3779B1;
  private static final int PRIME_2 = 0x85EBCA77;
  private static final int PRIME_3 = 0xC2B2AE3D;
  private static final int PRIME_4 = 0x27D4EB2F;
  private static final int PRIME_5 = 0x165667B1;

  /** The sum of the first two primes, which overflows. */
  private int a = 0x24234428;

  private int b = PRIME_2;
  private int c;
  private int d = -PRIME_1;

  XxHash32() {
    super(0);
  }

  @Override
  int consume(byte[] bytes, int from, int to) {
    int at = from;
    while (to - at > 16) {
      stripe(bytes, at);
      at += 16;
    }
    return at;
  }

  private void stripe(byte[] bytes, int at) {
    a = round(a, u32(bytes, at));
    b = round(b, u32(bytes, at + 4));
    c = round(c, u32(bytes, at + 8));
    d = round(d, u32(bytes, at + 12));
  }

  private static int round(int lane, int input) {
    return rotateLeft(lane + input * PRIME_2, 13) * PRIME_1;
  }

  @Override
  byte[] finish(byte[] bytes, int from, int to, long length) {
    int at = from;
    for (; to - at >= 16; at += 16) {
      stripe(bytes, at);
    }
    int hash =
        length >= 16
            ? rotateLeft(a, 1) + rotateLeft(b, 7) + rotateLeft(c, 12) + rotateLeft(d, 18)
            : PRIME_5;
    hash += (int) length;
    for (; to - at >= 4; at += 4) {
      hash = rotateLeft(hash + u32(bytes, at) * PRIME_3, 17) * PRIME_4;
    }
    for (; at < to; at++) {
      hash = rotateLeft(hash + (bytes[at] & 0xff) * PRIME_5, 11) * PRIME_1;
    }
    hash = (hash ^ hash >>> 15) * PRIME_2;
    hash = (hash ^ hash >>> 13) * PRIME_3;
    return ByteBuffer.allocate(4).putInt(hash ^ hash >>> 16).array();
  }
}
