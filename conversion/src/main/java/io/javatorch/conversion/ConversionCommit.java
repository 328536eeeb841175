package io.javatorch.conversion;

import io.javatorch.streaming.format.ShardIndex;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The driver's side of a conversion: claims the target, makes a staging directory inside it, and,
 * once Spark has accepted one attempt at every partition, moves those attempts to their final names
 * and writes the merged index. A reader sees nothing before the index is there. Whatever else
 * attempts left behind goes with the staging directory.
 *
 * <p>What is overwritten moves into the staging directory first, and goes with it once the new
 * index is there, or comes back if the job fails before. A file in the target names the job that
 * owns it: two jobs never write into one target.
 */
final class ConversionCommit {
  private static final Logger LOG = LoggerFactory.getLogger(ConversionCommit.class);

  /** Names the job that writes into the target. */
  static final String OWNER = "_conversion-owner";

  private static final String STAGING_PREFIX = "_temporary-";

  /** What conversions write, and the hidden files that readers of their shards add. */
  private static final Pattern REPLACEABLE =
      Pattern.compile("part-\\d{5,}|index\\.json|\\.javatorch-.*");

  private final OutputStore store;
  private final boolean overwrite;
  private final boolean targetExisted;
  private final String staging = STAGING_PREFIX + UUID.randomUUID();
  private final String replaced = staging + "/replaced";
  private final List<String> setAside = new ArrayList<>();
  private final List<String> published = new ArrayList<>();
  private boolean publishingIndex;
  private boolean committed;

  /**
   * Checks and claims the target, and makes the staging directory.
   *
   * @param job what to tell of this job to another that wants the same target
   * @throws ConversionException if another job owns the target, or it has something in it that may
   *     not be replaced
   */
  ConversionCommit(OutputStore store, boolean overwrite, String job) throws IOException {
    this.store = store;
    this.overwrite = overwrite;
    // Before anything is written: a target that is refused stays as it is.
    checkTarget(store.list());
    targetExisted = store.isDirectory("");
    store.createDirectory("");
    var owner =
        "%s, which stages in %s, since %s"
            .formatted(job, staging, Instant.now().truncatedTo(ChronoUnit.SECONDS));
    claim(owner);
    try {
      // Another job may have ended in between.
      checkTarget(store.list().stream().filter(entry -> !entry.equals(OWNER)).toList());
      store.createDirectory(staging);
    } catch (IOException | RuntimeException e) {
      abortAfter(e);
      throw e;
    }
  }

  /** Where attempts put their directories. */
  String staging() {
    return staging;
  }

