package io.javatorch.conversion;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;

/**
 * Samples that wait to be taken, first in, first out: in memory up to a limit, then in a temporary
 * file. They are all added before the first is taken, and all taken before others are added. Not
 * thread-safe.
 */
final class SampleSpool implements AutoCloseable {
  private final long memoryBytes;
  private final Path directory;
  private final ArrayDeque<byte[]> held = new ArrayDeque<>();
  private long heldBytes;

  /** Null until it is needed. */
  private FileChannel file;

  private DataOutputStream out;
  private DataInputStream in;

  /** Samples in the file that have not been taken. */
  private long stored;

  private boolean closed;

  /**
   * A spool without samples.
   *
   * @param memoryBytes what samples may take of memory
   * @param directory where the file is made, once it is needed
   */
  SampleSpool(long memoryBytes, Path directory) {
    this.memoryBytes = memoryBytes;
    this.directory = directory;
  }

  boolean isEmpty() {
    return held.isEmpty() && stored == 0;
  }

  /**
   * Adds a sample.
   *
   * @throws IOException if the file cannot be written
   * @throws IllegalStateException if it is closed
   */
  void add(byte[] sample) throws IOException {
    if (closed) {
      throw new IllegalStateException("Samples can only be written while the task runs");
    }
    if (stored == 0 && heldBytes + sample.length <= memoryBytes) {
      held.add(sample);
      heldBytes += sample.length;
      return;
    }
    if (file == null) {
      open();
    }
    if (stored == 0) {
      file.truncate(0);
      out = new DataOutputStream(new BufferedOutputStream(Channels.newOutputStream(file), 1 << 16));
      in = null;
    }
    out.writeInt(sample.length);
    out.write(sample);
    stored++;
  }

  /**
   * Takes the first sample.
   *
   * @throws IOException if the file cannot be read
   */
  byte[] remove() throws IOException {
    var first = held.poll();
    if (first != null) {
      heldBytes -= first.length;
      return first;
    }
    if (in == null) {
      out.flush();
      file.position(0);
      in = new DataInputStream(new BufferedInputStream(Channels.newInputStream(file), 1 << 16));
    }
    var sample = new byte[in.readInt()];
    in.readFully(sample);
    stored--;
    return sample;
  }

  private void open() throws IOException {
    Files.createDirectories(directory);
    var path = Files.createTempFile(directory, "mds-samples-", ".tmp");
    // Unix removes it at once, so that nothing is left of it even if the process is killed.
    file =
        FileChannel.open(
            path,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE,
            StandardOpenOption.DELETE_ON_CLOSE);
  }

  /** Removes the file. */
  @Override
  public void close() throws IOException {
    closed = true;
    held.clear();
    heldBytes = 0;
    stored = 0;
    if (file != null) {
      file.close();
    }
  }
}
