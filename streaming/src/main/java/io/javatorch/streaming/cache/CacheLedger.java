package io.javatorch.streaming.cache;

import io.javatorch.streaming.cache.HostLock.Hold;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/**
 * What the processes of a host tell one another about a cache, in a small file: the bytes of the
 * shards that lie there, and for each process the bytes that it is bringing. A process that is gone
 * is known by the lock of its slot, which nobody holds any more.
 *
 * <p>Read and written under the cache's lock only. It saves looking at all files for every shard
 * that is brought; the files remain the truth, and after every doubt they are looked at again.
 */
final class CacheLedger implements AutoCloseable {
  private static final long MAGIC = 0x4A54_4361_6368_6531L;
  private static final int SLOTS = 254;
  private static final int BYTES = 8 * (2 + SLOTS);
  private static final int NO_SLOT = -1;

  private final ShardFolder folder;
  private final Path path;
  private final long firstLock;
  private final ByteBuffer content = ByteBuffer.allocate(BYTES);
  private FileChannel channel;
  private int slot = NO_SLOT;
  private Hold slotLock;

  /**
   * Opens nothing yet.
   *
   * @param folder whose directory and locks to use
   * @param caches tells caches of different streams in one directory apart
   */
  CacheLedger(ShardFolder folder, int caches) {
    this.folder = folder;
    path =
        folder
            .lockDirectory()
            .resolve(".javatorch-cache-" + Integer.toHexString(caches) + ".ledger");
    firstLock = Integer.toUnsignedLong(caches) * SLOTS;
  }

  /**
   * Reads what is there now.
   *
   * @return whether it can be relied on: not if it is new or damaged, or if a process was killed
   *     while it brought a shard
   */
  boolean read() throws IOException {
    open();
    content.clear();
    int n = 0;
    while (content.hasRemaining() && n >= 0) {
      n = channel.read(content, content.position());
    }
    boolean sound = !content.hasRemaining() && content.getLong(0) == MAGIC;
    if (!sound) {
      content.clear().put(new byte[BYTES]);
      content.putLong(0, MAGIC);
    }
    for (int i = 0; i < SLOTS; i++) {
      if (i != slot && bringing(i) != 0) {
        Optional<Hold> left = folder.tryLockSlot(firstLock + i);
        if (left.isPresent()) {
          left.get().close();
          content.putLong(position(i), 0);
          sound = false;
        }
      }
    }
    return sound;
  }

  private void open() throws IOException {
    // An interrupt closes it.
    if (channel == null || !channel.isOpen()) {
      channel =
          FileChannel.open(
              path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    }
    for (int i = 0; slot == NO_SLOT && i < SLOTS; i++) {
      Optional<Hold> lock = folder.tryLockSlot(firstLock + i);
      if (lock.isPresent()) {
        slot = i;
        slotLock = lock.get();
      }
    }
    if (slot == NO_SLOT) {
      throw new IOException(SLOTS + " processes and more share " + path.getParent());
    }
  }

  void write() throws IOException {
    content.clear();
    while (content.hasRemaining()) {
      channel.write(content, content.position());
    }
  }

  /** Bytes of shards that lie there. */
  long resident() {
    return content.getLong(8);
  }

  void resident(long bytes) {
    content.putLong(8, bytes);
  }

  /** Bytes that all processes are bringing. */
  long bringing() {
    long sum = 0;
    for (int i = 0; i < SLOTS; i++) {
      sum += bringing(i);
    }
    return sum;
  }

  private long bringing(int of) {
    return content.getLong(position(of));
  }

  /** Sets the bytes that this process is bringing. */
  void bringing(long bytes) {
    content.putLong(position(slot), bytes);
  }

  private static int position(int slot) {
    return 8 * (2 + slot);
  }

  @Override
  public void close() throws IOException {
    if (channel != null) {
      channel.close();
    }
    if (slotLock != null) {
      slotLock.close();
    }
  }
}
