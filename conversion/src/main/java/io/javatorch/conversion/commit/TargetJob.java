package io.javatorch.conversion.commit;

import io.javatorch.conversion.ConversionException;
import io.javatorch.conversion.schema.SchemaSidecar;
import io.javatorch.streaming.format.Column;
import io.javatorch.streaming.format.ShardIndex;
import io.javatorch.streaming.format.ShardInfo;
import io.javatorch.streaming.storage.RetryPolicy;
import io.javatorch.streaming.storage.StoredFile;
import io.javatorch.streaming.storage.Uploader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The driver's side of one write into a target: claims it, tells tasks where to put their shards,
 * and then either publishes those of the accepted attempts by writing the index, or removes what
 * was added. Not thread-safe.
 */
public final class TargetJob {
  private static final Logger LOG = LoggerFactory.getLogger(TargetJob.class);

  /** What to do with what is in the target. */
  public enum Mode {
    /** Refuse a data set that is there. */
    ERROR,
    /** Add shards to it; there need be none. */
    APPEND,
    /** Replace it; there need be none. */
    OVERWRITE
  }

  /**
   * What is to be written.
   *
   * @param mode what to do with what is there
   * @param columns column names to MDS encodings
   * @param mergeIndex whether one index in the root names all shards; else each part has its own,
   *     and parts appear one after the other
   * @param sidecar the Spark types of the columns; empty if they have none
   * @param description what to tell of this job to another that wants the same target
   */
  public record Plan(
      Mode mode,
      Map<String, String> columns,
      boolean mergeIndex,
      Optional<SchemaSidecar> sidecar,
      String description) {
    List<Column> mdsColumns() {
      return columns.entrySet().stream()
          .map(entry -> new Column(entry.getKey(), entry.getValue()))
          .sorted((a, b) -> a.name().compareTo(b.name()))
          .toList();
    }
  }

  private final Destination destination;
  private final Plan plan;
  private final Store store;
  private final String id = UUID.randomUUID().toString();
  private boolean rootExisted;
  private Claim claim;
  private TargetState before;
  private Set<String> filesBefore;

  /** All that was in the directories of parts, whether an index named it or not. */
  private final Set<String> present = ConcurrentHashMap.newKeySet();

  private Optional<byte[]> indexBefore = Optional.empty();
  private int firstPart;

  /** The Spark types of the columns of the data set that is to be there. */
  private Optional<SchemaSidecar> sidecar = Optional.empty();

  /** The name of their file, once it is known. */
  private String sidecarName = "";

  /** What was in the file of that name, once this job has replaced it. */
  private Optional<byte[]> sidecarBefore = Optional.empty();

  private boolean sidecarReplaced;
  private final List<String> partIndexes = new ArrayList<>();
  private State state = State.OPEN;

  private enum State {
    OPEN,
    /** An index was sent, and it is not known whether it is there. */
    UNKNOWN,
    PUBLISHED,
    ABORTED
  }

  private TargetJob(Destination destination, Plan plan, Store store) {
    this.destination = destination;
    this.plan = plan;
    this.store = store;
  }

  /** Whether there is a data set in a target. */
  public static boolean hasDataSet(Destination destination) throws IOException {
    try (var store = new Store(destination.connectDirectly(""), Uploader.DEFAULT_RETRIES)) {
      return TargetState.read(store).hasDataSet();
    }
  }

  /**
   * Makes sure that a target may be written as planned, as far as can be seen without claiming it.
   * Changes nothing.
   *
   * @throws ConversionException if it may not
   */
  public static void check(Destination destination, Plan plan) throws IOException {
    try (var store = new Store(destination.connectDirectly(""), Uploader.DEFAULT_RETRIES)) {
      new TargetJob(destination, plan, store).check();
    }
  }

  /**
   * Claims the target, and makes sure that it may be written as planned. The claim is kept until
   * {@link #publish} or {@link #abort}.
   *
   * @throws ConversionException if another job writes into it, or it may not be written as planned;
   *     it is then as it was
   */
  public static TargetJob begin(Destination destination, Plan plan) throws IOException {
    return begin(
        destination,
        plan,
        new Store(destination.connectDirectly(""), Uploader.DEFAULT_RETRIES),
        Claim.Timing.DEFAULT);
  }

  static TargetJob begin(
      Destination destination, Plan plan, RetryPolicy retries, Claim.Timing timing)
      throws IOException {
    return begin(destination, plan, new Store(destination.connectDirectly(""), retries), timing);
  }

