package io.javatorch.streaming.codec;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;

/**
 * The part that hashes over blocks have in common: it gathers input in a buffer. Several blocks fit
 * the buffer, and the end of the input never leaves it unseen.
 */
abstract class BlockHasher implements HashAlgorithm.Hasher {
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INTS =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final int BUFFER_BYTES = 1 << 12;

  private final byte[] buffer = new byte[BUFFER_BYTES];
  private final int history;
  private int filled;
  private int position;
  private long total;

  /**
   * Makes a hasher.
   *
   * @param history how many bytes before the position stay readable
   */
  BlockHasher(int history) {
    this.history = history;
  }

  static long u64(byte[] bytes, int at) {
    return (long) LONGS.get(bytes, at);
  }

  static int u32(byte[] bytes, int at) {
    return (int) INTS.get(bytes, at);
  }

  /**
   * Consumes whole blocks from {@code from}, but leaves at least one byte.
   *
   * @return where it stopped
   */
  abstract int consume(byte[] bytes, int from, int to);

  /**
   * Ends the computation.
   *
   * @param bytes has what was not consumed between {@code from} and {@code to}, and the history
   *     before it
   * @param length how long the whole input was
   */
  abstract byte[] finish(byte[] bytes, int from, int to, long length);

  @Override
  public final void update(byte[] bytes, int offset, int length) {
    int from = offset;
    int end = offset + length;
    while (from < end) {
      makeRoom();
      int n = Math.min(end - from, BUFFER_BYTES - filled);
      System.arraycopy(bytes, from, buffer, filled, n);
      filled += n;
      from += n;
    }
    total += length;
  }

  @Override
  public final void update(ByteBuffer bytes) {
    total += bytes.remaining();
    while (bytes.hasRemaining()) {
      makeRoom();
      int n = Math.min(bytes.remaining(), BUFFER_BYTES - filled);
      bytes.get(buffer, filled, n);
      filled += n;
    }
  }

  private void makeRoom() {
    if (filled < BUFFER_BYTES) {
      return;
    }
    position = consume(buffer, position, filled);
    int keep = Math.max(0, position - history);
    System.arraycopy(buffer, keep, buffer, 0, filled - keep);
    filled -= keep;
    position -= keep;
  }

  @Override
  public final String hexDigest() {
    // A short input stays whole: some hashes treat it in a way of their own.
    if (total > BUFFER_BYTES) {
      position = consume(buffer, position, filled);
    }
    return HexFormat.of().formatHex(finish(buffer, position, filled, total));
  }
}
