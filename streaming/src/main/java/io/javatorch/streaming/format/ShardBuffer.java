package io.javatorch.streaming.format;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;

/**
 * The samples of a shard under construction, beyond a limit in a temporary file. What it takes is
 * used again for the next shard.
 */
final class ShardBuffer implements AutoCloseable {
  private final Spool data;

  /** Where each sample ends, from the begin of the first one, in 32 bits. */
  private final Spool ends;

  private int samples;
  private long bytes;

  /**
   * Makes an empty one.
   *
   * @param directory where temporary files lie
   * @param memoryBytes how much to hold in memory
   */
  ShardBuffer(Path directory, long memoryBytes) {
    data = new Spool(directory, memoryBytes);
    ends = new Spool(directory, memoryBytes / 8);
  }

  void putInt(int value) throws IOException {
    putBits(value, 4);
  }

  /** Appends the low bytes of a number. */
  void putBits(long bits, int size) throws IOException {
    data.putBits(bits, size);
    bytes += size;
  }

  void put(byte[] value) throws IOException {
    put(value, 0, value.length);
  }

  void put(byte[] value, int offset, int length) throws IOException {
    data.put(value, offset, length);
    bytes += length;
  }

  /** Ends a sample: what was put since the last end belongs to it. */
  void endSample() throws IOException {
    ends.putBits(bytes, 4);
    samples++;
  }

  int samples() {
    return samples;
  }

  /** The bytes of all samples. */
  long bytes() {
    return bytes;
  }

  /** The size of the shard: its head, configuration and samples. */
  long shardBytes(int configBytes) {
    return emptyShardBytes(configBytes) + 4L * samples + bytes;
  }

  /** The size of a shard without samples. */
  static long emptyShardBytes(int configBytes) {
    return 8L + configBytes;
  }

  /** How many bytes lie in temporary files. */
  long spilledBytes() {
    return data.spilledBytes() + ends.spilledBytes();
  }

  /** How many bytes of memory it holds, used or not. */
  long memoryBytes() {
    return data.memoryBytes() + ends.memoryBytes();
  }

  void clear() {
    data.clear();
    ends.clear();
    samples = 0;
    bytes = 0;
  }

  /** As {@link #clear}, and gives the memory back. */
  void trim() {
    clear();
    data.trim();
    ends.trim();
  }

  /** Writes the shard: its count of samples, their offsets, the configuration, the samples. */
  void writeTo(OutputStream out, byte[] config) throws IOException {
    long origin = 4 * (samples + 2L) + config.length;
    var head = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
    out.write(head.putInt(samples).putInt((int) origin).array());
    ends.writeTo(new Shifted(out, origin));
    out.write(config);
    data.writeTo(out);
  }

  /** Adds a number to every 32-bit number. A spool writes whole ones, never parts of one. */
  private static final class Shifted extends OutputStream {
    private final OutputStream out;
    private final int by;

    Shifted(OutputStream out, long by) {
      this.out = out;
      this.by = (int) by;
    }

    @Override
    public void write(int b) {
      throw new UnsupportedOperationException("only whole numbers are written");
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      var from = ByteBuffer.wrap(bytes, offset, length).order(ByteOrder.LITTLE_ENDIAN);
      var to = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
      while (from.hasRemaining()) {
        to.putInt(from.getInt() + by);
      }
      out.write(to.array());
    }
  }

  @Override
  public void close() throws IOException {
    try (ends) {
      data.close();
    }
  }
}
