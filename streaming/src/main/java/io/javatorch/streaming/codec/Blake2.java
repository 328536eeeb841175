package io.javatorch.streaming.codec;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** BLAKE2b-512 and BLAKE2s-256 without a key, as RFC 7693 has them. */
final class Blake2 {
  private static final byte[][] SIGMA = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
    {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
    {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
    {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
    {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
  };

  private Blake2() {}

  static HashAlgorithm.Hasher b() {
    return new B();
  }

  static HashAlgorithm.Hasher s() {
    return new S();
  }

  private static final class B extends BlockHasher {
    private static final long[] IV = {
      0x6a09e667f3bcc908L,
      0xbb67ae8584caa73bL,
      0x3c6ef372fe94f82bL,
      0xa54ff53a5f1d36f1L,
      0x510e527fade682d1L,
      0x9b05688c2b3e6c1fL,
      0x1f83d9abfb41bd6bL,
      0x5be0cd19137e2179L
    };

    private final long[] h = IV.clone();
    private final long[] v = new long[16];
    private final long[] m = new long[16];
    private long counted;

    B() {
      super(0);
      // Parameters: digest of 64 bytes, no key, fan-out and depth 1.
      h[0] ^= 0x01010040;
    }

    @Override
    int consume(byte[] bytes, int from, int to) {
      int at = from;
      while (to - at > 128) {
        counted += 128;
        compress(bytes, at, false);
        at += 128;
      }
      return at;
    }

    @Override
    byte[] finish(byte[] bytes, int from, int to, long length) {
      int at = consume(bytes, from, to);
      counted = length;
      var block = Arrays.copyOfRange(bytes, at, at + 128);
      Arrays.fill(block, to - at, 128, (byte) 0);
      compress(block, 0, true);
      var digest = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
      digest.asLongBuffer().put(h);
      return digest.array();
    }

    private void compress(byte[] block, int at, boolean last) {
      System.arraycopy(h, 0, v, 0, 8);
      System.arraycopy(IV, 0, v, 8, 8);
      v[12] ^= counted;
      if (last) {
        v[14] = ~v[14];
      }
      for (int i = 0; i < 16; i++) {
        m[i] = u64(block, at + 8 * i);
      }
      for (int round = 0; round < 12; round++) {
        var s = SIGMA[round % 10];
        mix(0, 4, 8, 12, m[s[0]], m[s[1]]);
        mix(1, 5, 9, 13, m[s[2]], m[s[3]]);
        mix(2, 6, 10, 14, m[s[4]], m[s[5]]);
        mix(3, 7, 11, 15, m[s[6]], m[s[7]]);
        mix(0, 5, 10, 15, m[s[8]], m[s[9]]);
        mix(1, 6, 11, 12, m[s[10]], m[s[11]]);
        mix(2, 7, 8, 13, m[s[12]], m[s[13]]);
        mix(3, 4, 9, 14, m[s[14]], m[s[15]]);
      }
      for (int i = 0; i < 8; i++) {
        h[i] ^= v[i] ^ v[i + 8];
      }
    }

    private void mix(int a, int b, int c, int d, long x, long y) {
      v[a] += v[b] + x;
      v[d] = Long.rotateRight(v[d] ^ v[a], 32);
      v[c] += v[d];
      v[b] = Long.rotateRight(v[b] ^ v[c], 24);
      v[a] += v[b] + y;
      v[d] = Long.rotateRight(v[d] ^ v[a], 16);
      v[c] += v[d];
      v[b] = Long.rotateRight(v[b] ^ v[c], 63);
    }
  }

  private static final class S extends BlockHasher {
    private static final int[] IV = {
      0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19
    };

    private final int[] h = IV.clone();
    private final int[] v = new int[16];
    private final int[] m = new int[16];
    private long counted;

    S() {
      super(0);
      // Parameters: digest of 32 bytes, no key, fan-out and depth 1.
      h[0] ^= 0x01010020;
    }

    @Override
    int consume(byte[] bytes, int from, int to) {
      int at = from;
      while (to - at > 64) {
        counted += 64;
        compress(bytes, at, false);
        at += 64;
      }
      return at;
    }

    @Override
    byte[] finish(byte[] bytes, int from, int to, long length) {
      int at = consume(bytes, from, to);
      counted = length;
      var block = Arrays.copyOfRange(bytes, at, at + 64);
      Arrays.fill(block, to - at, 64, (byte) 0);
      compress(block, 0, true);
      var digest = ByteBuffer.allocate(32).order(ByteOrder.LITTLE_ENDIAN);
      digest.asIntBuffer().put(h);
      return digest.array();
    }

    private void compress(byte[] block, int at, boolean last) {
      System.arraycopy(h, 0, v, 0, 8);
      System.arraycopy(IV, 0, v, 8, 8);
      v[12] ^= (int) counted;
      v[13] ^= (int) (counted >>> 32);
      if (last) {
        v[14] = ~v[14];
      }
      for (int i = 0; i < 16; i++) {
        m[i] = u32(block, at + 4 * i);
      }
      for (int round = 0; round < 10; round++) {
        var s = SIGMA[round];
        mix(0, 4, 8, 12, m[s[0]], m[s[1]]);
        mix(1, 5, 9, 13, m[s[2]], m[s[3]]);
        mix(2, 6, 10, 14, m[s[4]], m[s[5]]);
        mix(3, 7, 11, 15, m[s[6]], m[s[7]]);
        mix(0, 5, 10, 15, m[s[8]], m[s[9]]);
        mix(1, 6, 11, 12, m[s[10]], m[s[11]]);
        mix(2, 7, 8, 13, m[s[12]], m[s[13]]);
        mix(3, 4, 9, 14, m[s[14]], m[s[15]]);
      }
      for (int i = 0; i < 8; i++) {
        h[i] ^= v[i] ^ v[i + 8];
      }
    }

    private void mix(int a, int b, int c, int d, int x, int y) {
      v[a] += v[b] + x;
      v[d] = Integer.rotateRight(v[d] ^ v[a], 16);
      v[c] += v[d];
      v[b] = Integer.rotateRight(v[b] ^ v[c], 12);
      v[a] += v[b] + y;
      v[d] = Integer.rotateRight(v[d] ^ v[a], 8);
      v[c] += v[d];
      v[b] = Integer.rotateRight(v[b] ^ v[c], 7);
    }
  }
}
