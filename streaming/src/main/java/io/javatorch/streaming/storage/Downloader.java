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
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
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
  private final ParallelRanges ranges;
  private final Tries tries;
  private final AtomicLong bytes = new AtomicLong();

  /** Gets files from the given store, big ones in parts, and closes it in the end. */
  public Downloader(Storage storage, RetryPolicy policy) {
    this(storage, policy, ParallelRanges.DEFAULT);
  }

  /** Gets files from the given store, and closes it in the end. */
  public Downloader(Storage storage, RetryPolicy policy, ParallelRanges ranges) {
    this.storage = storage;
    this.ranges = ranges;
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

  /** Looks at the bytes of a whole file before they are given to the caller. */
  @FunctionalInterface
  public interface BytesVerification {
    /**
     * Verifies them.
     *
     * @throws IOException or a runtime exception if they are not what they should be; they are then
     *     got again
     */
    void verify(byte[] bytes) throws IOException;
  }

  /** Uses a file while it is there. */
  @FunctionalInterface
  public interface Use {
    /** Uses it; what is thrown is passed on. */
    void use(Path file) throws IOException;
  }

  /** Where the bytes of a file go. */
  private interface Sink {
    /** Puts bytes at a position; threads that do so at the same time have different positions. */
    void write(ByteBuffer bytes, long position) throws IOException;

    static Sink to(FileChannel file) {
      return (bytes, position) -> {
        long at = position;
        while (bytes.hasRemaining()) {
          at += file.write(bytes, at);
        }
      };
    }

    static Sink to(byte[] memory) {
      return (bytes, position) -> bytes.get(memory, Math.toIntExact(position), bytes.remaining());
    }
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
    fetch(
        path,
        size,
        target,
        true,
        verification,
        cancellation,
        // What was got at some cost is not given up for one refusal of a network file system.
        temporary ->
            tries.repeat(
                "rename " + temporary + " to " + target,
                cancellation,
                attempt -> {
                  move(temporary, target);
                  return null;
                }));
  }

  /**
   * Gets a file whose size is known, as {@link #fetch(String, long, Path, Verification,
   * Cancellation)}, for as long as it is used. It never gets its name, and is not forced to the
   * disk.
   *
   * @param like what its temporary file is called after; that is deleted in the end
   * @param use called once with the whole file when that has been verified
   */
  public void fetchTemporarily(
      String path,
      long size,
      Path like,
      Verification verification,
      Cancellation cancellation,
      Use use)
      throws IOException {
    fetch(path, size, like, false, verification, cancellation, use);
  }

  private void fetch(
      String path,
      long size,
      Path like,
      boolean durable,
      Verification verification,
      Cancellation cancellation,
      Use use)
      throws IOException {
    Path temporary =
        like.resolveSibling("." + like.getFileName() + "." + UUID.randomUUID() + ".tmp");
    try (FileChannel out =
        FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      receive(
          new Transfer(path, size, System.nanoTime(), cancellation),
          Sink.to(out),
          () -> {
            if (durable) {
              out.force(true);
            }
          },
          () -> verification.verify(temporary));
      use.use(temporary);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  /**
   * Gets a file whose size is known into memory, as {@link #fetch(String, long, Path, Verification,
   * Cancellation)} does onto the disk.
   *
   * @param size its size in bytes
   * @param verification a further look at it
   * @return its bytes
   */
  public byte[] fetch(
      String path, int size, BytesVerification verification, Cancellation cancellation)
      throws IOException {
    var bytes = new byte[size];
    receive(
        new Transfer(path, size, System.nanoTime(), cancellation),
        Sink.to(bytes),
        () -> {},
        () -> verification.verify(bytes));
    return bytes;
  }

  private interface Step {
    void run() throws IOException;
  }

  /** Gets a file and verifies it, as often as may be tried. */
  private void receive(Transfer transfer, Sink out, Step force, Step verification)
      throws IOException {
    tries.repeat(
        "get " + transfer.path + " from " + storage.location(),
        transfer.cancellation,
        attempt -> {
          receive(transfer, out);
          force.run();
          verify(transfer, verification);
          return null;
        });
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

  /** A file that is being got. */
  private final class Transfer {
    private final String path;
    private final long size;
    private final long begun;
    private final Cancellation cancellation;

    /** Changed only while nothing is received. */
    private List<Part> parts;

    private Optional<String> version = Optional.empty();

    Transfer(String path, long size, long begun, Cancellation cancellation) {
      this.path = path;
      this.size = size;
      this.begun = begun;
      this.cancellation = cancellation;
      parts = parts(size);
    }

    /** Forgets what has come. */
    synchronized void startOver() {
      parts = parts(size);
      version = Optional.empty();
    }

    /** Sees to it that all bytes are of one version of the file, if the store tells. */
    synchronized void check(InputStream in) throws IOException {
      if (in instanceof VersionedInputStream known) {
        if (version.isPresent() && !version.get().equals(known.version())) {
          throw new Tries.StartOverException(
              "the file was changed while it was read: it was "
                  + version.get()
                  + " and is "
                  + known.version());
        }
        version = Optional.of(known.version());
      }
    }
  }

  /** A stretch of a file, and how far it has come. */
  private static final class Part {
    private final long from;
    private final long to;

    /** Where the next byte goes; written by the one try that is not given up. */
    private volatile long at;

    Part(long from, long to) {
      this.from = from;
      this.to = to;
      at = from;
    }

    boolean isWhole(long size) {
      return from == 0 && to == size;
    }

    boolean isLast(long size) {
      return to == size;
    }

    boolean isComplete() {
      return at == to;
    }

    void forget() {
      at = from;
    }
  }

  private List<Part> parts(long size) {
    if (!ranges.divide(size) || !storage.readsParts()) {
      return List.of(new Part(0, size));
    }
    var parts = new ArrayList<Part>();
    for (long from = 0; from < size; from += ranges.partBytes()) {
      parts.add(new Part(from, Math.min(size, from + ranges.partBytes())));
    }
    return parts;
  }

  private static void verify(Transfer transfer, Step verification) throws IOException {
    try {
      verification.run();
    } catch (IOException | RuntimeException e) {
      // What came is wrong, so the next attempt must not go on behind it.
      transfer.startOver();
      throw new IOException(e.getMessage(), e);
    }
  }

  /** Gets what is missing of a file. */
  private void receive(Transfer transfer, Sink out) throws IOException {
    while (true) {
      boolean inParts = transfer.parts.size() > 1;
      try {
        if (inParts) {
          receiveAtOnce(transfer, out);
        } else {
          receive(transfer, transfer.parts.get(0), out, transfer.cancellation);
        }
        return;
      } catch (Tries.StartOverException e) {
        transfer.startOver();
        // That the store sends no parts is found out once, and is no failed attempt.
        if (!inParts || transfer.parts.size() > 1) {
          throw new IOException(e.getMessage(), e);
        }
      }
    }
  }

  /**
   * Gets what is missing of a file, several parts at a time, each tried again by itself. In all it
   * may take as long as a file that is got as a whole.
   */
  @SuppressWarnings("try") // The registration need only be closed.
  private void receiveAtOnce(Transfer transfer, Sink out) throws IOException {
    long size = transfer.size;
    List<Part> parts = transfer.parts;
    var missing = new ConcurrentLinkedQueue<Part>();
    for (Part part : parts) {
      if (!part.isComplete() || part.isLast(size)) {
        missing.add(part);
      }
    }
    int lines = Math.min(ranges.atOnce(), missing.size());
    var giveUp = new Cancellation();
    var failure = new CompletableFuture<Void>();
    var running = new ArrayList<CompletableFuture<Void>>();
    try (var link = transfer.cancellation.onCancel(giveUp::cancel)) {
      try {
        for (int line = 0; line < lines; line++) {
          running.add(
              tries.start(
                  () -> {
                    try {
                      for (Part part = missing.poll(); part != null; part = missing.poll()) {
                        receiveWithTries(transfer, part, out, giveUp);
                      }
                      return null;
                    } catch (IOException | RuntimeException | Error e) {
                      failure.completeExceptionally(e);
                      throw e;
                    }
                  }));
        }
        var all = CompletableFuture.allOf(running.toArray(CompletableFuture[]::new));
        long left = tries.longest().toNanos() - (System.nanoTime() - transfer.begun);
        CompletableFuture.anyOf(all, failure).get(left, TimeUnit.NANOSECONDS);
      } finally {
        giveUp.cancel();
        awaitAll(running);
      }
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      throw cause instanceof IOException known ? known : new IOException(cause.toString(), cause);
    } catch (TimeoutException e) {
      long come = parts.stream().mapToLong(part -> part.at - part.from).sum();
      throw new Tries.GaveUpException(
          "cannot get "
              + transfer.path
              + " from "
              + storage.location()
              + ": it took longer than "
              + tries.longest().toMillis() / 1000.0
              + " s, "
              + come
              + " of "
              + size
              + " bytes have come",
          e);
    } catch (InterruptedException e) {
      throw Interrupted.asIOException("interrupted while waiting for a store", e);
    }
  }

  /** They end soon, since they have ended well or been cancelled. */
  private static void awaitAll(List<CompletableFuture<Void>> running) {
    for (CompletableFuture<Void> one : running) {
      try {
        one.join();
      } catch (CompletionException e) {
        log.trace("a part has failed", e);
      }
    }
  }

  private void receiveWithTries(Transfer transfer, Part part, Sink out, Cancellation cancellation)
      throws IOException {
    tries.repeat(
        "get the bytes from "
            + part.from
            + " to "
            + part.to
            + " of "
            + transfer.path
            + " from "
            + location(),
        transfer.begun,
        cancellation,
        attempt -> {
          receive(transfer, part, out, cancellation);
          return null;
        });
  }

  /** Goes on where the part ends. */
  private void receive(Transfer transfer, Part part, Sink out, Cancellation cancellation)
      throws IOException {
    var attempt = new Attempt();
    try {
      tries.within(
          cancellation,
          attempt::abandon,
          () -> {
            copy(transfer, part, out, attempt);
            return null;
          });
    } catch (Tries.TookTooLongException e) {
      throw new IOException(
          e.getMessage()
              + ", "
              + (part.at - part.from)
              + " of "
              + (part.to - part.from)
              + " bytes have come",
          e);
    }
    if (!part.isComplete()) {
      throw new IOException("it ended after " + part.at + " of " + transfer.size + " bytes");
    }
  }

  /** Runs on a thread of its own, and may be left behind at any point. */
  private void copy(Transfer transfer, Part part, Sink out, Attempt attempt) throws IOException {
    String path = transfer.path;
    long size = transfer.size;
    long missing = part.to - part.at;
    try (InputStream in =
        part.isWhole(size)
            ? storage.open(path, part.at)
            // One more behind the last part, to see that there is none.
            : storage.open(path, part.at, missing + (part.isLast(size) ? 1 : 0))) {
      attempt.opened(in, transfer);
      if (!part.isWhole(size) && !storage.readsParts()) {
        throw new Tries.StartOverException("it is sent whole when a part is asked for");
      }
      byte[] buffer = new byte[(int) Math.min(BUFFER_BYTES, Math.max(1, missing))];
      while (missing > 0) {
        int n = in.read(buffer, 0, (int) Math.min(buffer.length, missing));
        if (n < 0) {
          return;
        }
        attempt.write(out, part, ByteBuffer.wrap(buffer, 0, n));
        missing -= n;
        bytes.addAndGet(n);
      }
      if (part.isLast(size) && in.read() >= 0) {
        attempt.forget(part);
        throw new IOException("the file has more than the " + size + " bytes of the index");
      }
    }
  }

  /** What is shared with the thread of one try, which must not write once it is left behind. */
  private static final class Attempt {
    private boolean abandoned;
    private InputStream in;

    synchronized void opened(InputStream opened, Transfer transfer) throws IOException {
      checkWanted();
      in = opened;
      transfer.check(opened);
    }

    synchronized void write(Sink out, Part part, ByteBuffer chunk) throws IOException {
      checkWanted();
      long at = part.at;
      int length = chunk.remaining();
      out.write(chunk, at);
      part.at = at + length;
    }

    synchronized void forget(Part part) throws IOException {
      checkWanted();
      part.forget();
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
