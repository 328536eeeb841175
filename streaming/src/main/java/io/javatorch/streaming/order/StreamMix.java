package io.javatorch.streaming.order;

import java.util.Arrays;
import java.util.List;

/** How many samples an epoch draws from each stream. */
final class StreamMix {
  private final long[] choose;
  private final double[] proportion;

  private StreamMix(long[] choose, double[] proportion) {
    this.choose = choose;
    this.proportion = proportion;
  }

  /** Samples of each stream. */
  long[] choose() {
    return choose;
  }

  /** Share of each stream in the epoch. */
  double[] proportion() {
    return proportion;
  }

  /**
   * Works the weights out.
   *
   * @param epochSize samples of an epoch, 0 if that follows from the weights
   * @param seed decides which streams get the samples that rounding leaves over
   */
  static StreamMix of(List<StreamShards> streams, long epochSize, long seed) {
    long proportions =
        streams.stream().filter(s -> s.weight() instanceof StreamWeight.Proportion).count();
    if (proportions != 0 && proportions != streams.size()) {
      throw new IllegalArgumentException(
          proportions
              + " of "
              + streams.size()
              + " streams have a proportion: give one to all or to none");
    }
    boolean unspecified = streams.stream().allMatch(s -> s.weight() instanceof StreamWeight.Whole);
    if (proportions == 0 && !(unspecified && epochSize > 0)) {
      if (epochSize > 0) {
        throw new IllegalArgumentException(
            "an epoch size cannot be set where streams have repeat or choose: together those are"
                + " the epoch's size");
      }
      return absolute(streams);
    }
    double[] share =
        streams.stream()
            .mapToDouble(
                s ->
                    s.weight() instanceof StreamWeight.Proportion p
                        ? p.value()
                        : (double) s.samples())
            .toArray();
    long total =
        epochSize > 0 ? epochSize : streams.stream().mapToLong(StreamShards::samples).sum();
    return relative(share, total, seed);
  }

  private static StreamMix absolute(List<StreamShards> streams) {
    long[] choose = new long[streams.size()];
    for (int i = 0; i < choose.length; i++) {
      long samples = streams.get(i).samples();
      StreamWeight weight = streams.get(i).weight();
      if (weight instanceof StreamWeight.Repeat repeat) {
        choose[i] = (long) (repeat.value() * samples);
      } else if (weight instanceof StreamWeight.Choose chosen) {
        choose[i] = chosen.samples();
      } else {
        choose[i] = samples;
      }
    }
    long total = Arrays.stream(choose).sum();
    checkNotEmpty(total);
    double[] proportion = Arrays.stream(choose).mapToDouble(c -> (double) c / total).toArray();
    return new StreamMix(choose, proportion);
  }

  private static StreamMix relative(double[] share, long total, long seed) {
    double sum = sum(share, 0, share.length);
    if (!(sum > 0)) {
      throw new IllegalArgumentException("the streams' proportions sum up to " + sum);
    }
    double[] proportion = new double[share.length];
    long[] choose = new long[share.length];
    for (int i = 0; i < share.length; i++) {
      proportion[i] = share[i] / sum;
      choose[i] = (long) (total * proportion[i]);
    }
    int left = Math.toIntExact(total - Arrays.stream(choose).sum());
    for (long stream : NumPyRandom.seeded(seed).choice(share.length, left)) {
      choose[(int) stream]++;
    }
    checkNotEmpty(total);
    return new StreamMix(choose, proportion);
  }

  private static void checkNotEmpty(long total) {
    if (total == 0) {
      throw new IllegalArgumentException("the streams' weights leave an epoch without samples");
    }
  }

  /** NumPy's sum, whose rounding depends on the order in which it adds. */
  private static double sum(double[] values, int from, int count) {
    if (count < 8) {
      double sum = 0;
      for (int i = from; i < from + count; i++) {
        sum += values[i];
      }
      return sum;
    }
    if (count > 128) {
      int half = count / 2 - count / 2 % 8;
      return sum(values, from, half) + sum(values, from + half, count - half);
    }
    double[] lanes = Arrays.copyOfRange(values, from, from + 8);
    int i = 8;
    for (; i < count - count % 8; i += 8) {
      for (int lane = 0; lane < 8; lane++) {
        lanes[lane] += values[from + i + lane];
      }
    }
    double sum =
        ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3]))
            + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
    for (; i < count; i++) {
      sum += values[from + i];
    }
    return sum;
  }

  long epochSize() {
    return Arrays.stream(choose).sum();
  }
}
