package io.javatorch.conversion.commit;

/**
 * What a job added to its target.
 *
 * @param location the target, as a URI
 * @param parts directories with shards in them
 * @param shards number of shards
 * @param samples number of samples
 * @param rawBytes size of the shards before compression
 * @param storedBytes size of the shards as they are stored
 * @param droppedRows rows that were left out because of nulls
 */
public record Published(
    String location,
    int parts,
    int shards,
    long samples,
    long rawBytes,
    long storedBytes,
    long droppedRows) {}