  private static TargetJob begin(
      Destination destination, Plan plan, Store store, Claim.Timing timing) throws IOException {
    var job = new TargetJob(destination, plan, store);
    boolean begun = false;
    try {
      job.begin(timing);
      begun = true;
      return job;
    } finally {
      if (!begun) {
        store.close();
      }
    }
  }

  private void begin(Claim.Timing timing) throws IOException {
    // Before anything is written: a target that is refused stays as it is.
    check();
    rootExisted = destination.localDirectory().map(Files::isDirectory).orElse(true);
    try {
      claim = Claim.take(store, id, plan.description(), timing);
      // Another job may have ended in between.
      check();
      firstPart = plan.mode() == Mode.APPEND ? before.nextPart() : 0;
      if (before.merged().isPresent() || before.damage().isPresent()) {
        indexBefore = store.read(ShardIndex.BASENAME);
      }
      store.each(
          parts(),
          part -> {
            store.list(part).forEach(file -> present.add(part + "/" + file.name()));
            return part;
          });
    } catch (IOException | RuntimeException e) {
      abortAfter(e);
      throw e;
    }
    filesBefore = before.files();
  }

  /** The directories of parts that there are, from the first one on that this job may write. */
  private List<String> parts() throws IOException {
    return TargetState.partDirectories(store.list("")).stream()
        .filter(part -> TargetState.number(part) >= firstPart)
        .toList();
  }

  private void check() throws IOException {
    refuseFile();
    before = TargetState.read(store);
    switch (plan.mode()) {
      case ERROR -> before.checkFree(store.location());
      case APPEND -> before.checkAppendable(store.location(), plan.mdsColumns(), plan.mergeIndex());
      case OVERWRITE -> before.checkReplaceable(store.location(), store);
    }
    // Where there is no shard yet, nothing has other types.
    sidecar =
        plan.mode() == Mode.APPEND && !before.shards().isEmpty()
            ? sidecarWithAdded()
            : plan.sidecar();
  }

  /**
   * What is known of the data set's types, and will be once rows are added.
   *
   * @throws ConversionException if the added rows have other types, so that they would be read as
   *     what they are not
   */
  private Optional<SchemaSidecar> sidecarWithAdded() throws IOException {
    var name = SchemaSidecar.basename(before.shards());
    var content = store.read(name);
    if (content.isEmpty()) {
      return Optional.empty();
    }
    try {
      var known = SchemaSidecar.parse(content.get());
      return Optional.of(plan.sidecar().map(known::withRowsOf).orElse(known));
    } catch (IllegalArgumentException e) {
      throw new ConversionException(
          "%s cannot be appended to, by what %s says of it: %s"
              .formatted(store.location(), name, e.getMessage()),
          e);
    }
  }

  private void refuseFile() {
    var local = destination.localDirectory();
    if (local.isPresent() && Files.exists(local.get()) && !Files.isDirectory(local.get())) {
      throw new ConversionException(local.get() + " is a file, not a directory");
    }
  }

  /** The number of the part that partition 0 becomes. */
  public int firstPart() {
    return firstPart;
  }

  /** Names this job and no other. */
  public String id() {
    return id;
  }

  /**
   * Publishes the accepted attempts: one for each partition. When it returns, readers see them; if
   * it throws, they see what was there before, unless the message says that this is not known.
   *
   * @throws ConversionException if a shard is not where it must be, or the target is no longer this
   *     job's
   */
  public Published publish(List<PartShards> accepted) throws IOException {
    var parts = accepted.stream().filter(part -> !part.isEmpty()).toList();
    claim.check();
    store.each(
        parts,
        part -> {
          verify(part);
          return part;
        });
    var added = new ArrayList<ShardInfo>();
    parts.forEach(part -> added.addAll(part.in(part.directory())));
    var summary =
        new Published(
            destination.uri(),
            parts.size(),
            added.size(),
            added.stream().mapToLong(ShardInfo::samples).sum(),
            added.stream().mapToLong(ShardInfo::rawBytes).sum(),
            added.stream().mapToLong(ShardInfo::storedBytes).sum(),
            accepted.stream().mapToLong(PartShards::droppedRows).sum());
    var all = new ArrayList<ShardInfo>();
    if (plan.mode() == Mode.APPEND) {
      all.addAll(before.shards());
    }
    all.addAll(added);
    replaceSidecar(SchemaSidecar.basename(all));
    claim.check();
    var named = new HashSet<String>();
    all.forEach(shard -> named.addAll(Shards.files(shard)));
    if (plan.mergeIndex()) {
      putIndex(new ShardIndex(all));
      named.add(ShardIndex.BASENAME);
    } else {
      putIndexes(parts);
      parts.forEach(part -> named.add(part.directory() + "/" + ShardIndex.BASENAME));
      if (plan.mode() == Mode.APPEND) {
        before.parts().keySet().forEach(part -> named.add(part + "/" + ShardIndex.BASENAME));
      }
    }
    if (isStillOwned()) {
      state = State.PUBLISHED;
      tidy(named);
    }
    return summary;
  }

