package io.javatorch.streaming.storage;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;

/**
 * The files under one root of a store. Thread-safe.
 *
 * <p>An implementation does not retry: its caller does, from the byte that it got to, and checks
 * what it gets. It fails with {@link NoSuchFileException} where there is no such file, {@link
 * java.nio.file.AccessDeniedException} where it may not be read and {@link RefusedException} where
 * it is refused for another reason that stays, none of which is tried again, and with any other
 * {@link IOException} where trying again may help. No message holds a secret.
 */
public interface Storage extends AutoCloseable {
  /**
   * Opens a file for reading. Closing the stream from another thread makes a pending read fail. It
   * is a {@link VersionedInputStream} where the store tells versions of a file apart.
   *
   * @param path path under the root, with {@code /} between its parts
   * @param offset first byte to read; at most the file's size
   */
  InputStream open(String path, long offset) throws IOException;

  /**
   * Opens a part of a file for reading, where a store can be asked for no more than that. The
   * stream may end after the part or go on behind it.
   *
   * @param length bytes that will be read, at least 1
   */
  default InputStream open(String path, long offset, long length) throws IOException {
    return open(path, offset);
  }

  /**
   * Whether to ask for a part of a file costs less than to ask for all of it. It may have to be
   * tried: a store that says so, and then sends whole files, says otherwise from then on.
   */
  default boolean readsParts() {
    return true;
  }

  /** The size of a file in bytes. */
  long size(String path) throws IOException;

  /**
   * The files and directories right under a directory, ordered by name; none if there is no such
   * directory, since many stores know of none.
   *
   * @param directory path under the root; empty for the root itself
   */
  List<StoredFile> list(String directory) throws IOException;

  /**
   * Copies a file of this host into the store, and makes the directories that it needs. It appears
   * under its name only when it is whole, and replaces a file that is there.
   */
  void put(Path source, String path) throws IOException;

  /**
   * As {@link #put}, if there is no file of that name yet. Of several that put a file of one name
   * at the same time one succeeds where the store can see to that: directories of this host whose
   * file system knows hard links, HDFS and volumes do, and so does S3 through Hadoop 3.4.2 and
   * later. Elsewhere, as by default, it is looked for first and put then, and both of two that do
   * so at the same moment may succeed.
   *
   * <p>Where a call fails, or is tried again after it did, an earlier try may have put the file:
   * only the file says whose it is.
   *
   * @return whether the file is now there and was not before; if not, it is as it was
   */
  default boolean putNew(Path source, String path) throws IOException {
    int slash = path.lastIndexOf('/');
    var name = path.substring(slash + 1);
    for (var entry : list(path.substring(0, Math.max(0, slash)))) {
      if (entry.name().equals(name)) {
        return false;
      }
    }
    put(source, path);
    return true;
  }

  /** Deletes a file; does nothing if there is none. */
  void delete(String path) throws IOException;

  /**
   * Deletes a directory if there is nothing in it; does nothing if there is, if it is not there, or
   * if the store has no directories of its own, as by default.
   *
   * @param path path under the root; empty for the root itself
   */
  default void deleteDirectory(String path) throws IOException {}

  /** The root, for messages. */
  String location();

  @Override
  void close() throws IOException;
}
