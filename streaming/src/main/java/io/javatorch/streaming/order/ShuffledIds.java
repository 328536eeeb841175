package io.javatorch.streaming.order;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.BitSet;

/**
 * What a shuffle puts at each position, for all canonical nodes: in memory where that is little,
 * else in a temporary file that is mapped and has no name any more.
 */
final class ShuffledIds {
  /** Above so many samples they go to a file. */
  private static final long MOST_IN_MEMORY = 1L << 22;

  private static final int BLOCK_BITS = 26;
  private static final int BLOCK = 1 << BLOCK_BITS;

  private final LongBuffer[] blocks;

  private ShuffledIds(LongBuffer[] blocks) {
    this.blocks = blocks;
  }

  static ShuffledIds of(Shuffle shuffle, ShuffleAlgorithm algorithm) throws IOException {
    var ids =
        new ShuffledIds(
            shuffle.total() <= MOST_IN_MEMORY
                ? new LongBuffer[] {LongBuffer.allocate((int) shuffle.total())}
                : mapped(shuffle.total()));
    var all = new BitSet(shuffle.canonicalNodes());
    all.set(0, shuffle.canonicalNodes());
    long[] filled = {0};
    shuffle.visit(
        algorithm,
        all,
        (node, samples, offset) -> {
          int count = (int) shuffle.nodeSize(node);
          ids.put(filled[0], samples, offset, count);
          filled[0] += count;
        });
    return ids;
  }

  private static LongBuffer[] mapped(long count) throws IOException {
    Path file = Files.createTempFile("javatorch-order-", ".ids");
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      // Before anything is mapped, so that a full disk is an error and not a crash.
      reserve(channel, 8 * count);
      var blocks = new LongBuffer[(int) ((count + BLOCK - 1) >>> BLOCK_BITS)];
      for (int i = 0; i < blocks.length; i++) {
        long from = (long) i << BLOCK_BITS;
        long length = Math.min(BLOCK, count - from);
        blocks[i] =
            channel
                .map(FileChannel.MapMode.READ_WRITE, 8 * from, 8 * length)
                .order(ByteOrder.nativeOrder())
                .asLongBuffer();
      }
      return blocks;
    } catch (IOException e) {
      throw new IOException(
          "cannot keep "
              + count
              + " sample ids ("
              + 8 * count
              + " bytes) in "
              + file.getParent()
              + ": "
              + e.getMessage()
              + "; set -Djava.io.tmpdir to a directory with room",
          e);
    } finally {
      Files.delete(file);
    }
  }

  private static void reserve(FileChannel channel, long bytes) throws IOException {
    var zeros = ByteBuffer.allocateDirect(1 << 20);
    for (long at = 0; at < bytes; ) {
      zeros.clear().limit((int) Math.min(zeros.capacity(), bytes - at));
      at += channel.write(zeros, at);
    }
  }

  private void put(long position, long[] values, int offset, int count) {
    int from = offset;
    for (int left = count; left > 0; ) {
      long at = position + (from - offset);
      int within = (int) (at & (BLOCK - 1));
      LongBuffer block = blocks[(int) (at >>> BLOCK_BITS)];
      int n = Math.min(left, block.capacity() - within);
      block.put(within, values, from, n);
      from += n;
      left -= n;
    }
  }

  long at(long position) {
    return blocks[(int) (position >>> BLOCK_BITS)].get((int) (position & (BLOCK - 1)));
  }
}
