package io.javatorch.streaming.order;

/**
 * What one rank reads at each of its steps: from which group of streams, and which position of that
 * group's (yet unshuffled) sample space.
 */
interface RankLayout {
  /** Steps of the rank. */
  long steps();

  /** Group read from at a step. Anything where the position is padding. */
  int group(long step);

  /** Position in the group's sample space at a step, or {@link Partition#PADDING}. */
  long position(long step);
}
