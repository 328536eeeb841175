package io.javatorch.streaming.storage;

/**
 * How a big file is read in several parts at once, since one connection to a store seldom fills the
 * line. A file of at least two parts is read so, whatever the store.
 *
 * @param partBytes the size of a part; the last one of a file is smaller
 * @param atOnce how many parts of one file are read at a time; 1 to read all files as a whole
 */
public record ParallelRanges(long partBytes, int atOnce) {
  /** Four parts of 16 MiB at a time: a shard of the usual 64 MiB is read in one go. */
  public static final ParallelRanges DEFAULT = new ParallelRanges(16L << 20, 4);

  /** Each file as a whole. */
  public static final ParallelRanges NONE = new ParallelRanges(Long.MAX_VALUE, 1);

  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException if either is less than 1
   */
  public ParallelRanges {
    if (partBytes < 1 || atOnce < 1) {
      throw new IllegalArgumentException(
          "parallel ranges need at least 1 byte and 1 part at once, got "
              + partBytes
              + " and "
              + atOnce);
    }
  }

  boolean divide(long fileBytes) {
    return atOnce > 1 && fileBytes / 2 >= partBytes;
  }
}