  /**
   * Publishes the accepted attempts: one result for every partition. If it throws, nothing new can
   * be seen, and {@link #abort} brings back what there was.
   */
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
      setAside();
    }
    var scratch = Files.createTempDirectory("mds-index-");
    try {
      for (var result : accepted) {
        if (!result.isEmpty()) {
          var part = PartitionWriter.partName(result.partition());
          publish(result.attempt(), part);
          Files.createDirectory(scratch.resolve(part));
          store.fetch(
              part + "/" + ShardIndex.BASENAME, scratch.resolve(part).resolve(ShardIndex.BASENAME));
        }
      }
      ShardIndex.merge(scratch, published);
      publishingIndex = true;
      store.publish(
          scratch.resolve(ShardIndex.BASENAME),
          staging + "/" + ShardIndex.BASENAME,
          ShardIndex.BASENAME);
      committed = true;
    } finally {
      deleteScratch(scratch);
    }
    // The data set is there and may be in use: what cannot be tidied is no reason to fail the job.
    try {
      store.delete(staging);
    } catch (IOException | RuntimeException e) {
      LOG.warn("{} is complete, but {} in it could not be removed", store.location(), staging, e);
    }
    try {
      store.delete(OWNER);
    } catch (IOException | RuntimeException e) {
      LOG.warn(
          "{} is complete, but {} in it could not be removed; remove it before you overwrite",
          store.location(),
          OWNER,
          e);
    }
  }

  /**
   * Removes what the job has written so far and brings back what it was to replace. Does nothing
   * once the job is committed.
   *
   * @throws IOException if a part of that fails; the rest has been done then, and what could not be
   *     brought back is still in the staging directory
   */
  void abort() throws IOException {
    if (committed) {
      return;
    }
    var undo = new Undo();
    if (publishingIndex) {
      // Its move may have succeeded though an error was reported.
      undo.run(() -> store.delete(ShardIndex.BASENAME));
    }
    for (var part : published) {
      undo.run(() -> store.delete(part));
    }
    // The index comes back last, as it went first.
    for (int i = setAside.size() - 1; i >= 0; i--) {
      var entry = setAside.get(i);
      undo.run(() -> bringBack(entry));
    }
    if (undo.failure != null && !setAside.isEmpty()) {
      undo.failure =
          new IOException(
              ("Not all of the earlier conversion could be put back into %s: move what is missing"
                      + " out of %s there by hand")
                  .formatted(store.location(), replaced),
              undo.failure);
    } else {
      undo.run(() -> store.delete(staging));
    }
    undo.run(() -> store.delete(OWNER));
    if (!targetExisted) {
      undo.run(store::deleteIfEmpty);
    }
    if (undo.failure != null) {
      throw undo.failure;
    }
  }

  /** Aborts because of a failure, to which it adds what goes wrong in doing so. */
  void abortAfter(Throwable failure) {
    try {
      abort();
    } catch (IOException | RuntimeException e) {
      failure.addSuppressed(e);
    }
  }

  private void claim(String owner) throws IOException {
    boolean claimed;
    try {
      claimed = store.createFile(OWNER, owner);
    } catch (IOException e) {
      if (!targetExisted) {
        try {
          store.deleteIfEmpty();
        } catch (IOException cleaning) {
          e.addSuppressed(cleaning);
        }
      }
      throw e;
    }
    if (!claimed) {
      throw owned();
    }
  }

  /** Moves what there is out of sight; what others put there meanwhile stays. */
  private void setAside() throws IOException {
    var entries =
        new ArrayList<>(
            store.list().stream().filter(entry -> REPLACEABLE.matcher(entry).matches()).toList());
    // The index first: from here on a reader sees no data set rather than half of one.
    if (entries.remove(ShardIndex.BASENAME)) {
      entries.add(0, ShardIndex.BASENAME);
    }
    store.createDirectory(replaced);
    for (var entry : entries) {
      // Noted before, since a move may succeed though an error is reported.
      setAside.add(entry);
      store.move(entry, replaced + "/" + entry);
    }
  }

  private void bringBack(String entry) throws IOException {
    var aside = replaced + "/" + entry;
    if (store.exists(aside)) {
      store.move(aside, entry);
    }
  }

  private void publish(String attempt, String part) throws IOException {
    if (store.exists(part)) {
      throw new FileAlreadyExistsException(
          store.location() + "/" + part, null, "somebody else has put it there meanwhile");
    }
    published.add(part);
    store.move(attempt, part);
  }

  private void checkTarget(List<String> entries) throws IOException {
    if (entries.isEmpty()) {
      return;
    }
    if (entries.contains(OWNER)) {
      throw owned();
    }
    if (!overwrite) {
      throw new ConversionException(
          ("%s is not empty (it has %s). Choose another directory, or allow replacing an earlier"
                  + " conversion with overwrite(true)")
              .formatted(store.location(), some(entries)));
    }
    var foreign =
        entries.stream()
            .filter(
                entry -> !REPLACEABLE.matcher(entry).matches() && !entry.startsWith(STAGING_PREFIX))
            .toList();
    if (!foreign.isEmpty()) {
      throw new ConversionException(
          ("%s has files that no conversion wrote (%s), so it is not overwritten. Remove them, or"
                  + " choose another directory")
              .formatted(store.location(), some(foreign)));
    }
    for (var entry : entries) {
      if (entry.startsWith(STAGING_PREFIX)) {
        LOG.warn(
            "{} has {}, which an interrupted conversion left; it is kept, since what that was to"
                + " replace may be in it",
            store.location(),
            entry);
      }
    }
  }

  private ConversionException owned() {
    String owner;
    try {
      owner = store.readFile(OWNER).strip();
    } catch (IOException e) {
      owner = "";
    }
    return new ConversionException(
        ("%s is being written by another conversion (%s). Let it end, or choose another directory."
                + " If it is certain that it is dead, remove the file %s there and start again;"
                + " what it was to replace may be in its staging directory, under 'replaced'")
            .formatted(store.location(), owner.isEmpty() ? "it has not said which" : owner, OWNER));
  }

  private static void deleteScratch(Path scratch) {
    try {
      LocalOutput.deleteTree(scratch);
    } catch (IOException | RuntimeException e) {
      LOG.warn("{} could not be removed", scratch, e);
    }
  }

  private static String some(List<String> entries) {
    var shown = String.join(", ", entries.subList(0, Math.min(5, entries.size())));
    return entries.size() > 5 ? shown + ", ..." : shown;
  }

  /** Steps of which each is tried, whatever became of those before it. */
  private static final class Undo {
    private IOException failure;

    interface Step {
      void run() throws IOException;
    }

    void run(Step step) {
      try {
        step.run();
      } catch (IOException | RuntimeException e) {
        if (failure == null) {
          failure = e instanceof IOException io ? io : new IOException(e);
        } else {
          failure.addSuppressed(e);
        }
      }
    }
  }
}
