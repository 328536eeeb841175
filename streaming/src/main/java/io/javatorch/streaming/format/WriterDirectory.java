package io.javatorch.streaming.format;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.regex.Pattern;

/** The local directory of a writer: its files' names, and what may be there before it starts. */
final class WriterDirectory {
  static final Pattern SHARD_FILE = Pattern.compile("shard\\.([0-9]{5,9})\\..+");

  /** What a writer that was killed leaves: see {@link AtomicFile} and {@link Spool}. */
  static final Pattern TEMPORARY_FILE =
      Pattern.compile(
          "\\.(shard\\.[0-9]{5,9}\\.mds(\\.[a-z0-9]+)?|index\\.json|spool)"
              + "\\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\\.tmp");

  private WriterDirectory() {}

  /** The name of a shard that is not compressed. */
  static String basename(int shard) {
    return String.format(Locale.ROOT, "shard.%05d.mds", shard);
  }

  /** Refuses directories of which one is or holds the other, by whatever names. */
  static void checkApart(Path local, Path remote) throws IOException {
    var here = real(local);
    var there = real(remote);
    boolean same =
        here.equals(there)
            || (Files.exists(here) && Files.exists(there) && Files.isSameFile(here, there));
    if (same) {
      throw new IllegalArgumentException(
          local + " is both the local and the remote directory: leave remote out");
    }
    if (here.startsWith(there) || there.startsWith(here)) {
      throw new IllegalArgumentException(
          "of the local directory "
              + here
              + " and the remote directory "
              + there
              + " one lies in the other: choose another");
    }
  }

  /** A path without links, as far as there is something. */
  private static Path real(Path path) throws IOException {
    var all = path.toAbsolutePath();
    var there = all;
    while (!Files.exists(there) && there.getParent() != null) {
      there = there.getParent();
    }
    return there.toRealPath().resolve(there.relativize(all)).normalize();
  }

  /** Refuses a directory in which there is anything. */
  static void refuseUnlessEmpty(Path directory) throws IOException {
    try (var entries = Files.newDirectoryStream(directory)) {
      if (entries.iterator().hasNext()) {
        throw new FileAlreadyExistsException(
            directory.toString(),
            null,
            "the directory is not empty; remove it, choose another, or set existOk");
      }
    }
  }

  /** Deletes the index, so that nobody reads what is taken apart, and then the shards. */
  static void clear(Path directory) throws IOException {
    Files.deleteIfExists(directory.resolve(ShardIndex.BASENAME));
    try (var entries = Files.newDirectoryStream(directory)) {
      for (var entry : entries) {
        var name = entry.getFileName().toString();
        if (SHARD_FILE.matcher(name).matches() || TEMPORARY_FILE.matcher(name).matches()) {
          Files.deleteIfExists(entry);
        }
      }
    }
  }
}
