package io.javatorch.streaming.order;

/**
 * Ranges of consecutive samples in the order that all shuffle algorithms but naive begin with:
 * shuffle units (shards, as far as an epoch draws on them) in an order fixed over the run, cut
 * where one canonical node ends and the next begins.
 */
final class Spans {
  /** First sample of each span. */
  final long[] begin;

  /** Sample after the last one of each span. */
  final long[] end;

  /** Shuffle unit that each span is cut from. */
  final int[] unit;

  /** First span of each canonical node; one entry more than there are nodes. */
  final int[] nodeStart;

  private Spans(long[] begin, long[] end, int[] unit, int[] nodeStart) {
    this.begin = begin;
    this.end = end;
    this.unit = unit;
    this.nodeStart = nodeStart;
  }

  /** First samples of the units, and their total as one entry more. */
  static long[] offsets(long[] unitSizes) {
    long[] offsets = new long[unitSizes.length + 1];
    for (int i = 0; i < unitSizes.length; i++) {
      offsets[i + 1] = offsets[i] + unitSizes[i];
    }
    return offsets;
  }

  /**
   * Shuffles the units and cuts them.
   *
   * @param run the run's generator; left where the shuffle ends
   */
  static Spans of(long[] unitSizes, int canonicalNodes, NumPyRandom run) {
    int units = unitSizes.length;
    long[] offsets = offsets(unitSizes);
    long total = offsets[units];
    int[] order = new int[units];
    for (int i = 0; i < units; i++) {
      order[i] = i;
    }
    run.shuffle(order, 0, units);

    int room = units + canonicalNodes;
    long[] begin = new long[room];
    long[] end = new long[room];
    int[] unit = new int[room];
    int[] nodeStart = new int[canonicalNodes + 1];
    int count = 0;
    int next = 0;
    long cutFrom = 0;
    long soFar = 0;
    for (int node = 0; node < canonicalNodes; node++) {
      long nodeEnd = nodeBegin(total, canonicalNodes, node + 1);
      while (soFar < nodeEnd) {
        int current = order[next];
        long take = Math.min(unitSizes[current] - cutFrom, nodeEnd - soFar);
        begin[count] = offsets[current] + cutFrom;
        end[count] = begin[count] + take;
        unit[count] = current;
        count++;
        soFar += take;
        cutFrom += take;
        if (cutFrom == unitSizes[current]) {
          next++;
          cutFrom = 0;
        }
      }
      nodeStart[node + 1] = count;
    }
    return new Spans(begin, end, unit, nodeStart);
  }

  /** First position of a canonical node. */
  static long nodeBegin(long total, int canonicalNodes, int node) {
    return Math.multiplyExact(total, (long) node) / canonicalNodes;
  }

  /** The spans of a canonical node in an order shuffled by the given generator. */
  void shuffleNode(int node, NumPyRandom random) {
    int from = nodeStart[node];
    int count = nodeStart[node + 1] - from;
    int[] order = new int[count];
    for (int i = 0; i < count; i++) {
      order[i] = from + i;
    }
    random.shuffle(order, 0, count);
    long[] newBegin = new long[count];
    long[] newEnd = new long[count];
    int[] newUnit = new int[count];
    for (int i = 0; i < count; i++) {
      newBegin[i] = begin[order[i]];
      newEnd[i] = end[order[i]];
      newUnit[i] = unit[order[i]];
    }
    System.arraycopy(newBegin, 0, begin, from, count);
    System.arraycopy(newEnd, 0, end, from, count);
    System.arraycopy(newUnit, 0, unit, from, count);
  }

  long size(int span) {
    return end[span] - begin[span];
  }
}
