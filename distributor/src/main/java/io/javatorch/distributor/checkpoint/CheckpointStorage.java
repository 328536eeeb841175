package io.javatorch.distributor.checkpoint;

import java.io.IOException;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.util.List;

/**
 * Where checkpoint files lie: one flat directory on some file system. Names contain no separators.
 * Implementations are safe for use by several threads.
 */
public interface CheckpointStorage {

  /** The names of all files that are whole; empty if the directory does not exist yet. */
  List<String> names() throws IOException;

  /** A file's size in bytes. */
  long size(String name) throws IOException;

  /** Opens a file. */
  ReadableByteChannel read(String name) throws IOException;

  /**
   * Writes a file, over an older one of the same name if there is one. The file appears under its
   * name all at once or, whatever happens meanwhile, not at all; when this returns it will survive
   * a crash of the machine.
   */
  void write(String name, Content content) throws IOException;

  /** Deletes a file; nothing happens if it is not there. */
  void delete(String name) throws IOException;

  /** Where the directory is, for messages. */
  String location();

  /** What goes into a file. */
  interface Content {
    /** Writes everything. */
    void writeTo(WritableByteChannel out) throws IOException;
  }
}
