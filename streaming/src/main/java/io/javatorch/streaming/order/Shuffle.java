package io.javatorch.streaming.order;

import java.util.Arrays;
import java.util.BitSet;

/**
 * The shuffle of one epoch: for each position of the sample space, the sample that stands there. It
 * is made one canonical node at a time. Nodes that are not wanted cost their random draws but no
 * memory, and nodes after the last wanted one cost nothing.
 */
final class Shuffle {
  private final long[] unitSizes;
  private final int canonicalNodes;
  private final long seed;
  private final int epoch;
  private final long blockSize;
  private final long total;

  /** Receives the shuffled samples of one canonical node. */
  interface Visitor {
    /**
     * Called once for each wanted node, in order.
     *
     * @param samples holds the sample of the node's k-th position at {@code offset + k}; only valid
     *     during the call
     */
    void visit(int canonicalNode, long[] samples, int offset);
  }

  /**
   * The shuffle of one epoch.
   *
   * @param unitSizes samples in each shuffle unit, none of them empty
   * @param blockSize samples in a block, for the algorithms that have blocks
   */
  Shuffle(long[] unitSizes, int canonicalNodes, long seed, int epoch, long blockSize) {
    this.unitSizes = unitSizes;
    this.canonicalNodes = canonicalNodes;
    this.seed = seed;
    this.epoch = epoch;
    this.blockSize = blockSize;
    this.total = Arrays.stream(unitSizes).sum();
  }

  /** Positions of the sample space. */
  long total() {
    return total;
  }

  /** Canonical nodes, which the sample space is divided into. */
  int canonicalNodes() {
    return canonicalNodes;
  }

  /**
   * Makes the shuffle and shows it.
   *
   * @throws IllegalArgumentException if a wanted node holds more samples than a Java array, or the
   *     algorithm cannot do with so few samples or so small a block
   */
  void visit(ShuffleAlgorithm algorithm, BitSet wanted, Visitor visitor) {
    check(algorithm);
    if (wanted.isEmpty()) {
      return;
    }
    switch (algorithm) {
      case NAIVE -> naive(wanted, visitor);
      case PY1S -> py1s(wanted, visitor);
      case PY2S -> py2s(wanted, visitor);
      case PY1B -> py1b(wanted, visitor);
      case PY1BR -> py1br(wanted, visitor);
      case PY1E -> py1e(wanted, visitor);
    }
  }

  private void check(ShuffleAlgorithm algorithm) {
    if (algorithm == ShuffleAlgorithm.PY1E && total < canonicalNodes) {
      throw new IllegalArgumentException(
          "py1e cannot shuffle "
              + total
              + " samples over "
              + canonicalNodes
              + " canonical nodes: each needs one; lower numCanonicalNodes");
    }
    if (algorithm == ShuffleAlgorithm.PY1BR && smallestBlock() < 1) {
      throw new IllegalArgumentException("the shuffle block size must be at least 2 for py1br");
    }
    boolean inBlocks =
        switch (algorithm) {
          case PY1B, PY1BR, PY1E -> true;
          case NAIVE, PY1S, PY2S -> false;
        };
    if (inBlocks && blockSize < 1) {
      throw new IllegalArgumentException(
          "the shuffle block size, or a stream's share of it, is less than one sample");
    }
  }

  private void naive(BitSet wanted, Visitor visitor) {
    long[] samples = epochRandom().permutation(arraySize(total));
    for (int node = wanted.nextSetBit(0); node >= 0; node = wanted.nextSetBit(node + 1)) {
      visitor.visit(node, samples, (int) Spans.nodeBegin(total, canonicalNodes, node));
    }
  }

  private void py1s(BitSet wanted, Visitor visitor) {
    NumPyRandom random = epochRandom();
    Spans spans = spansOfEpoch(random);
    for (int node = 0; node < wanted.length(); node++) {
      if (wanted.get(node)) {
        visitor.visit(node, shuffledSpans(spans, node, random), 0);
      } else {
        skipSpans(spans, node, random);
      }
    }
  }

