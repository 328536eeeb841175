package io.javatorch.conversion;

import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.List;

/**
 * The directory that a conversion writes into, wherever it is. Used by the driver and, after
 * serialisation, by tasks. Paths are relative to the directory and have {@code /} between their
 * parts.
 */
interface OutputStore extends Serializable {
  /** The directory as a URI. */
  String location();

  /** Names of the entries directly in the directory, sorted; none if it does not exist. */
  List<String> list() throws IOException;

  /** Whether there is a file or directory at {@code path}. */
  boolean exists(String path) throws IOException;

  /** Whether there is a directory at {@code path}; {@code ""} is the directory itself. */
  boolean isDirectory(String path) throws IOException;

  /** Creates a directory, and those above it that are missing. */
  void createDirectory(String path) throws IOException;

  /**
   * Creates a file with a short text, unless there is one at {@code path}.
   *
   * @return whether it was created
   */
  boolean createFile(String path, String text) throws IOException;

  /** Reads a file of {@link #createFile}. */
  String readFile(String path) throws IOException;

  /**
   * A new, empty local directory, whose files are to be at {@code path} once {@link #finish} was
   * called. The directory above {@code path} must exist.
   */
  Path begin(String path) throws IOException;

  /** Brings what is in {@code local} to {@code path}, if it is not there already. */
  void finish(Path local, String path) throws IOException;

  /**
   * Moves a file or directory within the store.
   *
   * @throws IOException if {@code from} is missing or {@code to} is there already
   */
  void move(String from, String to) throws IOException;

  /** Copies a file to a local path. */
  void fetch(String path, Path local) throws IOException;

  /**
   * Copies a local file to {@code path}, where it appears whole or not at all, and replaces what
   * was there.
   *
   * @param temporary where to put it until it is whole, in a directory that only the caller uses;
   *     nothing stays there
   */
  void publish(Path local, String temporary, String path) throws IOException;

  /** Deletes a file or a directory with all that is in it, if it exists. */
  void delete(String path) throws IOException;

  /** Deletes the directory itself if there is nothing in it. */
  void deleteIfEmpty() throws IOException;
}
