package io.javatorch.conversion;

import io.javatorch.streaming.format.ShardIndex;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * The driver's side of a conversion: makes a staging directory inside the target, and, once Spark
 * has accepted one attempt at every partition, moves those attempts to their final names and writes
 * the merged index. A reader sees nothing before the index is there. Whatever else attempts left
 * behind goes with the staging directory.
 */
final class ConversionCommit {
  private static final String STAGING_PREFIX = "_temporary-";

  /** What conversions write, and the hidden files that readers of their shards add. */
  private static final Pattern OURS =
      Pattern.compile("part-\\d{5,}|index\\.json|\\.javatorch-.*|" + STAGING_PREFIX + ".*");

  private final OutputStore store;
  private final boolean overwrite;
  private final boolean targetExisted;
  private final String staging = STAGING_PREFIX + UUID.randomUUID();
  private final List<String> published = new ArrayList<>();

  /**
   * Checks the target and makes the staging directory.
   *
   * @throws ConversionException if the target has something in it that may not be replaced
   */
  ConversionCommit(OutputStore store, boolean overwrite) throws IOException {
    this.store = store;
    this.overwrite = overwrite;
    checkTarget();
    targetExisted = store.isDirectory("");
    store.createDirectory(staging);
  }

  /** Where attempts put their directories. */
  String staging() {
    return staging;
  }

  /** Publishes the accepted attempts: one result for every partition. */
  void commit(List<PartitionResult> accepted) throws IOException {
    for (var result : accepted) {
      if (!result.isEmpty() && !store.isDirectory(result.attempt())) {
        throw new ConversionException(
            ("%s was written by a task but is not to be seen from the driver: %s must be a directory"
                    + " that the driver and all executors share")
                .formatted(result.attempt(), store.location()));
      }
    }
    if (overwrite) {
      // The index first: from here on a reader sees no data set rather than half of one.
      store.delete(ShardIndex.BASENAME);
      for (var entry : store.list()) {
        if (!entry.equals(staging)) {
          store.delete(entry);
        }
      }
    }
    var scratch = Files.createTempDirectory("mds-index-");
    try {
      for (var result : accepted) {
        if (!result.isEmpty()) {
          var part = PartitionWriter.partName(result.partition());
          store.move(result.attempt(), part);
          published.add(part);
          Files.createDirectory(scratch.resolve(part));
          store.fetch(
              part + "/" + ShardIndex.BASENAME, scratch.resolve(part).resolve(ShardIndex.BASENAME));
        }
      }
      ShardIndex.merge(scratch, published);
      store.publish(scratch.resolve(ShardIndex.BASENAME), ShardIndex.BASENAME);
    } finally {
      LocalOutput.deleteTree(scratch);
    }
    store.delete(staging);
  }

  /** Removes what the job has written so far. */
  void abort() throws IOException {
    for (var part : published) {
      store.delete(part);
    }
    store.delete(staging);
    if (!targetExisted && store.list().isEmpty()) {
      store.delete("");
    }
  }

  private void checkTarget() throws IOException {
    var entries = store.list();
    if (entries.isEmpty()) {
      return;
    }
    if (!overwrite) {
      throw new ConversionException(
          ("%s is not empty (it has %s). Choose another directory, or allow replacing an earlier"
                  + " conversion with overwrite(true)")
              .formatted(store.location(), some(entries)));
    }
    var foreign = entries.stream().filter(entry -> !OURS.matcher(entry).matches()).toList();
    if (!foreign.isEmpty()) {
      throw new ConversionException(
          ("%s has files that no conversion wrote (%s), so it is not overwritten. Remove them, or"
                  + " choose another directory")
              .formatted(store.location(), some(foreign)));
    }
  }

  private static String some(List<String> entries) {
    var shown = String.join(", ", entries.subList(0, Math.min(5, entries.size())));
    return entries.size() > 5 ? shown + ", ..." : shown;
  }
}