  private void py2s(BitSet wanted, Visitor visitor) {
    NumPyRandom run = NumPyRandom.seeded(seed);
    NumPyRandom random = epochRandom();
    Spans spans = Spans.of(unitSizes, canonicalNodes, run);
    long[] offsets = Spans.offsets(unitSizes);
    // A unit is shuffled whole when the run reaches it, so its rest waits for the next node.
    long[] unitSamples = null;
    for (int node = 0; node < wanted.length(); node++) {
      int first = spans.nodeStart[node];
      int count = spans.nodeStart[node + 1] - first;
      boolean want = wanted.get(node);
      long[][] pieces = want ? new long[count][] : null;
      int[] order = new int[count];
      for (int i = 0; i < count; i++) {
        int span = first + i;
        int unit = spans.unit[span];
        if (spans.begin[span] == offsets[unit]) {
          if (want || reachesWantedNode(spans, span, wanted)) {
            unitSamples = range(offsets[unit], offsets[unit + 1]);
            run.shuffle(unitSamples, 0, unitSamples.length);
          } else {
            run.skipShuffle(unitSizes[unit]);
          }
        }
        if (want) {
          int from = (int) (spans.begin[span] - offsets[unit]);
          pieces[i] = Arrays.copyOfRange(unitSamples, from, from + arraySize(spans.size(span)));
        }
        order[i] = i;
      }
      random.shuffle(order, 0, count);
      if (want) {
        long[] samples = new long[arraySize(nodeSize(node))];
        int filled = 0;
        for (int i : order) {
          long[] piece = pieces[i];
          random.shuffle(piece, 0, piece.length);
          System.arraycopy(piece, 0, samples, filled, piece.length);
          filled += piece.length;
        }
        visitor.visit(node, samples, 0);
      } else {
        for (int i : order) {
          random.skipShuffle(spans.size(first + i));
        }
      }
    }
  }

  /** Whether the unit that a span begins goes on into a node that is wanted. */
  private static boolean reachesWantedNode(Spans spans, int span, BitSet wanted) {
    int last = span;
    while (last + 1 < spans.nodeStart[spans.nodeStart.length - 1]
        && spans.unit[last + 1] == spans.unit[span]) {
      last++;
    }
    for (int node = wanted.nextSetBit(0); node >= 0; node = wanted.nextSetBit(node + 1)) {
      if (spans.nodeStart[node] <= last && spans.nodeStart[node + 1] > span) {
        return true;
      }
    }
    return false;
  }

  private void py1b(BitSet wanted, Visitor visitor) {
    NumPyRandom random = epochRandom();
    Spans spans = spansOfEpoch(random);
    for (int node = 0; node < wanted.length(); node++) {
      long size = nodeSize(node);
      long[] samples = wanted.get(node) ? orderedSpans(spans, node) : null;
      for (long start = 0; start < size; start += blockSize) {
        shuffleOrSkip(random, samples, start, Math.min(start + blockSize, size));
      }
      if (samples != null) {
        visitor.visit(node, samples, 0);
      }
    }
  }

  private void py1br(BitSet wanted, Visitor visitor) {
    NumPyRandom random = epochRandom();
    Spans spans = spansOfEpoch(random);
    long[] staggers = random.integers(0, smallestBlock(), canonicalNodes);
    for (int node = 0; node < wanted.length(); node++) {
      long size = nodeSize(node);
      long stagger = staggers[node];
      // All block sizes are drawn before the first block is shuffled.
      long[] starts = new long[16];
      long[] stops = new long[16];
      int blocks = 0;
      for (long reached = 0; reached < size; blocks++) {
        long block = random.integers(smallestBlock(), largestBlock());
        if (blocks == starts.length) {
          starts = Arrays.copyOf(starts, 2 * blocks);
          stops = Arrays.copyOf(stops, 2 * blocks);
        }
        starts[blocks] = Math.max(reached - stagger, 0);
        stops[blocks] = Math.min(reached + block - stagger, size);
        reached += stops[blocks] - starts[blocks];
      }
      long[] samples = wanted.get(node) ? orderedSpans(spans, node) : null;
      for (int i = 0; i < blocks; i++) {
        shuffleOrSkip(random, samples, starts[i], stops[i]);
      }
      if (samples != null) {
        visitor.visit(node, samples, 0);
      }
    }
  }

  private void py1e(BitSet wanted, Visitor visitor) {
    NumPyRandom random = epochRandom();
    Spans spans = spansOfEpoch(random);
    for (int node = 0; node < wanted.length(); node++) {
      if (wanted.get(node)) {
        long[] samples = shuffledSpans(spans, node, random);
        visitor.visit(node, spread(spans, node, samples, random), 0);
      } else {
        skipSpans(spans, node, random);
        for (int span = spans.nodeStart[node]; span < spans.nodeStart[node + 1]; span++) {
          random.integers(smallestBlock(), largestBlock());
          random.skipDoubles(spans.size(span));
        }
      }
    }
  }

