package io.javatorch.streaming.order;

import java.util.Arrays;

/**
 * What an epoch draws from the shards of one or more streams, as a row of shuffle units: a whole
 * shard once for each time that it is drawn whole, then the part that is drawn once more. Maps
 * places in that row to sample ids.
 */
final class Resampling {
  private final long[] unitSizes;
  private final long[] unitOffsets;

  /** First sample id of each unit. */
  private final long[] base;

  /** For a unit that is a part of a shard, which of its samples, ascending; else null. */
  private final long[][] picked;

  private final boolean identity;

  private Resampling(long[] unitSizes, long[] base, long[][] picked) {
    this.unitSizes = unitSizes;
    this.base = base;
    this.picked = picked;
    unitOffsets = Spans.offsets(unitSizes);
    boolean same = true;
    for (int i = 0; i < base.length && same; i++) {
      same = picked[i] == null && base[i] == unitOffsets[i];
    }
    identity = same;
  }

  /** Settings of {@link #of} that do not change from stream to stream. */
  record Settings(SamplingMethod method, long granularity, boolean shuffle, long seed, int epoch) {
    // Fixed sampling draws alike each epoch; so do the picks where nothing is shuffled.
    long pickSeed() {
      return shuffle && method == SamplingMethod.BALANCED ? Math.addExact(seed, epoch) : seed;
    }

    long partSeed() {
      return method == SamplingMethod.BALANCED ? Math.addExact(seed, epoch) : seed;
    }
  }

  /**
   * Draws on the streams {@code fromStream} to {@code toStream - 1}.
   *
   * @param shardSizes samples of each shard of each stream
   * @param choose samples to draw from each stream
   */
  static Resampling of(
      long[][] shardSizes, long[] choose, int fromStream, int toStream, Settings settings) {
    var random = NumPyRandom.seeded(settings.partSeed());
    long shardOffset = 0;
    for (int stream = 0; stream < fromStream; stream++) {
      shardOffset += Arrays.stream(shardSizes[stream]).sum();
    }
    var units = new Units();
    for (int stream = fromStream; stream < toStream; stream++) {
      long[] sizes = shardSizes[stream];
      long[] chosen = perShard(sizes, choose[stream], settings);
      for (int shard = 0; shard < sizes.length; shard++) {
        long size = sizes[shard];
        if (size > 0) {
          for (long i = chosen[shard] / size; i > 0; i--) {
            units.add(size, shardOffset, null);
          }
          int part = Math.toIntExact(chosen[shard] % size);
          if (part > 0) {
            long[] picks = random.choice(size, part);
            Arrays.sort(picks);
            units.add(part, shardOffset, picks);
          }
        }
        shardOffset += size;
      }
    }
    return units.finish();
  }

  /** How many samples to draw from each shard to draw {@code choose} in all. */
  private static long[] perShard(long[] sizes, long choose, Settings settings) {
    long total = Arrays.stream(sizes).sum();
    long[] chosen = new long[sizes.length];
    for (int i = 0; i < sizes.length; i++) {
      chosen[i] = sizes[i] * (choose / total);
    }
    long left = choose % total;
    if (left == 0) {
      return chosen;
    }
    long granularity = settings.granularity();
    long[] pickEnd = new long[sizes.length];
    long picks = 0;
    for (int i = 0; i < sizes.length; i++) {
      picks += (sizes[i] + granularity - 1) / granularity;
      pickEnd[i] = picks;
    }
    if (picks > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(
          "sampling a part of "
              + total
              + " samples takes "
              + picks
              + " picks, but at most 2^31 are possible: raise samplingGranularity");
    }
    int[] shardOf = new int[(int) picks];
    long[] sizeOf = new long[(int) picks];
    Arrays.fill(sizeOf, granularity);
    for (int i = 0, from = 0; i < sizes.length; from = (int) pickEnd[i], i++) {
      Arrays.fill(shardOf, from, (int) pickEnd[i], i);
    }
    for (int i = 0; i < sizes.length; i++) {
      long ofShard = pickEnd[i] - (i == 0 ? 0 : pickEnd[i - 1]);
      // For an empty shard this is the pick before its own, as in the Python library.
      int last = (int) (pickEnd[i] == 0 ? picks - 1 : pickEnd[i] - 1);
      sizeOf[last] = sizes[i] - (ofShard - 1) * granularity;
    }
    for (long pick : NumPyRandom.seeded(settings.pickSeed()).permutation((int) picks)) {
      long taken = Math.min(left, sizeOf[(int) pick]);
      chosen[shardOf[(int) pick]] += taken;
      left -= taken;
      if (left == 0) {
        break;
      }
    }
    return chosen;
  }

  /** Samples that the epoch draws in all. */
  long size() {
    return unitOffsets[unitSizes.length];
  }

  /** Samples in each shuffle unit. */
  long[] unitSizes() {
    return unitSizes;
  }

  /** The sample at a place in the row of units. */
  long sampleAt(long place) {
    if (identity) {
      return place;
    }
    int unit = Arrays.binarySearch(unitOffsets, place);
    if (unit < 0) {
      unit = -unit - 2;
    }
    long within = place - unitOffsets[unit];
    return base[unit] + (picked[unit] == null ? within : picked[unit][(int) within]);
  }

  private static final class Units {
    private long[] sizes = new long[64];
    private long[] base = new long[64];
    private long[][] picked = new long[64][];
    private int count;

    void add(long size, long first, long[] picks) {
      if (count == sizes.length) {
        sizes = Arrays.copyOf(sizes, 2 * count);
        base = Arrays.copyOf(base, 2 * count);
        picked = Arrays.copyOf(picked, 2 * count);
      }
      sizes[count] = size;
      base[count] = first;
      picked[count++] = picks;
    }

    Resampling finish() {
      return new Resampling(
          Arrays.copyOf(sizes, count), Arrays.copyOf(base, count), Arrays.copyOf(picked, count));
    }
  }
}