  /** Whether what the new index does not name is this job's to remove. */
  private boolean isStillOwned() {
    try {
      if (claim.isOwn()) {
        return true;
      }
    } catch (IOException | RuntimeException e) {
      state = State.PUBLISHED;
      LOG.warn(
          "{} is complete. It is not known whether another conversion writes into it by now, so"
              + " what is of no more use in it stays; the next overwrite removes it",
          store.location(),
          e);
      var left = new Steps();
      left.run(claim::close);
      left.run(store::close);
      return false;
    }
    state = State.UNKNOWN;
    throw new ConversionException(
        ("%s was taken over by another conversion while this one wrote its index. It is not known"
                + " which of the two is there, and whether all shards of it are: run the one that"
                + " is wanted again, with mode(\"overwrite\"), when the other has ended")
            .formatted(store.location()));
  }

  /** Sees to it that the driver has the shards before its eyes that an executor wrote. */
  private void verify(PartShards part) throws IOException {
    var there =
        store.list(part.directory()).stream()
            .collect(Collectors.toMap(StoredFile::name, StoredFile::bytes));
    for (var file : part.files().entrySet()) {
      if (!Objects.equals(there.get(file.getKey()), file.getValue())) {
        throw new ConversionException(
            ("%s/%s was written by a task on %s but %s from the driver: either another has removed"
                    + " it, or %s is no directory that the driver and all executors share")
                .formatted(
                    part.directory(),
                    file.getKey(),
                    part.host(),
                    there.containsKey(file.getKey())
                        ? "has " + there.get(file.getKey()) + " bytes when seen"
                        : "is not to be seen",
                    store.location()));
      }
    }
  }

  /**
   * Writes the types of the columns. The index of before does not know the file, unless it begins
   * with the same shard, of the same bytes.
   */
  private void replaceSidecar(String name) throws IOException {
    sidecarName = name;
    sidecarBefore = store.read(name);
    var content = sidecar.map(SchemaSidecar::toJson);
    if (content.isPresent()
        && sidecarBefore.isPresent()
        && Arrays.equals(content.get(), sidecarBefore.get())) {
      return;
    }
    sidecarReplaced = true;
    if (content.isPresent()) {
      store.put(content.get(), name);
    } else if (sidecarBefore.isPresent()) {
      store.delete(name);
    }
  }

  /** Removes types of data sets that were here before, or were never finished. */
  private void removeOtherSidecars() throws IOException {
    for (var entry : store.list("")) {
      if (!entry.isDirectory()
          && SchemaSidecar.isBasename(entry.name())
          && !entry.name().equals(sidecarName)) {
        store.delete(entry.name());
      }
    }
  }

  private interface IndexUse {
    void with(Path file) throws IOException;
  }

  private static void withFile(ShardIndex index, IndexUse use) throws IOException {
    var directory = Files.createTempDirectory("mds-index-");
    try {
      index.write(directory);
      use.with(directory.resolve(ShardIndex.BASENAME));
    } finally {
      Files.deleteIfExists(directory.resolve(ShardIndex.BASENAME));
      Files.delete(directory);
    }
  }

  private void putIndex(ShardIndex index) throws IOException {
    withFile(
        index,
        file -> {
          var bytes = Files.readAllBytes(file);
          try {
            store.put(file, ShardIndex.BASENAME);
          } catch (IOException | RuntimeException e) {
            if (!isThere(bytes, e)) {
              if (state == State.UNKNOWN) {
                throw unknown(e);
              }
              throw e;
            }
            LOG.warn(
                "{} has the new index, though the store reported a failure", store.location(), e);
          }
        });
  }

