package io.javatorch.conversion.commit;

import io.javatorch.conversion.ConversionException;
import io.javatorch.conversion.schema.SchemaSidecar;
import io.javatorch.streaming.format.Column;
import io.javatorch.streaming.format.MalformedShardException;
import io.javatorch.streaming.format.ShardIndex;
import io.javatorch.streaming.format.ShardInfo;
import io.javatorch.streaming.storage.StoredFile;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is in a target before a job writes into it.
 *
 * @param entries what lies right in it
 * @param merged the index of the whole data set, if there is one that can be read
 * @param damage what is wrong with the index that is there and cannot be read
 * @param parts the indexes of parts by their directories, where there is none of the whole
 */
record TargetState(
    List<StoredFile> entries,
    Optional<ShardIndex> merged,
    Optional<String> damage,
    Map<String, ShardIndex> parts) {
  private static final Logger LOG = LoggerFactory.getLogger(TargetState.class);

  private static final Pattern PART = Pattern.compile("part-(\\d{5,9})");
  private static final String TEMPORARY =
      "\\..*\\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\\.tmp(\\.old)?";

  /** What conversions put into a part, and what their killed attempts and dead jobs leave there. */
  private static final Pattern OWN_FILE =
      Pattern.compile("shard\\.\\d{5,9}\\.([0-9a-f]{16}\\.)?mds(\\.[a-z0-9]+)?|" + TEMPORARY);

  /** What conversions put beside the parts, and what an older version of them did. */
  private static final Pattern OWN_ENTRY =
      Pattern.compile("index\\.json|_conversion-owner|_temporary-[0-9a-f-]{36}|" + TEMPORARY);

  private static final Pattern TEMPORARY_FILE = Pattern.compile(TEMPORARY);
  private static final Pattern TEMPORARY_INDEX =
      Pattern.compile("\\.index\\.json\\..*\\.tmp(\\.old)?");

  /** What readers add to a data set, which is of no use without it. */
  private static final Pattern OF_READERS = Pattern.compile("\\.javatorch-.*");

  static TargetState read(Store store) throws IOException {
    var entries = store.list("");
    if (entries.stream()
        .anyMatch(entry -> entry.name().equals(ShardIndex.BASENAME) && !entry.isDirectory())) {
      try {
        return new TargetState(
            entries, Optional.of(index(store, "")), Optional.empty(), new TreeMap<>());
      } catch (MalformedShardException e) {
        return new TargetState(
            entries, Optional.empty(), Optional.of(e.getMessage()), new TreeMap<>());
      }
    }
    var orphan = orphan(store, entries);
    if (orphan.isPresent()) {
      return new TargetState(entries, Optional.empty(), orphan, new TreeMap<>());
    }
    var directories = partDirectories(entries);
    var indexes =
        store.each(
            directories,
            directory ->
                store.list(directory).stream()
                        .anyMatch(file -> file.name().equals(ShardIndex.BASENAME))
                    ? Optional.of(index(store, directory))
                    : Optional.<ShardIndex>empty());
    var parts = new TreeMap<String, ShardIndex>();
    for (int i = 0; i < indexes.size(); i++) {
      var directory = directories.get(i);
      indexes.get(i).ifPresent(index -> parts.put(directory, index));
    }
    return new TargetState(entries, Optional.empty(), Optional.empty(), parts);
  }

  /**
   * Whether an index lacks nothing but its name, as a driver leaves it that dies while a store
   * replaces one file by another in two steps.
   */
  private static Optional<String> orphan(Store store, List<StoredFile> entries) throws IOException {
    for (var entry : entries) {
      if (!entry.isDirectory() && TEMPORARY_INDEX.matcher(entry.name()).matches()) {
        try {
          var unused = indexIn(store, entry.name());
          return Optional.of(
              ("%s is gone, and %s has the one of a conversion that died just then: give that its"
                      + " name to have the data set, or delete it to start anew")
                  .formatted(ShardIndex.BASENAME, entry.name()));
        } catch (MalformedShardException e) {
          LOG.debug("{} is not whole", entry.name(), e);
        }
      }
    }
    return Optional.empty();
  }

  private static ShardIndex index(Store store, String directory) throws IOException {
    return indexIn(
        store, directory.isEmpty() ? ShardIndex.BASENAME : directory + "/" + ShardIndex.BASENAME);
  }

  private static ShardIndex indexIn(Store store, String path) throws IOException {
    var file = Files.createTempFile("mds-index-", ".json");
    try {
      Files.write(
          file, store.read(path).orElseThrow(() -> new IOException(path + " went away just now")));
      return ShardIndex.read(file);
    } finally {
      Files.deleteIfExists(file);
    }
  }

  /** The directories of parts, in the order of their names. */
  static List<String> partDirectories(Collection<StoredFile> entries) {
    return entries.stream()
        .filter(entry -> entry.isDirectory() && PART.matcher(entry.name()).matches())
        .map(StoredFile::name)
        .sorted()
        .toList();
  }

  /** The number of a part's directory. */
  static int number(String partDirectory) {
    var match = PART.matcher(partDirectory);
    if (!match.matches()) {
      throw new IllegalArgumentException(partDirectory);
    }
    return Integer.parseInt(match.group(1));
  }

  /** Whether a file of a part may be deleted if no index names it. */
  static boolean isOwn(String file) {
    return OWN_FILE.matcher(file).matches();
  }

  /** Whether a file is one that was on its way to its place. */
  static boolean isTemporary(String name) {
    return TEMPORARY_FILE.matcher(name).matches();
  }

  static boolean isOfReaders(String name) {
    return OF_READERS.matcher(name).matches();
  }

  /** Whether there is a data set, if only one whose index is damaged. */
  boolean hasDataSet() {
    return merged.isPresent() || damage.isPresent() || !parts.isEmpty();
  }

  /** The shards of the data set as an index of the whole has them. */
  List<ShardInfo> shards() {
    if (merged.isPresent()) {
      return merged.get().shards();
    }
    var all = new ArrayList<ShardInfo>();
    parts.forEach(
        (part, index) -> index.shards().forEach(shard -> all.add(Shards.in(part, shard))));
    return all;
  }

  /** The files that the data set's indexes name, in both forms of each, and those indexes. */
  Set<String> files() {
    var files = new HashSet<String>();
    for (var shard : shards()) {
      files.addAll(Shards.files(shard));
    }
    if (merged.isPresent() || damage.isPresent()) {
      files.add(ShardIndex.BASENAME);
    }
    parts.keySet().forEach(part -> files.add(part + "/" + ShardIndex.BASENAME));
    return files;
  }

  /** The number after that of the last part that an index names. */
  int nextPart() {
    int next = 0;
    for (var file : files()) {
      int slash = file.indexOf('/');
      if (slash > 0 && PART.matcher(file.substring(0, slash)).matches()) {
        next = Math.max(next, number(file.substring(0, slash)) + 1);
      }
    }
    return next;
  }

  /** Directories of the root that hold files of the data set and are no parts of ours. */
  Set<String> foreignLayout() {
    var directories = new TreeSet<String>();
    for (var file : files()) {
      for (int slash = file.indexOf('/'); slash > 0; slash = file.indexOf('/', slash + 1)) {
        directories.add(file.substring(0, slash));
      }
    }
    directories.removeIf(
        directory -> PART.matcher(directory.substring(0, end(directory))).matches());
    return directories;
  }

  private static int end(String path) {
    int slash = path.indexOf('/');
    return slash < 0 ? path.length() : slash;
  }

  /** Names of entries that neither a conversion nor the data set's index accounts for. */
  private List<String> foreign() {
    var known = new HashSet<String>();
    for (var file : files()) {
      known.add(file.substring(0, end(file)));
    }
    return entries.stream()
        .filter(
            entry ->
                !known.contains(entry.name())
                    && !OWN_ENTRY.matcher(entry.name()).matches()
                    && !SchemaSidecar.isBasename(entry.name())
                    && !OF_READERS.matcher(entry.name()).matches()
                    && !(entry.isDirectory() && PART.matcher(entry.name()).matches()))
        .map(StoredFile::name)
        .toList();
  }

  /**
   * Makes sure that a new data set may be written here, where no one is to be replaced.
   *
   * @throws ConversionException if not
   */
  void checkFree(String location) {
    var foreign = foreign();
    if (hasDataSet() || !foreign.isEmpty()) {
      var shown =
          entries.stream().map(StoredFile::name).filter(name -> !name.equals(Claim.FILE)).toList();
      throw new ConversionException(
          ("%s is not empty (it has %s). Choose another directory, or allow replacing an earlier"
                  + " data set with overwrite(true) or mode(\"overwrite\"), or adding to it with"
                  + " mode(\"append\")")
              .formatted(location, some(hasDataSet() ? shown : foreign)));
    }
  }

  /**
   * Makes sure that all that is here is a data set that may be replaced.
   *
   * @throws ConversionException if not
   */
  void checkReplaceable(String location, Store store) throws IOException {
    var foreign = new ArrayList<>(foreign());
    var files = files();
    // What Python's library makes: directories with an index each, below a merged one.
    for (var directory : foreignLayout()) {
      for (var entry : store.list(directory)) {
        var path = directory + "/" + entry.name();
        if (!entry.isDirectory()
            && !files.contains(path)
            && !entry.name().equals(ShardIndex.BASENAME)
            && !isOfReaders(entry.name())) {
          foreign.add(path);
        } else if (entry.isDirectory() && !foreignLayout().contains(path)) {
          foreign.add(path);
        }
      }
    }
    if (!foreign.isEmpty()) {
      throw new ConversionException(
          ("%s has files that no conversion wrote (%s), so it is not overwritten. Remove them, or"
                  + " choose another directory")
              .formatted(location, some(foreign)));
    }
    damage.ifPresent(
        problem -> LOG.warn("{} has an index that cannot be read: {}", location, problem));
  }

  /**
   * Makes sure that shards of the given columns can be added.
   *
   * @param mergeIndex whether there will be an index of the whole
   * @throws ConversionException if not
   */
  void checkAppendable(String location, List<Column> columns, boolean mergeIndex) {
    if (!hasDataSet()) {
      checkFree(location);
      return;
    }
    if (damage.isPresent()) {
      throw new ConversionException(
          "%s cannot be appended to, as its index cannot be read: %s"
              .formatted(location, damage.get()));
    }
    if (!mergeIndex && merged.isPresent()) {
      throw new ConversionException(
          ("%s has one index for all of its shards, and is appended to with such a one alone: leave"
                  + " out mergeIndex=false")
              .formatted(location));
    }
    for (var shard : shards()) {
      if (!shard.format().equals("mds")
          || !Set.copyOf(shard.columns()).equals(Set.copyOf(columns))) {
        throw new ConversionException(
            "%s cannot be appended to: %s".formatted(location, Shards.difference(shard, columns)));
      }
    }
  }

  static String some(List<String> names) {
    var shown = String.join(", ", names.subList(0, Math.min(5, names.size())));
    return names.size() > 5 ? shown + ", ..." : shown;
  }
}
