package io.javatorch.streaming.format;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * What an index says of one file.
 *
 * @param basename the file's path relative to the data set's directory, with {@code /} between its
 *     parts; it never leads out of that directory
 * @param bytes the file's size in bytes
 * @param hashes digests in lower-case hexadecimal by the hash's name; empty if none were made
 */
public record FileInfo(String basename, long bytes, Map<String, String> hashes) {
  /** File systems allow 255 bytes in a part, and Linux 4096 in a path. */
  private static final int MAX_LENGTH = 2048;

  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException if the base name would lead out of the directory or the size
   *     is negative
   */
  public FileInfo {
    checkInside(basename);
    if (bytes < 0) {
      throw new IllegalArgumentException("the size " + bytes + " of " + basename + " is negative");
    }
    hashes = Digests.copyOf(hashes, List.of());
  }

  /** The file's path in the given data set directory. */
  public Path in(Path directory) {
    return directory.resolve(basename);
  }

  private static void checkInside(String basename) {
    if (basename.isEmpty() || basename.indexOf('\\') >= 0 || basename.indexOf('\0') >= 0) {
      throw new IllegalArgumentException("the base name '" + basename + "' is no file name");
    }
    // Neither a drive of Windows, nor what the file system cannot name at all.
    if (basename.length() > MAX_LENGTH || Path.of(basename).getRoot() != null) {
      throw new IllegalArgumentException("the base name '" + basename + "' is no file name");
    }
    for (var part : basename.split("/", -1)) {
      // An empty part is a leading, trailing or doubled slash.
      if (part.isEmpty() || part.equals(".") || part.equals("..")) {
        throw new IllegalArgumentException(
            "the base name '" + basename + "' may lead out of the data set's directory");
      }
    }
  }
}
