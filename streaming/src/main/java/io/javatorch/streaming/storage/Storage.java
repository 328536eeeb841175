package io.javatorch.streaming.storage;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.NoSuchFileException;

/**
 * Reads the files under one root of a store. Thread-safe.
 *
 * <p>An implementation does not retry: its caller does, from the byte that it got to, and checks
 * what it gets. It fails with {@link NoSuchFileException} where there is no such file and {@link
 * java.nio.file.AccessDeniedException} where it may not be read, neither of which is tried again,
 * and with any other {@link IOException} where trying again may help. No message holds a secret.
 */
public interface Storage extends AutoCloseable {
  /**
   * Opens a file for reading. Closing the stream from another thread makes a pending read fail.
   *
   * @param path path under the root, with {@code /} between its parts
   * @param offset first byte to read; at most the file's size
   */
  InputStream open(String path, long offset) throws IOException;

  /** The size of a file in bytes. */
  long size(String path) throws IOException;

  /** The root, for messages. */
  String location();

  @Override
  void close() throws IOException;
}
