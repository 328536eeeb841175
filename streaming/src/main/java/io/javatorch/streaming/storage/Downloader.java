package io.javatorch.streaming.storage;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gets files from a store. A file appears under its name only when it is whole and has been
 * verified; what a broken connection leaves is gone on with. Thread-safe.
 */
public final class Downloader implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Downloader.class);
  private static final int BUFFER_BYTES = 1 << 18;

  private final Storage storage;
  private final Tries tries;
  private final AtomicLong bytes = new AtomicLong();

  /** Gets files from the given store, and closes it in the end. */
  public Downloader(Storage storage, RetryPolicy policy) {
    this.storage = storage;
    tries = new Tries(policy, "streaming-download");
  }

  /** Looks at a whole file before it gets its name. */
  @FunctionalInterface
  public interface Verification {
    /**
     * Verifies a file.
     *
     * @throws IOException or a runtime exception if it is not what it should be; it is then got
     *     again
     */
    void verify(Path file) throws IOException;
  }

  /** Bytes that were received. */
  public long receivedBytes() {
    return bytes.get();
  }

  /** Tries that failed and were followed by another. */
  public long retries() {
    return tries.retries();
  }

  /** The longest that getting one file can take, with all its tries. */
  public Duration longestFetch() {
    return tries.longest();
  }

  /** The store's root, for messages. */
  public String location() {
    return storage.location();
  }

  /**
   * Gets a file whose size is known.
   *
   * @param path path in the store
   * @param size its size in bytes; a file of another size is refused
   * @param target where to put it; its directory must exist
   * @param verification a further look at it
   * @param cancellation ends it early
   * @throws CancelledException if it was cancelled, or this is closed
   * @throws NoSuchFileException if the store has no such file
   * @throws IOException if it could not be got in as many attempts as there may be; the last
   *     failure is the cause
   */
  public void fetch(
      String path, long size, Path target, Verification verification, Cancellation cancellation)
      throws IOException {
    Path temporary =
        target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID() + ".tmp");
    try (FileChannel out =
        FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      tries.repeat(
          "get " + path + " from " + storage.location(),
          cancellation,
          attempt -> {
            receive(path, size, out, cancellation);
            out.force(true);
            verify(temporary, out, verification);
            return null;
          });
      // What was got at some cost is not given up for one refusal of a network file system.
      tries.repeat(
          "rename " + temporary + " to " + target,
          cancellation,
          attempt -> {
            move(temporary, target);
            return null;
          });
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  /** Gets a file of unknown size, such as an index. */
  public void fetch(String path, Path target) throws IOException {
    fetch(path, size(path), target, file -> {}, new Cancellation());
  }

  /**
   * The size of a file in bytes.
   *
   * @throws NoSuchFileException if the store has no such file
   */
  public long size(String path) throws IOException {
    return ask("find " + path + " in " + storage.location(), () -> storage.size(path));
  }

  /** The entries of a directory, as {@link Storage#list} has them. */
  public List<StoredFile> list(String directory) throws IOException {
    return ask("list " + directory + " in " + storage.location(), () -> storage.list(directory));
  }

  private <T> T ask(String what, Callable<T> question) throws IOException {
    var cancellation = new Cancellation();
    return tries.repeat(what, cancellation, attempt -> tries.within(cancellation, question));
  }

  private static void verify(Path file, FileChannel out, Verification verification)
      throws IOException {
    try {
      verification.verify(file);
    } catch (IOException | RuntimeException e) {
      // What came is wrong, so the next attempt must not go on behind it.
      out.truncate(0);
      throw new IOException(e.getMessage(), e);
    }
  }

  /** Goes on where the file ends. */
  private void receive(String path, long size, FileChannel out, Cancellation cancellation)
      throws IOException {
    var attempt = new Attempt();
    // Not on the other thread: an interrupt in there would close the file.
    long from = out.size();
    long at;
    try {
      at =
          tries.within(
              cancellation, attempt::abandon, () -> receive(path, from, size, out, attempt));
    } catch (Tries.TookTooLongException e) {
      throw new IOException(
          e.getMessage() + ", " + out.size() + " of " + size + " bytes have come", e);
    }
    if (at < size) {
      throw new IOException("it ended after " + at + " of " + size + " bytes");
    }
  }

  /** Runs on a thread of its own, and may be left behind at any point. */
  private long receive(String path, long from, long size, FileChannel out, Attempt attempt)
      throws IOException {
    long at = from;
    try (InputStream in = storage.open(path, at)) {
      attempt.opened(in);
      byte[] buffer = new byte[(int) Math.min(BUFFER_BYTES, Math.max(1, size - at))];
      while (at < size) {
        int n = in.read(buffer, 0, (int) Math.min(buffer.length, size - at));
        if (n < 0) {
          return at;
        }
        attempt.write(out, at, ByteBuffer.wrap(buffer, 0, n));
        at += n;
        bytes.addAndGet(n);
      }
      if (in.read() >= 0) {
        attempt.truncate(out);
        throw new IOException("the file has more than the " + size + " bytes of the index");
      }
      return at;
    }
  }

  /** What is shared with the thread of one try, which must not write once it is left behind. */
  private static final class Attempt {
    private boolean abandoned;
    private InputStream in;

    synchronized void opened(InputStream opened) throws IOException {
      checkWanted();
      in = opened;
    }

    synchronized void write(FileChannel out, long position, ByteBuffer chunk) throws IOException {
      checkWanted();
      for (long at = position; chunk.hasRemaining(); ) {
        at += out.write(chunk, at);
      }
    }

    synchronized void truncate(FileChannel out) throws IOException {
      checkWanted();
      out.truncate(0);
    }

    private void checkWanted() throws IOException {
      if (abandoned) {
        throw new IOException("this try was given up");
      }
    }

    synchronized void abandon() {
      abandoned = true;
      if (in == null) {
        return;
      }
      InputStream left = in;
      // Closing can hang as well as reading can.
      var closer =
          new Thread(
              () -> {
                try {
                  left.close();
                } catch (IOException | RuntimeException e) {
                  log.debug("closing a stream that was given up failed", e);
                }
              },
              "streaming-download-close");
      closer.setDaemon(true);
      closer.start();
    }
  }

  private static void move(Path temporary, Path target) throws IOException {
    try {
      Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(temporary, target, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  /** Ends all downloads that are under way, and refuses new ones. */
  public void cancelAll() {
    tries.cancelAll();
  }

  @Override
  public void close() throws IOException {
    tries.close();
    storage.close();
  }
}