  /** Moves each sample by a random distance within its span's range, and sorts by the result. */
  private long[] spread(Spans spans, int node, long[] samples, NumPyRandom random) {
    int count = samples.length;
    double[] positions = new double[count];
    int offset = 0;
    for (int span = spans.nodeStart[node]; span < spans.nodeStart[node + 1]; span++) {
      int size = (int) spans.size(span);
      long block = random.integers(smallestBlock(), largestBlock());
      double cutoff = Math.max((block - size) / 2.0, 0.0);
      double low = Math.max(-cutoff, -offset);
      double high = Math.min(cutoff, count - offset - size);
      double range = high - low;
      for (int i = offset; i < offset + size; i++) {
        positions[i] = i + (low + range * random.nextDouble());
      }
      offset += size;
    }
    return sortBy(positions, samples);
  }

  /**
   * The samples in the order of their positions. All positions lie in 0..count-1 and about one in
   * each unit, so sorting into units and then within each is a matter of linear time. NumPy's sort
   * is not stable: where two positions are the same double, its order depends on its version and on
   * the processor. Here the one that came first stays first.
   */
  private static long[] sortBy(double[] positions, long[] samples) {
    int count = samples.length;
    int[] unitEnd = new int[count + 1];
    for (double position : positions) {
      unitEnd[(int) position + 1]++;
    }
    for (int i = 0; i < count; i++) {
      unitEnd[i + 1] += unitEnd[i];
    }
    // unitEnd[u] is now where unit u begins, and moves to its end as the unit fills.
    double[] keys = new double[count];
    long[] sorted = new long[count];
    for (int i = 0; i < count; i++) {
      double key = positions[i];
      int at = unitEnd[(int) key]++;
      while (at > 0 && keys[at - 1] > key) {
        keys[at] = keys[at - 1];
        sorted[at] = sorted[at - 1];
        at--;
      }
      keys[at] = key;
      sorted[at] = samples[i];
    }
    return sorted;
  }

  private long[] shuffledSpans(Spans spans, int node, NumPyRandom random) {
    long[] samples = orderedSpans(spans, node);
    int offset = 0;
    for (int span = spans.nodeStart[node]; span < spans.nodeStart[node + 1]; span++) {
      int size = (int) spans.size(span);
      random.shuffle(samples, offset, offset + size);
      offset += size;
    }
    return samples;
  }

  private static void skipSpans(Spans spans, int node, NumPyRandom random) {
    for (int span = spans.nodeStart[node]; span < spans.nodeStart[node + 1]; span++) {
      random.skipShuffle(spans.size(span));
    }
  }

  private long[] orderedSpans(Spans spans, int node) {
    long[] samples = new long[arraySize(nodeSize(node))];
    int filled = 0;
    for (int span = spans.nodeStart[node]; span < spans.nodeStart[node + 1]; span++) {
      for (long id = spans.begin[span]; id < spans.end[span]; id++) {
        samples[filled++] = id;
      }
    }
    return samples;
  }

  private static void shuffleOrSkip(NumPyRandom random, long[] samples, long from, long to) {
    if (samples == null) {
      random.skipShuffle(to - from);
    } else {
      random.shuffle(samples, (int) from, (int) to);
    }
  }

  private Spans spansOfEpoch(NumPyRandom epochRandom) {
    Spans spans = Spans.of(unitSizes, canonicalNodes, NumPyRandom.seeded(seed));
    for (int node = 0; node < canonicalNodes; node++) {
      spans.shuffleNode(node, epochRandom);
    }
    return spans;
  }

  private NumPyRandom epochRandom() {
    return NumPyRandom.seeded(Math.addExact(seed, (long) epoch));
  }

  /** Positions of a canonical node. */
  long nodeSize(int node) {
    return Spans.nodeBegin(total, canonicalNodes, node + 1)
        - Spans.nodeBegin(total, canonicalNodes, node);
  }

  private long smallestBlock() {
    return (long) (0.75 * blockSize);
  }

  private long largestBlock() {
    return (long) (1.25 * blockSize);
  }

  private static long[] range(long from, long to) {
    long[] values = new long[arraySize(to - from)];
    for (int i = 0; i < values.length; i++) {
      values[i] = from + i;
    }
    return values;
  }

  private static int arraySize(long count) {
    if (count > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(
          count
              + " samples are to be shuffled together, but at most 2^31 can be: raise"
              + " numCanonicalNodes");
    }
    return (int) count;
  }
}
