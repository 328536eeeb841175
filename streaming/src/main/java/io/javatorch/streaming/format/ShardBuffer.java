package io.javatorch.streaming.format;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The samples of a shard under construction. Its memory is used again for the next shard. */
final class ShardBuffer {
  private static final int CHUNK_BYTES = 1 << 20;

  private final List<byte[]> chunks = new ArrayList<>();
  private int chunk = -1;

  /** How much of the current chunk is used; all before it are full. */
  private int used = CHUNK_BYTES;

  private long[] ends = new long[256];
  private int samples;
  private long bytes;

  void putInt(int value) {
    putBits(value, 4);
  }

  /** Appends the low bytes of a number. */
  void putBits(long bits, int size) {
    for (int i = 0; i < size; i++) {
      if (used == CHUNK_BYTES) {
        nextChunk();
      }
      chunks.get(chunk)[used++] = (byte) (bits >>> (8 * i));
    }
    bytes += size;
  }

  void put(byte[] data) {
    int from = 0;
    while (from < data.length) {
      if (used == CHUNK_BYTES) {
        nextChunk();
      }
      int n = Math.min(data.length - from, CHUNK_BYTES - used);
      System.arraycopy(data, from, chunks.get(chunk), used, n);
      used += n;
      from += n;
    }
    bytes += data.length;
  }

  private void nextChunk() {
    chunk++;
    if (chunk == chunks.size()) {
      chunks.add(new byte[CHUNK_BYTES]);
    }
    used = 0;
  }

  /** Ends a sample: what was put since the last end belongs to it. */
  void endSample() {
    if (samples == ends.length) {
      ends = Arrays.copyOf(ends, 2 * samples);
    }
    ends[samples++] = bytes;
  }

  int samples() {
    return samples;
  }

  /** The bytes of all samples. */
  long bytes() {
    return bytes;
  }

  void clear() {
    chunk = -1;
    used = CHUNK_BYTES;
    samples = 0;
    bytes = 0;
  }

  /** The count of samples and the offset table of a shard with the given configuration. */
  byte[] head(int configBytes) {
    var head = ByteBuffer.allocate(4 * (samples + 2)).order(ByteOrder.LITTLE_ENDIAN);
    long origin = head.capacity() + (long) configBytes;
    head.putInt(samples).putInt((int) origin);
    for (int i = 0; i < samples; i++) {
      head.putInt((int) (origin + ends[i]));
    }
    return head.array();
  }

  void writeTo(OutputStream out) throws IOException {
    for (int i = 0; i <= chunk; i++) {
      out.write(chunks.get(i), 0, i == chunk ? used : CHUNK_BYTES);
    }
  }
}
