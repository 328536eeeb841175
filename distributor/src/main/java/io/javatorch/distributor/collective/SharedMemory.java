package io.javatorch.distributor.collective;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Memory that the ranks of one host share: a mapped file that has no name any more once all have it
 * open, so that nothing is left behind however they end.
 *
 * <p>For each rank there are counters, each in a cache line of its own and written by that rank
 * alone; two places for the opening of a call and small data, used in turn; and two slots and two
 * result areas for pieces of large data, used in turn. The counters only grow.
 */
final class SharedMemory {
  private static final Logger LOG = LoggerFactory.getLogger(SharedMemory.class);
  private static final VarHandle LONGS =
      MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.nativeOrder());

  /** The call that a rank has come to. */
  static final int ARRIVED = 0;

  /** Pieces that a rank has put into its slots. */
  static final int WRITTEN = 1;

  /** Pieces of which a rank has reduced its part. */
  static final int REDUCED = 2;

  /** Pieces of which a rank has taken the result. */
  static final int CONSUMED = 3;

  /** What a rank may add to a call without a slot. */
  static final int SMALL_BYTES = 8 << 10;

  /** Size of a slot; small enough for the cache. */
  static final int PIECE_BYTES = 256 << 10;

  private static final int LINE_BYTES = 128;
  private static final int COUNTERS = 4;
  private static final int OPENING_BYTES = LINE_BYTES;
  private static final int NONCE_BYTES = 32;

  private final ByteBuffer memory;
  private final int worldSize;
  private final int smallAt;
  private final int slotsAt;
  private final int resultsAt;

  private SharedMemory(ByteBuffer memory, int worldSize) {
    this.memory = memory.order(ByteOrder.nativeOrder());
    this.worldSize = worldSize;
    this.smallAt = LINE_BYTES + worldSize * COUNTERS * LINE_BYTES;
    this.slotsAt = smallAt + worldSize * 2 * (OPENING_BYTES + SMALL_BYTES);
    this.resultsAt = slotsAt + worldSize * 2 * PIECE_BYTES;
  }

  private static int size(int worldSize) {
    return LINE_BYTES
        + worldSize * COUNTERS * LINE_BYTES
        + worldSize * 2 * (OPENING_BYTES + SMALL_BYTES)
        + worldSize * 2 * PIECE_BYTES
        + 2 * PIECE_BYTES;
  }

  /**
   * Shares memory among all ranks of a group, if all are on one host and can. A collective call.
   *
   * @param wanted whether this rank wants to; if one does not, none do
   * @return the memory, or null on all ranks
   */
  static SharedMemory among(ProcessGroup group, boolean wanted) {
    List<byte[]> hosts = group.allGather((wanted ? hostId() : "").getBytes(StandardCharsets.UTF_8));
    boolean oneHost =
        hosts.get(0).length > 0 && hosts.stream().allMatch(id -> Arrays.equals(id, hosts.get(0)));
    if (!oneHost) {
      return null;
    }
    int size = size(group.worldSize());
    Path own = null;
    try {
      byte[] offer = new byte[0];
      if (group.rank() == 0) {
        own = create(size);
        offer = own == null ? offer : own.toString().getBytes(StandardCharsets.UTF_8);
      }
      byte[] path = group.allGather(offer).get(0);
      if (path.length == 0) {
        return null;
      }
      ByteBuffer mapped = map(Path.of(new String(path, StandardCharsets.UTF_8)), size);
      // Another container may have a file of this name; only the same memory has the same nonce.
      byte[] nonce = new byte[NONCE_BYTES];
      if (mapped != null) {
        mapped.get(0, nonce);
      }
      List<byte[]> nonces = group.allGather(nonce);
      boolean shared =
          mapped != null && nonces.stream().allMatch(other -> Arrays.equals(other, nonces.get(0)));
      List<byte[]> verdicts = group.allGather(new byte[] {(byte) (shared ? 1 : 0)});
      boolean all = verdicts.stream().allMatch(verdict -> verdict[0] == 1);
      return all ? new SharedMemory(mapped, group.worldSize()) : null;
    } finally {
      if (own != null) {
        try {
          Files.deleteIfExists(own);
        } catch (IOException e) {
          LOG.warn("Could not delete {}: {}", own, e.toString());
        }
      }
    }
  }

  private static String hostId() {
    try {
      return Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).trim();
    } catch (IOException e) {
      return "";
    }
  }

  /** A file of zeros and a nonce, whose memory is really there; null if it cannot be had. */
  private static Path create(int size) {
    byte[] random = new byte[NONCE_BYTES + 16];
    new SecureRandom().nextBytes(random);
    String name = "javatorch-" + HexFormat.of().formatHex(random, NONCE_BYTES, random.length);
    Path memoryFiles = Path.of("/dev/shm");
    Path path =
        (Files.isWritable(memoryFiles)
                ? memoryFiles
                : Path.of(System.getProperty("java.io.tmpdir")))
            .resolve(name);
    try (FileChannel file =
        FileChannel.open(
            path,
            Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
      // Written, not merely sized: a full /dev/shm must show now and not as SIGBUS later.
      ByteBuffer zeros = ByteBuffer.allocateDirect(size);
      zeros.put(0, random, 0, NONCE_BYTES);
      while (zeros.hasRemaining()) {
        file.write(zeros);
      }
      return path;
    } catch (IOException | UnsupportedOperationException e) {
      LOG.info("Ranks of this host talk over sockets: no shared memory ({})", e.toString());
      try {
        Files.deleteIfExists(path);
      } catch (IOException suppressed) {
        LOG.debug("Could not delete {}", path, suppressed);
      }
      return null;
    }
  }

  private static ByteBuffer map(Path path, int size) {
    try (FileChannel file =
        FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      return file.size() == size ? file.map(FileChannel.MapMode.READ_WRITE, 0, size) : null;
    } catch (IOException e) {
      LOG.debug("Could not map {}", path, e);
      return null;
    }
  }

  private int counterAt(int rank, int counter) {
    return LINE_BYTES + (rank * COUNTERS + counter) * LINE_BYTES;
  }

  long counter(int rank, int counter) {
    return (long) LONGS.getAcquire(memory, counterAt(rank, counter));
  }

  /** Sets a counter of this rank, after all it has written before. */
  void publish(int rank, int counter, long value) {
    LONGS.setRelease(memory, counterAt(rank, counter), value);
  }

  /** Whether a counter has reached a value on all ranks. */
  boolean reached(int counter, long value) {
    for (int rank = 0; rank < worldSize; rank++) {
      if (counter(rank, counter) < value) {
        return false;
      }
    }
    return true;
  }

  private int openingAt(int rank, long call) {
    return smallAt + (rank * 2 + (int) (call & 1)) * (OPENING_BYTES + SMALL_BYTES);
  }

  /** Where a rank says what a call is. */
  ByteBuffer opening(int rank, long call) {
    return memory.slice(openingAt(rank, call), OPENING_BYTES).order(ByteOrder.nativeOrder());
  }

  /** Where a rank puts small data of a call. */
  ByteBuffer small(int rank, long call, int length) {
    return memory.slice(openingAt(rank, call) + OPENING_BYTES, length);
  }

  /** Where a rank puts a piece. */
  ByteBuffer slot(int rank, long piece, int offset, int length) {
    int at = slotsAt + (rank * 2 + (int) (piece & 1)) * PIECE_BYTES;
    return memory.slice(at + offset, length);
  }

  /** Where the result of a piece is put together. */
  ByteBuffer result(long piece, int offset, int length) {
    return memory.slice(resultsAt + (int) (piece & 1) * PIECE_BYTES + offset, length);
  }
}
