package io.javatorch.auth.fake;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** The files of the volumes, in memory. Thread-safe. */
final class FakeFiles {
  /** An entry of a directory; {@code bytes} is negative for a directory. */
  record Entry(String path, long bytes) {}

  private final TreeMap<String, byte[]> files = new TreeMap<>();
  private final TreeSet<String> directories = new TreeSet<>();

  synchronized Optional<byte[]> get(String path) {
    return Optional.ofNullable(files.get(path));
  }

  synchronized void put(String path, byte[] content) {
    files.put(path, content);
  }

  synchronized boolean delete(String path) {
    return files.remove(path) != null;
  }

  /** Makes a directory and those above it. */
  synchronized void makeDirectory(String path) {
    for (String at = path; !at.isEmpty(); at = parent(at)) {
      directories.add(at);
    }
  }

  synchronized void deleteDirectory(String path) {
    directories.remove(path);
  }

  synchronized boolean isDirectory(String path) {
    return directories.contains(path);
  }

  /** The paths of all files below a directory. */
  synchronized Set<String> below(String directory) {
    return new TreeSet<>(files.subMap(directory + "/", directory + "0").keySet());
  }

  static String parent(String path) {
    return path.substring(0, Math.max(0, path.lastIndexOf('/')));
  }

  /** The entries of a directory in no order that a client could rely on. */
  synchronized List<Entry> list(String directory) {
    var entries = new ArrayList<Entry>();
    files.forEach(
        (path, content) -> {
          if (parent(path).equals(directory)) {
            entries.add(new Entry(path, content.length));
          }
        });
    for (String path : directories) {
      if (parent(path).equals(directory)) {
        entries.add(0, new Entry(path, -1));
      }
    }
    return entries;
  }
}
