package io.javatorch.streaming.order;

import java.util.Arrays;

/**
 * NumPy's {@code numpy.random.default_rng(seed)}: the same seed gives the same draws, bit for bit,
 * for the operations below. SeedSequence expands the seed, PCG64 (128-bit LCG, XSL-RR output) makes
 * the bits.
 *
 * <p>Not thread-safe: each thread needs its own.
 */
public final class NumPyRandom {
  private static final long MULTIPLIER_HIGH = 0x2360ED051FC65DA4L;
  private static final long MULTIPLIER_LOW = 0x4385DF649FCCF645L;
  private static final double DOUBLE_UNIT = 0x1.0p-53;
  private static final long UINT32 = 0xFFFFFFFFL;

  private long stateHigh;
  private long stateLow;
  private final long incrementHigh;
  private final long incrementLow;

  // NumPy hands out a 64-bit draw as two 32-bit ones, the low half first; the high half waits here
  // and is not dropped by 64-bit draws in between.
  private boolean halfWaits;
  private int waitingHalf;

  private NumPyRandom(long[] seed) {
    incrementHigh = seed[2] << 1 | seed[3] >>> 63;
    incrementLow = seed[3] << 1 | 1;
    step();
    long low = stateLow + seed[1];
    stateHigh += seed[0] + carry(low, seed[1]);
    stateLow = low;
    step();
  }

  /**
   * A generator in the state that {@code default_rng(seed)} starts in.
   *
   * @throws IllegalArgumentException if the seed is negative, as in NumPy
   */
  public static NumPyRandom seeded(long seed) {
    if (seed < 0) {
      throw new IllegalArgumentException("seed must not be negative, got " + seed);
    }
    return new NumPyRandom(SeedSequence.expand(seed));
  }

  /** The next 64 bits. */
  public long nextLong() {
    step();
    return output(stateHigh, stateLow);
  }

  /** The next 32 bits. */
  public int nextInt() {
    if (halfWaits) {
      halfWaits = false;
      return waitingHalf;
    }
    long bits = nextLong();
    halfWaits = true;
    waitingHalf = (int) (bits >>> 32);
    return (int) bits;
  }

  /** A double in [0, 1) of 53 random bits: {@code rng.random()}. */
  public double nextDouble() {
    return (nextLong() >>> 11) * DOUBLE_UNIT;
  }

  /**
   * One value of {@code rng.uniform(low, high)}.
   *
   * @throws IllegalArgumentException if the range is not finite
   */
  public double uniform(double low, double high) {
    double range = high - low;
    if (!Double.isFinite(range)) {
      throw new IllegalArgumentException("uniform needs a finite range, got " + low + ".." + high);
    }
    return low + range * nextDouble();
  }

  /** Passes over {@code count} doubles in a number of steps that grows with its logarithm. */
  public void skipDoubles(long count) {
    // Composes the step x -> a*x + c with itself by squaring.
    long powerHigh = MULTIPLIER_HIGH;
    long powerLow = MULTIPLIER_LOW;
    long plusHigh = incrementHigh;
    long plusLow = incrementLow;
    for (long left = count; left != 0; left >>>= 1) {
      if ((left & 1) != 0) {
        long high = multiplyHigh(stateHigh, stateLow, powerHigh, powerLow);
        long low = stateLow * powerLow;
        stateLow = low + plusLow;
        stateHigh = high + plusHigh + carry(stateLow, plusLow);
      }
      long high = multiplyHigh(powerHigh, powerLow, plusHigh, plusLow);
      long low = powerLow * plusLow;
      long oldPlus = plusLow;
      plusLow = low + oldPlus;
      plusHigh = high + plusHigh + carry(plusLow, oldPlus);
      high = multiplyHigh(powerHigh, powerLow, powerHigh, powerLow);
      powerLow = powerLow * powerLow;
      powerHigh = high;
    }
  }

  /**
   * One value of {@code rng.integers(low, high)} (64-bit type, upper end excluded).
   *
   * @throws IllegalArgumentException if the range is empty
   */
  public long integers(long low, long high) {
    if (low >= high) {
      throw new IllegalArgumentException("integers needs low < high, got " + low + ".." + high);
    }
    return low + bounded(high - 1 - low);
  }

  /** {@code rng.integers(low, high, count)}. */
  public long[] integers(long low, long high, int count) {
    long[] values = new long[count];
    for (int i = 0; i < count; i++) {
      values[i] = integers(low, high);
    }
    return values;
  }

  /** Shuffles {@code values[from..to)} as {@code rng.shuffle} does a list or array. */
  public void shuffle(long[] values, int from, int to) {
    for (int i = to - from - 1; i > 0; i--) {
      int j = from + (int) interval(i);
      long value = values[from + i];
      values[from + i] = values[j];
      values[j] = value;
    }
  }

  /** Shuffles {@code values[from..to)} as {@code rng.shuffle} does a list or array. */
  public void shuffle(int[] values, int from, int to) {
    for (int i = to - from - 1; i > 0; i--) {
      int j = from + (int) interval(i);
      int value = values[from + i];
      values[from + i] = values[j];
      values[j] = value;
    }
  }

