package io.javatorch.streaming.order;

/**
 * NumPy's {@code SeedSequence}: spreads a seed over 256 bits of generator state. Only what {@code
 * default_rng(int)} uses: no spawn keys, a pool of four words.
 */
final class SeedSequence {
  private static final int POOL = 4;

  private SeedSequence() {}

  /** Four 64-bit words: {@code SeedSequence(seed).generate_state(4, uint64)}. */
  static long[] expand(long seed) {
    int[] pool = mix(seed);
    int[] words = new int[2 * POOL];
    int hash = 0x8B51F9DD;
    for (int i = 0; i < words.length; i++) {
      int value = pool[i % POOL] ^ hash;
      hash *= 0x58F38DED;
      value *= hash;
      words[i] = value ^ value >>> 16;
    }
    long[] state = new long[POOL];
    for (int i = 0; i < POOL; i++) {
      state[i] = Integer.toUnsignedLong(words[2 * i]) | ((long) words[2 * i + 1] << 32);
    }
    return state;
  }

  private static int[] mix(long seed) {
    // The seed as little-endian 32-bit words; it has at most two, so the pool is never too small.
    int[] entropy = {(int) seed, (int) (seed >>> 32), 0, 0};
    var hash = new Hash();
    int[] pool = new int[POOL];
    for (int i = 0; i < POOL; i++) {
      pool[i] = hash.of(entropy[i]);
    }
    for (int from = 0; from < POOL; from++) {
      for (int to = 0; to < POOL; to++) {
        if (from != to) {
          int mixed = pool[to] * 0xCA01F9DD - hash.of(pool[from]) * 0x4973F715;
          pool[to] = mixed ^ mixed >>> 16;
        }
      }
    }
    return pool;
  }

  /** A hash whose constant moves on with each use. */
  private static final class Hash {
    private int constant = 0x43B0D7E5;

    int of(int word) {
      int value = word ^ constant;
      constant *= 0x931E8875;
      value *= constant;
      return value ^ value >>> 16;
    }
  }
}
