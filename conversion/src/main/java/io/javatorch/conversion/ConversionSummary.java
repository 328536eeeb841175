package io.javatorch.conversion;

import java.io.Serializable;
import java.time.Duration;

/**
 * What a conversion wrote.
 *
 * @param location the directory with the merged {@code index.json}, as a URI
 * @param partitions number of directories written: one for each partition with rows in it
 * @param shards number of shards
 * @param samples number of samples, which is the number of rows
 * @param rawBytes size of all shards before compression, in bytes
 * @param storedBytes size of all shards as they are stored, in bytes
 * @param elapsed from the start of the Spark job to the end of the commit
 */
public record ConversionSummary(
    String location,
    int partitions,
    int shards,
    long samples,
    long rawBytes,
    long storedBytes,
    Duration elapsed)
    implements Serializable {
  private static final long serialVersionUID = 1L;
}
