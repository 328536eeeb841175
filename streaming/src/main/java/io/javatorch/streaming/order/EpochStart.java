package io.javatorch.streaming.order;

/**
 * Where reading begins, and the two settings that a run keeps from its first epoch on.
 *
 * @param epoch the epoch, from 0
 * @param sampleInEpoch samples of the epoch that all ranks together have read before
 * @param canonicalNodes parts that the sample space is divided into
 * @param seed shuffle seed
 * @param initialNodes nodes that the run began on; 0 if it begins now or that is not known
 */
public record EpochStart(
    int epoch, long sampleInEpoch, int canonicalNodes, long seed, int initialNodes) {
  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException naming the component that is out of range
   */
  public EpochStart {
    check("epoch", epoch, 0);
    check("sample in epoch", sampleInEpoch, 0);
    check("number of canonical nodes", canonicalNodes, 1);
    check("shuffle seed", seed, 0);
    check("number of initial nodes", initialNodes, 0);
  }

  private static void check(String what, long value, long least) {
    if (value < least) {
      throw new IllegalArgumentException(what + " must be at least " + least + ", got " + value);
    }
  }
}
