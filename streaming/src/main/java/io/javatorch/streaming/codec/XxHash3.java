package io.javatorch.streaming.codec;

import static io.javatorch.streaming.codec.XxHash64.PRIME_1;
import static io.javatorch.streaming.codec.XxHash64.PRIME_2;
import static io.javatorch.streaming.codec.XxHash64.PRIME_3;
import static io.javatorch.streaming.codec.XxHash64.PRIME_4;
import static io.javatorch.streaming.codec.XxHash64.PRIME_5;

import java.nio.ByteBuffer;
import java.util.HexFormat;

/**
 * XXH3 of 64 or 128 bits, with seed 0 and the default secret, as the xxHash specification has it.
 */
final class XxHash3 extends BlockHasher {
  private static final byte[] SECRET =
      HexFormat.of()
          .parseHex(
              "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671f"
                  + "cb79e64eccc0e578825ad07dccff7221b8084674f743248ee03590e6813a264c"
                  + "3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8"
                  + "a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364"
                  + "eac5ac8334d3ebc3c581a0fffa1363eb170ddd51b7f0da49d316552629d4689e"
                  + "2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e");
  private static final long PRIME_32_1 = 0x9E3779B1L;
  private static final long PRIME_32_2 = 0x85EBCA77L;
  private static final long PRIME_32_3 = 0xC2B2AE3DL;
  private static final long PRIME_MX_1 = 0x165667919E3779F9L;
  private static final long PRIME_MX_2 = 0x9FB21C651E98DF25L;
  private static final int STRIPE_BYTES = 64;
  private static final int STRIPES_PER_BLOCK = 16;

  /** Up to this length the input is hashed as a whole. */
  private static final int SHORT_BYTES = 240;

  private final boolean wide;
  private final long[] lanes = {
    PRIME_32_3, PRIME_1, PRIME_2, PRIME_3, PRIME_4, PRIME_32_2, PRIME_5, PRIME_32_1
  };
  private int stripe;

  XxHash3(boolean wide) {
    super(STRIPE_BYTES);
    this.wide = wide;
  }

  @Override
  int consume(byte[] bytes, int from, int to) {
    int at = from;
    while (to - at > STRIPE_BYTES) {
      accumulate(bytes, at, 8 * stripe);
      at += STRIPE_BYTES;
      if (++stripe == STRIPES_PER_BLOCK) {
        scramble();
        stripe = 0;
      }
    }
    return at;
  }

  private void accumulate(byte[] bytes, int at, int secret) {
    // In pairs, which add each other's input.
    for (int i = 0; i < 8; i += 2) {
      long even = u64(bytes, at + 8 * i);
      long odd = u64(bytes, at + 8 * i + 8);
      lanes[i] += odd + product(even ^ secret(secret + 8 * i));
      lanes[i + 1] += even + product(odd ^ secret(secret + 8 * i + 8));
    }
  }

  /** The lower half times the upper half. */
  private static long product(long key) {
    return (key & 0xffffffffL) * (key >>> 32);
  }

  private void scramble() {
    // Not a loop: C2 of JDK 17.0.15 makes vector code of one that computes something else.
    scramble(0);
    scramble(1);
    scramble(2);
    scramble(3);
    scramble(4);
    scramble(5);
    scramble(6);
    scramble(7);
  }

  private void scramble(int lane) {
    long value = lanes[lane];
    lanes[lane] = (value ^ value >>> 47 ^ secret(128 + 8 * lane)) * PRIME_32_1;
  }

  @Override
  byte[] finish(byte[] bytes, int from, int to, long length) {
    if (length <= SHORT_BYTES) {
      return wide ? short128(bytes, (int) length) : digest(short64(bytes, (int) length));
    }
    consume(bytes, from, to);
    accumulate(bytes, to - STRIPE_BYTES, 121);
    long low = merge(11, length * PRIME_1);
    return wide ? digest(merge(117, ~(length * PRIME_2)), low) : digest(low);
  }

  private long merge(int secret, long start) {
    long hash = start;
    for (int i = 0; i < 8; i += 2) {
      hash += fold(lanes[i] ^ secret(secret + 8 * i), lanes[i + 1] ^ secret(secret + 8 * i + 8));
    }
    return avalanche(hash);
  }