  private IOException unknown(Exception failure) {
    return new IOException(
        ("it is not known whether %s has the new index or the one of before, so the files of both"
                + " stay: %s")
            .formatted(store.location(), failure.getMessage()),
        failure);
  }

  /** Whether an index is in its place that may or may not have got there. */
  private boolean isThere(byte[] index, Exception failure) {
    state = State.UNKNOWN;
    try {
      var found = store.readReplaced(ShardIndex.BASENAME);
      if (found.isPresent() && Arrays.equals(found.get(), index)) {
        return true;
      }
      if (found.isEmpty() && indexBefore.isPresent()) {
        // Some stores replace a file by deleting it first.
        claim.check();
        store.put(indexBefore.get(), ShardIndex.BASENAME);
        LOG.warn("{} got back the index that it had", store.location());
        found = indexBefore;
      }
      boolean asBefore =
          found.isPresent() == indexBefore.isPresent()
              && (found.isEmpty() || Arrays.equals(found.get(), indexBefore.get()));
      // What was given up can get there yet, and must find its shards then.
      if (asBefore && !(failure instanceof Store.UnknownOutcomeException)) {
        state = State.OPEN;
      }
    } catch (IOException | RuntimeException e) {
      failure.addSuppressed(e);
    }
    return false;
  }

  /** Writes the index of each part. */
  private void putIndexes(List<PartShards> parts) throws IOException {
    for (var part : parts) {
      partIndexes.add(part.directory() + "/" + ShardIndex.BASENAME);
    }
    if (plan.mode() == Mode.OVERWRITE && before.hasDataSet()) {
      // Half-way, some parts are of the new data set and some of the old one.
      state = State.UNKNOWN;
    }
    var mayArrive = new AtomicBoolean();
    try {
      store.each(
          parts,
          part -> {
            try {
              withFile(
                  new ShardIndex(part.in("")),
                  file -> store.put(file, part.directory() + "/" + ShardIndex.BASENAME));
            } catch (Store.UnknownOutcomeException e) {
              mayArrive.set(true);
              throw e;
            }
            return part;
          });
    } catch (IOException | RuntimeException e) {
      if (mayArrive.get()) {
        state = State.UNKNOWN;
      }
      if (state == State.UNKNOWN) {
        throw unknown(e);
      }
      throw e;
    }
    if (plan.mode() == Mode.OVERWRITE) {
      // A reader that finds it takes no notice of those of the parts.
      store.delete(ShardIndex.BASENAME);
    }
  }

  /** Removes what no index names any more. The data set is there: nothing fails because of it. */
  private void tidy(Set<String> named) {
    var undone = new Steps();
    undone.run(claim::end);
    undone.run(() -> removeParts(named, plan.mode() == Mode.OVERWRITE));
    if (plan.mode() == Mode.OVERWRITE) {
      undone.run(() -> removeOther(named));
    }
    undone.run(this::removeOtherSidecars);
    // Of drivers that died.
    before.entries().stream()
        .map(StoredFile::name)
        .filter(Claim::isTemporary)
        .forEach(file -> undone.run(() -> store.delete(file)));
    undone.run(claim::close);
    undone.run(store::close);
    undone
        .failure()
        .ifPresent(
            e ->
                LOG.warn(
                    "{} is complete, but not all that is of no more use in it could be removed; the"
                        + " next overwrite removes it",
                    store.location(),
                    e));
  }

  /**
   * Removes files of parts that are in no index, from the first part on that this job may write.
   *
   * @param readers whether to remove what readers added as well
   */
  private void removeParts(Set<String> named, boolean readers) throws IOException {
    store.each(
        parts(),
        part -> {
          removePart(part, named, readers);
          return part;
        });
  }

  private void removePart(String part, Set<String> named, boolean readers) throws IOException {
    int left = 0;
    for (var file : store.list(part)) {
      var path = part + "/" + file.name();
      boolean unwanted =
          !file.isDirectory()
              && !named.contains(path)
              && (TargetState.isOwn(file.name())
                  || file.name().equals(ShardIndex.BASENAME)
                  || (readers && TargetState.isOfReaders(file.name()))
                  || filesBefore.contains(path));
      if (unwanted) {
        store.delete(path);
      } else {
        left++;
      }
    }
    if (left == 0) {
      store.deleteDirectory(part);
    }
  }

