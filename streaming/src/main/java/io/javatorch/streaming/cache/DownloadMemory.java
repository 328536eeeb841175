package io.javatorch.streaming.cache;

import java.util.Optional;

/**
 * How much memory compressed files may take from their download to their decompression. Whoever
 * gets none uses the disk; nobody waits. Thread-safe.
 */
final class DownloadMemory {
  /** As many big files as are brought ahead at a time. */
  private static final int FILES = 4;

  private static final long FILE_BYTES = 32L << 20;

  private final long mostOfOne;
  private long left;

  /**
   * Lets files take memory.
   *
   * @param bytes for all files together
   * @param mostOfOne for one file
   */
  DownloadMemory(long bytes, long mostOfOne) {
    this.mostOfOne = mostOfOne;
    left = bytes;
  }

  /** Files of up to 32 MiB, 128 MiB in all, but no more than an eighth of the heap. */
  static DownloadMemory ofThisProcess() {
    return new DownloadMemory(
        Math.min(FILES * FILE_BYTES, Runtime.getRuntime().maxMemory() / 8), FILE_BYTES);
  }

  /** Memory that is taken until this is closed. */
  interface Share extends AutoCloseable {
    @Override
    void close();
  }

  /** Takes memory for a file; none if it is too big, or too much is taken. */
  synchronized Optional<Share> take(long bytes) {
    if (bytes > mostOfOne || bytes > left) {
      return Optional.empty();
    }
    left -= bytes;
    return Optional.of(() -> giveBack(bytes));
  }

  private synchronized void giveBack(long bytes) {
    left += bytes;
  }
}
