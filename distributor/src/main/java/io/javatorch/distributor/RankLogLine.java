package io.javatorch.distributor;

/**
 * A line that a rank printed.
 *
 * @param rank who printed it
 * @param stream where to
 * @param text the line, without its line end
 */
public record RankLogLine(int rank, Stream stream, String text) {
  /** The two streams of a process. */
  public enum Stream {
    /** Standard output. */
    STDOUT,
    /** Standard error. */
    STDERR
  }
}