  private static long short64(byte[] in, int length) {
    if (length == 0) {
      return XxHash64.avalanche(secret(56) ^ secret(64));
    }
    if (length <= 3) {
      return XxHash64.avalanche((tiny(in, length) ^ u32(SECRET, 0) ^ u32(SECRET, 4)) & 0xffffffffL);
    }
    if (length <= 8) {
      long input = (u32(in, length - 4) & 0xffffffffL) + ((long) u32(in, 0) << 32);
      long hash = input ^ secret(8) ^ secret(16);
      hash ^= Long.rotateLeft(hash, 49) ^ Long.rotateLeft(hash, 24);
      hash *= PRIME_MX_2;
      hash = (hash ^ (hash >>> 35) + length) * PRIME_MX_2;
      return hash ^ hash >>> 28;
    }
    if (length <= 16) {
      long low = u64(in, 0) ^ secret(24) ^ secret(32);
      long high = u64(in, length - 8) ^ secret(40) ^ secret(48);
      return avalanche(length + Long.reverseBytes(low) + high + fold(low, high));
    }
    long hash = length * PRIME_1;
    if (length <= 128) {
      for (int i = (length - 1) / 32; i >= 0; i--) {
        hash += mix(in, 16 * i, 32 * i) + mix(in, length - 16 * (i + 1), 32 * i + 16);
      }
      return avalanche(hash);
    }
    for (int i = 0; i < 8; i++) {
      hash += mix(in, 16 * i, 16 * i);
    }
    hash = avalanche(hash);
    for (int i = 8; i < length / 16; i++) {
      hash += mix(in, 16 * i, 16 * (i - 8) + 3);
    }
    return avalanche(hash + mix(in, length - 16, 119));
  }

  private static byte[] short128(byte[] in, int length) {
    if (length == 0) {
      return digest(
          XxHash64.avalanche(secret(80) ^ secret(88)), XxHash64.avalanche(secret(64) ^ secret(72)));
    }
    if (length <= 3) {
      int low = tiny(in, length);
      int high = Integer.rotateLeft(Integer.reverseBytes(low), 13);
      return digest(
          XxHash64.avalanche((high ^ u32(SECRET, 8) ^ u32(SECRET, 12)) & 0xffffffffL),
          XxHash64.avalanche((low ^ u32(SECRET, 0) ^ u32(SECRET, 4)) & 0xffffffffL));
    }
    if (length <= 8) {
      long input = (u32(in, 0) & 0xffffffffL) + ((long) u32(in, length - 4) << 32);
      long keyed = input ^ secret(16) ^ secret(24);
      long factor = PRIME_1 + ((long) length << 2);
      long low = keyed * factor;
      long high = unsignedHigh(keyed, factor) + (low << 1);
      low ^= high >>> 3;
      low = (low ^ low >>> 35) * PRIME_MX_2;
      return digest(avalanche(high), low ^ low >>> 28);
    }
    if (length <= 16) {
      long first = u64(in, 0);
      long last = u64(in, length - 8);
      long keyed = first ^ last ^ secret(32) ^ secret(40);
      long low = keyed * PRIME_1 + ((long) (length - 1) << 54);
      last ^= secret(48) ^ secret(56);
      long high = unsignedHigh(keyed, PRIME_1) + last + (last & 0xffffffffL) * (PRIME_32_2 - 1);
      low ^= Long.reverseBytes(high);
      return digest(
          avalanche(unsignedHigh(low, PRIME_2) + high * PRIME_2), avalanche(low * PRIME_2));
    }
    var hash = new long[] {length * PRIME_1, 0};
    if (length <= 128) {
      for (int i = (length - 1) / 32; i >= 0; i--) {
        mixPair(hash, in, 16 * i, length - 16 * (i + 1), 32 * i);
      }
    } else {
      for (int i = 0; i < 128; i += 32) {
        mixPair(hash, in, i, i + 16, i);
      }
      hash[0] = avalanche(hash[0]);
      hash[1] = avalanche(hash[1]);
      for (int i = 128; i + 32 <= length; i += 32) {
        mixPair(hash, in, i, i + 16, i - 128 + 3);
      }
      mixPair(hash, in, length - 16, length - 32, 103);
    }
    long high = hash[0] * PRIME_1 + hash[1] * PRIME_4 + length * PRIME_2;
    return digest(-avalanche(high), avalanche(hash[0] + hash[1]));
  }

  private static int tiny(byte[] in, int length) {
    return (in[0] & 0xff) << 16
        | (in[length >> 1] & 0xff) << 24
        | (in[length - 1] & 0xff)
        | length << 8;
  }

  private static long mix(byte[] in, int at, int secret) {
    return fold(u64(in, at) ^ secret(secret), u64(in, at + 8) ^ secret(secret + 8));
  }

  private static void mixPair(long[] hash, byte[] in, int first, int second, int secret) {
    hash[0] += mix(in, first, secret);
    hash[0] ^= u64(in, second) + u64(in, second + 8);
    hash[1] += mix(in, second, secret + 16);
    hash[1] ^= u64(in, first) + u64(in, first + 8);
  }

  private static long fold(long a, long b) {
    return a * b ^ unsignedHigh(a, b);
  }

  /** The upper half of the unsigned product; {@code Math} has it from JDK 18 on. */
  private static long unsignedHigh(long a, long b) {
    return Math.multiplyHigh(a, b) + (a >> 63 & b) + (b >> 63 & a);
  }

  private static long avalanche(long hash) {
    long h = (hash ^ hash >>> 37) * PRIME_MX_1;
    return h ^ h >>> 32;
  }

  private static long secret(int at) {
    return u64(SECRET, at);
  }

  private static byte[] digest(long hash) {
    return ByteBuffer.allocate(8).putLong(hash).array();
  }

  private static byte[] digest(long high, long low) {
    return ByteBuffer.allocate(16).putLong(high).putLong(low).array();
  }
}
