package io.javatorch.streaming.codec;

import static java.lang.Long.rotateLeft;

import java.nio.ByteBuffer;

/** XXH64 with seed 0, as the xxHash specification has it. */
final class XxHash64 extends BlockHasher {
  static final long PRIME_1 = 0x9E3779B185EBCA87L;
  static final long PRIME_2 = 0xC2B2AE3D27D4EB4FL;
  static final long PRIME_3 = 0x165667B19E3779F9L;
  static final long PRIME_4 = 0x85EBCA77C2B2AE63L;
  static final long PRIME_5 = 0x27D4EB2F165667C5L;

  /** The sum of the first two primes, which overflows. */
  private long a = 0x60EA27EEADC0B5D6L;

  private long b = PRIME_2;
  private long c;
  private long d = -PRIME_1;

  XxHash64() {
    super(0);
  }

  @Override
  int consume(byte[] bytes, int from, int to) {
    int at = from;
    while (to - at > 32) {
      stripe(bytes, at);
      at += 32;
    }
    return at;
  }

  private void stripe(byte[] bytes, int at) {
    a = round(a, u64(bytes, at));
    b = round(b, u64(bytes, at + 8));
    c = round(c, u64(bytes, at + 16));
    d = round(d, u64(bytes, at + 24));
  }

  private static long round(long lane, long input) {
    return rotateLeft(lane + input * PRIME_2, 31) * PRIME_1;
  }

  private static long merge(long hash, long lane) {
    return (hash ^ round(0, lane)) * PRIME_1 + PRIME_4;
  }

  static long avalanche(long hash) {
    long h = (hash ^ hash >>> 33) * PRIME_2;
    h = (h ^ h >>> 29) * PRIME_3;
    return h ^ h >>> 32;
  }

  @Override
  byte[] finish(byte[] bytes, int from, int to, long length) {
    int at = from;
    for (; to - at >= 32; at += 32) {
      stripe(bytes, at);
    }
    long hash = PRIME_5;
    if (length >= 32) {
      hash = rotateLeft(a, 1) + rotateLeft(b, 7) + rotateLeft(c, 12) + rotateLeft(d, 18);
      hash = merge(merge(merge(merge(hash, a), b), c), d);
    }
    hash += length;
    for (; to - at >= 8; at += 8) {
      hash = rotateLeft(hash ^ round(0, u64(bytes, at)), 27) * PRIME_1 + PRIME_4;
    }
    if (to - at >= 4) {
      hash = rotateLeft(hash ^ (u32(bytes, at) & 0xffffffffL) * PRIME_1, 23) * PRIME_2 + PRIME_3;
      at += 4;
    }
    for (; at < to; at++) {
      hash = rotateLeft(hash ^ (bytes[at] & 0xff) * PRIME_5, 11) * PRIME_1;
    }
    return ByteBuffer.allocate(8).putLong(avalanche(hash)).array();
  }
}