  /** Removes the rest of a data set that was replaced. */
  private void removeOther(Set<String> named) throws IOException {
    var old = new TreeMap<String, Boolean>();
    for (var file : filesBefore) {
      old.put(file, true);
    }
    for (var directory : before.foreignLayout()) {
      for (var file : store.list(directory)) {
        if (!file.isDirectory()
            && (file.name().equals(ShardIndex.BASENAME) || TargetState.isOfReaders(file.name()))) {
          old.put(directory + "/" + file.name(), true);
        }
      }
    }
    for (var entry : before.entries()) {
      if (!entry.isDirectory()
          && (TargetState.isOfReaders(entry.name()) || TargetState.isTemporary(entry.name()))) {
        old.put(entry.name(), true);
      }
    }
    old.keySet().removeAll(named);
    store.each(
        old.keySet(),
        file -> {
          store.delete(file);
          return file;
        });
    // From the deepest up.
    var directories = new ArrayList<>(before.foreignLayout());
    for (int i = directories.size() - 1; i >= 0; i--) {
      store.deleteDirectory(directories.get(i));
    }
  }

  /**
   * Removes what this job added, and gives the target back. Does nothing once the job is published
   * or aborted.
   *
   * @throws IOException if a part of that fails; the rest has been done then
   */
  public void abort() throws IOException {
    if (state == State.PUBLISHED || state == State.ABORTED) {
      return;
    }
    // On a thread that nobody interrupts, as Spark does to end a job: else the files would stay.
    var failure = new AtomicReference<IOException>();
    var cleaning =
        new Thread(
            () -> {
              try {
                removeAdded();
              } catch (IOException e) {
                failure.set(e);
              }
            },
            "mds-abort");
    cleaning.setDaemon(true);
    cleaning.start();
    boolean interrupted = false;
    while (cleaning.isAlive()) {
      try {
        cleaning.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    if (failure.get() != null) {
      throw failure.get();
    }
  }

  private void removeAdded() throws IOException {
    boolean known = state == State.OPEN;
    state = State.ABORTED;
    var undo = new Steps();
    if (claim != null && !isOwn(undo)) {
      // What is there now is another's to keep or to remove.
      undo.run(claim::close);
      undo.run(store::close);
      undo.done();
      return;
    }
    if (claim != null) {
      // Spark does not wait for the tasks of a stage that failed.
      undo.run(claim::end);
    }
    if (claim != null && known) {
      undo.run(this::restoreSidecar);
      // A try that was left behind may put an index that the removed shards were for.
      if (!partIndexes.isEmpty()) {
        undo.run(this::removePartIndexes);
      }
      if (filesBefore != null) {
        undo.run(() -> removeParts(present, false));
      }
    } else if (claim != null) {
      LOG.error(
          "It is not known whether {} has the new index or the old one: the files of both stay",
          store.location());
    }
    if (claim != null) {
      undo.run(claim::close);
      if (!rootExisted) {
        undo.run(() -> store.deleteDirectory(""));
      }
    }
    undo.run(store::close);
    undo.done();
  }

  private boolean isOwn(Steps undo) {
    var own = new AtomicBoolean();
    undo.run(() -> own.set(claim.isOwn()));
    return own.get();
  }

  private void restoreSidecar() throws IOException {
    if (!sidecarReplaced) {
      return;
    }
    if (sidecarBefore.isPresent()) {
      store.put(sidecarBefore.get(), sidecarName);
    } else {
      store.delete(sidecarName);
    }
  }

  private void removePartIndexes() throws IOException {
    store.each(
        partIndexes.stream().filter(index -> !present.contains(index)).toList(),
        index -> {
          store.delete(index);
          return index;
        });
  }

  /** Aborts because of a failure, to which it adds what goes wrong in doing so. */
  private void abortAfter(Throwable failure) {
    try {
      abort();
    } catch (IOException | RuntimeException e) {
      failure.addSuppressed(e);
    }
  }

  /** Is not heard of any more, but lives. For tests. */
  void stall() throws IOException {
    claim.abandon();
  }

  /** Goes away without a word, as a driver does that dies. For tests. */
  void vanish() throws IOException {
    claim.abandon();
    store.close();
    state = State.ABORTED;
  }

  /** Steps of which each is tried, whatever became of those before it. */
  private static final class Steps {
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
        } else if (failure != e) {
          failure.addSuppressed(e);
        }
      }
    }

    Optional<IOException> failure() {
      return Optional.ofNullable(failure);
    }

    void done() throws IOException {
      if (failure != null) {
        throw failure;
      }
    }
  }
}
