package io.javatorch.streaming.format;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Bytes that are appended and then written out as a whole: in memory up to a limit, and beyond it
 * in a temporary file. Memory and file are used again after {@link #clear}.
 *
 * <p>The file is deleted as soon as it is open where the system can do that, so that not even a
 * process that is killed leaves it; elsewhere on {@link #close}.
 */
final class Spool implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Spool.class);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  /** Less than what G1 gives whole regions to, which would waste up to half of them. */
  private static final int CHUNK_BYTES = 1 << 18;

  private final Path directory;
  private final int mostChunks;
  private final List<byte[]> chunks = new ArrayList<>();
  private int chunk = -1;

  /** How much of the current chunk is used; all before it are full. */
  private int used = CHUNK_BYTES;

  private FileChannel file;

  /** How many bytes lie in the file; they come before those in memory. */
  private long spilled;

  /**
   * Makes an empty one.
   *
   * @param directory where the file lies, if there will be one
   * @param memoryBytes how many bytes to hold in memory, in whole chunks of 256 KiB, one at least
   */
  Spool(Path directory, long memoryBytes) {
    this.directory = directory;
    this.mostChunks = (int) Math.max(1, Math.min(1 << 22, memoryBytes / CHUNK_BYTES));
  }

  /** Appends the low bytes of a number, the lowest first. */
  void putBits(long bits, int size) throws IOException {
    if (CHUNK_BYTES - used >= Long.BYTES) {
      // The bytes behind the number are written over by what comes next.
      LONG.set(chunks.get(chunk), used, bits);
      used += size;
      return;
    }
    for (int i = 0; i < size; i++) {
      if (used == CHUNK_BYTES) {
        nextChunk();
      }
      chunks.get(chunk)[used++] = (byte) (bits >>> (8 * i));
    }
  }

  void put(byte[] data, int offset, int length) throws IOException {
    int from = offset;
    int end = offset + length;
    while (from < end) {
      if (used == CHUNK_BYTES) {
        nextChunk();
      }
      int n = Math.min(end - from, CHUNK_BYTES - used);
      System.arraycopy(data, from, chunks.get(chunk), used, n);
      used += n;
      from += n;
    }
  }

  private void nextChunk() throws IOException {
    if (chunk + 1 == mostChunks) {
      spill();
    }
    chunk++;
    if (chunk == chunks.size()) {
      chunks.add(new byte[CHUNK_BYTES]);
    }
    used = 0;
  }

  private void spill() throws IOException {
    if (file == null) {
      open();
    }
    for (int i = 0; i <= chunk; i++) {
      var bytes = ByteBuffer.wrap(chunks.get(i));
      while (bytes.hasRemaining()) {
        spilled += file.write(bytes, spilled);
      }
    }
    chunk = -1;
  }

  private void open() throws IOException {
    var path = directory.resolve(".spool." + UUID.randomUUID() + ".tmp");
    file =
        FileChannel.open(
            path,
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE,
            StandardOpenOption.DELETE_ON_CLOSE);
    try {
      Files.delete(path);
    } catch (IOException e) {
      // Windows keeps the name of an open file, which then goes on close.
      LOG.trace("{} stays until it is closed", path, e);
    }
  }

  /** How many bytes lie in the file. */
  long spilledBytes() {
    return spilled;
  }

  /** How many bytes of memory it holds, used or not. */
  long memoryBytes() {
    return (long) chunks.size() * CHUNK_BYTES;
  }

  void writeTo(OutputStream out) throws IOException {
    if (spilled > 0) {
      var bytes = ByteBuffer.allocate(CHUNK_BYTES);
      for (long at = 0; at < spilled; at += bytes.limit()) {
        bytes.clear().limit((int) Math.min(CHUNK_BYTES, spilled - at));
        while (bytes.hasRemaining()) {
          if (file.read(bytes, at + bytes.position()) < 0) {
            throw new IOException("the temporary file in " + directory + " was cut short");
          }
        }
        out.write(bytes.array(), 0, bytes.limit());
      }
    }
    for (int i = 0; i <= chunk; i++) {
      out.write(chunks.get(i), 0, i == chunk ? used : CHUNK_BYTES);
    }
  }

  /** Forgets all bytes. The next ones overwrite those in the file. */
  void clear() {
    chunk = -1;
    used = CHUNK_BYTES;
    spilled = 0;
  }

  /** As {@link #clear}, and gives the memory back. */
  void trim() {
    clear();
    chunks.clear();
  }

  /** Removes the file. */
  @Override
  public void close() throws IOException {
    trim();
    if (file != null) {
      file.close();
      file = null;
    }
  }
}
