package io.javatorch.conversion;

import java.io.Serializable;
import java.time.Duration;
import java.util.Locale;

/**
 * What a conversion wrote. What an append found in the target is not counted.
 *
 * @param location the directory with the data set, as a URI, or where nothing was written as it was
 *     given; without a password
 * @param local the directory on each executor in which the shards are kept as well; empty if they
 *     are not
 * @param partitions number of {@code part-} directories written: one for each partition with
 *     samples in it
 * @param shards number of shards
 * @param samples number of samples
 * @param droppedRows rows left out because of a null, under {@code NullPolicy.DROP}
 * @param rawBytes size of all shards before compression, in bytes
 * @param storedBytes size of all shards as they are stored, in bytes
 * @param elapsed from the start of the conversion, with the counts for a shuffle, to the end of the
 *     commit
 * @param written whether anything was written; false where the mode is {@code Ignore} and there was
 *     a data set
 */
public record ConversionSummary(
    String location,
    String local,
    int partitions,
    int shards,
    long samples,
    long droppedRows,
    long rawBytes,
    long storedBytes,
    Duration elapsed,
    boolean written)
    implements Serializable {
  private static final long serialVersionUID = 1L;

  /** How many times smaller the shards became by compression; 1 if there are none. */
  public double compressionRatio() {
    return storedBytes == 0 ? 1 : (double) rawBytes / storedBytes;
  }

  @Override
  public String toString() {
    if (!written) {
      return "Nothing was written: there is a data set in " + location + " already";
    }
    return String.format(
        Locale.ROOT,
        "%,d samples in %,d shards of %,d parts in %s%s: %s, stored as %s (%.1f times smaller),"
            + " in %s (%,.0f samples/s, %s/s)%s",
        samples,
        shards,
        partitions,
        location,
        local.isEmpty() ? "" : " and in " + local + " of the executors",
        ConversionProgress.size(rawBytes),
        ConversionProgress.size(storedBytes),
        compressionRatio(),
        ConversionProgress.time(elapsed),
        ConversionProgress.perSecond(samples, elapsed),
        ConversionProgress.size((long) ConversionProgress.perSecond(rawBytes, elapsed)),
        droppedRows == 0
            ? ""
            : String.format(Locale.ROOT, "; %,d rows with nulls were left out", droppedRows));
  }
}