  /** Makes the draws of shuffling {@code count} elements and forgets them. */
  public void skipShuffle(long count) {
    long top = count - 1;
    for (; top > UINT32; top--) {
      interval(top);
    }
    // The loop of interval, with the state in locals and the mask kept over each power of two.
    long high = stateHigh;
    long low = stateLow;
    boolean waits = halfWaits;
    int waiting = waitingHalf;
    while (top > 0) {
      long mask = -1L >>> Long.numberOfLeadingZeros(top);
      long floor = mask >>> 1;
      while (top > floor) {
        long draw;
        if (waits) {
          draw = waiting & mask;
          waits = false;
        } else {
          long product = low * MULTIPLIER_LOW;
          high = multiplyHigh(high, low, MULTIPLIER_HIGH, MULTIPLIER_LOW) + incrementHigh;
          low = product + incrementLow;
          high += carry(low, incrementLow);
          long bits = output(high, low);
          waiting = (int) (bits >>> 32);
          waits = true;
          draw = bits & mask;
        }
        // Without a branch: about a third of the draws are rejected, at random.
        top -= (draw - top - 1) >>> 63;
      }
    }
    stateHigh = high;
    stateLow = low;
    halfWaits = waits;
    waitingHalf = waiting;
  }

  /** {@code rng.permutation(count)}: the numbers from 0, shuffled. */
  public long[] permutation(int count) {
    long[] values = new long[count];
    for (int i = 0; i < count; i++) {
      values[i] = i;
    }
    shuffle(values, 0, count);
    return values;
  }

  /**
   * {@code rng.choice(population, count, replace=False)}: {@code count} different numbers below
   * {@code population}, in the order drawn.
   *
   * @throws IllegalArgumentException if {@code count} is negative or exceeds the population
   */
  public long[] choice(long population, int count) {
    if (count < 0 || count > population) {
      throw new IllegalArgumentException(
          "cannot choose " + count + " different numbers of " + population);
    }
    if (population > 10_000 && count > population / 50) {
      return chooseTail(population, count);
    }
    long[] chosen = chooseFloyd(population, count);
    shuffleBounded(chosen, 1);
    return chosen;
  }

  private long[] chooseTail(long population, int count) {
    long[] all = new long[Math.toIntExact(population)];
    for (int i = 0; i < all.length; i++) {
      all[i] = i;
    }
    shuffleBounded(all, Math.max(all.length - count, 1));
    return Arrays.copyOfRange(all, all.length - count, all.length);
  }

  private long[] chooseFloyd(long population, int count) {
    long[] chosen = new long[count];
    int slots = Math.max(2, Integer.highestOneBit(Math.max(1, count)) << 2);
    long[] seen = new long[slots];
    Arrays.fill(seen, -1);
    for (int i = 0; i < count; i++) {
      long last = population - count + i;
      long value = bounded(last);
      chosen[i] = add(seen, value) ? value : last;
      if (chosen[i] == last) {
        add(seen, last);
      }
    }
    return chosen;
  }

  private static boolean add(long[] seen, long value) {
    int slot = (int) ((value * 0x9E3779B97F4A7C15L) >>> 32) & (seen.length - 1);
    while (seen[slot] != -1) {
      if (seen[slot] == value) {
        return false;
      }
      slot = (slot + 1) & (seen.length - 1);
    }
    seen[slot] = value;
    return true;
  }

  // choice shuffles with bounded draws, where shuffle itself uses masked ones.
  private void shuffleBounded(long[] values, int first) {
    for (int i = values.length - 1; i >= first; i--) {
      int j = (int) bounded(i);
      long value = values[i];
      values[i] = values[j];
      values[j] = value;
    }
  }

  /** A number in 0..max by masking and rejecting. */
  private long interval(long max) {
    if (max == 0) {
      return 0;
    }
    long mask = -1L >>> Long.numberOfLeadingZeros(max);
    long value;
    if (max <= UINT32) {
      do {
        value = nextInt() & mask;
      } while (value > max);
    } else {
      do {
        value = nextLong() & mask;
      } while (Long.compareUnsigned(value, max) > 0);
    }
    return value;
  }

  /** A number in 0..max (unsigned) by Lemire's method, of 32 bits where they do. */
  private long bounded(long max) {
    if (max == 0) {
      return 0;
    }
    if (max == UINT32) {
      return nextInt() & UINT32;
    }
    if (max > 0 && max < UINT32) {
      long range = max + 1;
      long product = (nextInt() & UINT32) * range;
      long leftover = product & UINT32;
      if (leftover < range) {
        long threshold = (UINT32 - max) % range;
        while (leftover < threshold) {
          product = (nextInt() & UINT32) * range;
          leftover = product & UINT32;
        }
      }
      return product >>> 32;
    }
    if (max == -1) {
      return nextLong();
    }
    long range = max + 1;
    long draw = nextLong();
    long leftover = draw * range;
    if (Long.compareUnsigned(leftover, range) < 0) {
      long threshold = Long.remainderUnsigned(-1L - max, range);
      while (Long.compareUnsigned(leftover, threshold) < 0) {
        draw = nextLong();
        leftover = draw * range;
      }
    }
    return unsignedMultiplyHigh(draw, range);
  }

  private void step() {
    long high = multiplyHigh(stateHigh, stateLow, MULTIPLIER_HIGH, MULTIPLIER_LOW);
    long low = stateLow * MULTIPLIER_LOW;
    stateLow = low + incrementLow;
    stateHigh = high + incrementHigh + carry(stateLow, incrementLow);
  }

  private static long output(long high, long low) {
    return Long.rotateRight(high ^ low, (int) (high >>> 58));
  }

  /** The upper 64 bits of a 128-bit product, modulo 2^128. */
  private static long multiplyHigh(long aHigh, long aLow, long bHigh, long bLow) {
    return unsignedMultiplyHigh(aLow, bLow) + aHigh * bLow + aLow * bHigh;
  }

  private static long unsignedMultiplyHigh(long a, long b) {
    return Math.multiplyHigh(a, b) + (a >> 63 & b) + (b >> 63 & a);
  }

  /** 1 if adding {@code term} overflowed to {@code sum}, else 0. */
  private static long carry(long sum, long term) {
    return Long.compareUnsigned(sum, term) < 0 ? 1 : 0;
  }
}
