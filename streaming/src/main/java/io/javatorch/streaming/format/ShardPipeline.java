package io.javatorch.streaming.format;

import io.javatorch.streaming.codec.Compression;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings full shards to the disk while the next ones are filled: digests, compresses and writes
 * them. A shard's file gets its name after those of all shards before it, so that a writer that is
 * killed leaves no gap. For use by one thread.
 */
final class ShardPipeline implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ShardPipeline.class);

  /** The hash that names have. */
  private static final String NAME_HASH = "xxh3_64";

  /** About what compressing a stream takes at most. */
  private static final long STREAM_BYTES = 1 << 23;

  private final Path directory;
  private final byte[] config;
  private final Optional<Compression> compression;
  private final List<String> hashes;
  private final boolean contentNames;
  private final long bufferBytes;
  private final int threads;
  private final long memoryBytes;

  private final Deque<Pending> pending = new ArrayDeque<>();
  private final Deque<Written> written = new ArrayDeque<>();
  private final Deque<ShardBuffer> free = new ArrayDeque<>();
  private final List<ShardBuffer> buffers = new ArrayList<>();
  private ExecutorService executor;
  private volatile boolean discarded;

  /** Completed once the shard that was handed over last has its name, or has failed. */
  private CompletableFuture<Boolean> last = CompletableFuture.completedFuture(true);

  /** A shard on the disk. */
  record Written(int samples, FilePair files) {}

  private record Pending(ShardBuffer buffer, Future<Written> result) {}

  /**
   * Starts without a shard.
   *
   * @param config what each shard says of itself
   * @param contentNames whether the name of a shard has a hash of its stored bytes
   * @param bufferBytes what a shard may take in memory
   * @param threads how many shards to work on at once, at most; 0 to do it in the calling thread
   * @param memoryBytes what all shards together may take in memory, with what the work on them
   *     takes. A shard that does not fit beside the others waits for them, and one that leaves no
   *     room for the next is worked on in the calling thread, whatever it takes
   */
  ShardPipeline(
      Path directory,
      byte[] config,
      Optional<Compression> compression,
      List<String> hashes,
      boolean contentNames,
      long bufferBytes,
      int threads,
      long memoryBytes) {
    this.directory = directory;
    this.config = config;
    this.compression = compression;
    this.hashes = hashes;
    this.contentNames = contentNames;
    this.bufferBytes = bufferBytes;
    this.threads = threads;
    this.memoryBytes = memoryBytes;
  }

  /**
   * An empty shard to fill, which stays this pipeline's to close; waits while there are as many as
   * may be.
   */
  ShardBuffer begin() throws IOException {
    if (free.isEmpty() && buffers.size() > threads) {
      await();
    }
    if (free.isEmpty()) {
      var buffer = new ShardBuffer(directory, bufferBytes);
      buffers.add(buffer);
      return buffer;
    }
    return free.remove();
  }

  /**
   * Takes a full shard over.
   *
   * @throws IOException if one cannot be written, this or one before
   */
  void end(ShardBuffer full, String basename) throws IOException {
    collect();
    while (!pending.isEmpty() && !fits(full)) {
      await();
    }
    boolean background = threads > 0 && fits(full);
    if (!background) {
      // Their memory is of more use to this shard than to the next.
      free.forEach(ShardBuffer::trim);
    }
    var before = last;
    var named = new CompletableFuture<Boolean>();
    last = named;
    if (!background) {
      written.add(write(full, basename, before, named));
      release(full);
      return;
    }
    if (executor == null) {
      executor = Executors.newFixedThreadPool(threads, ShardPipeline::daemon);
    }
    pending.add(new Pending(full, executor.submit(() -> write(full, basename, before, named))));
  }

  /**
   * Whether a shard can be worked on in the background: there is room for it, for all others under
   * way, and for a next one of its size.
   */
  private boolean fits(ShardBuffer full) {
    long needed = workBytes(full);
    for (var one : pending) {
      needed += workBytes(one.buffer());
    }
    for (var buffer : buffers) {
      needed += buffer.memoryBytes();
    }
    var next = free.peek();
    needed += Math.max(0, full.memoryBytes() - (next == null ? 0 : next.memoryBytes()));
    return needed <= memoryBytes;
  }

  /** What the work on a shard takes at its peak, besides the shard itself. */
  private long workBytes(ShardBuffer shard) {
    long bytes = shard.shardBytes(config.length);
    if (compression.isEmpty()) {
      return 0;
    }
    if (!isCompressedAtOnce(bytes)) {
      return STREAM_BYTES;
    }
    // The file and the most that its compressed form could need; for some a copy of that form;
    // where it grows in steps, two of them.
    return switch (compression.get().family()) {
      case ZSTD -> 2 * bytes;
      case BR, SNAPPY -> 3 * bytes;
      case BZ2, GZ -> 4 * bytes;
    };
  }

  private boolean isCompressedAtOnce(long rawBytes) {
    // Beyond this the compressed form may be too long for an array, or the two for the heap.
    return rawBytes <= Math.min(bufferBytes, Integer.MAX_VALUE / 2);
  }

  /**
   * Takes in the shards that are on the disk by now, for {@link #poll}. Cheap if there is none.
   *
   * @throws IOException if one could not be written
   */
  void collect() throws IOException {
    while (!pending.isEmpty() && pending.peek().result().isDone()) {
      await();
    }
  }

  private void release(ShardBuffer buffer) {
    buffer.clear();
    free.add(buffer);
  }

  private static Thread daemon(Runnable task) {
    var thread = new Thread(task, "mds-shard");
    thread.setDaemon(true);
    return thread;
  }

  /** The next shard that is on the disk, in their order; empty if there is none for now. */
  Optional<Written> poll() {
    return Optional.ofNullable(written.poll());
  }

  /** Waits until all shards are on the disk. */
  void awaitAll() throws IOException {
    while (!pending.isEmpty()) {
      await();
    }
  }

  private void await() throws IOException {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          written.add(pending.peek().result().get());
          release(pending.remove().buffer());
          return;
        } catch (InterruptedException e) {
          // Half of a shard is of no use to anybody, and all of it is soon there.
          interrupted = true;
        } catch (ExecutionException e) {
          throw unwrapped(e.getCause());
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static IOException unwrapped(Throwable failure) {
    if (failure instanceof IOException io) {
      return io;
    }
    if (failure instanceof RuntimeException runtime) {
      throw runtime;
    }
    if (failure instanceof Error error) {
      throw error;
    }
    throw new IllegalStateException(failure);
  }

  private Written write(
      ShardBuffer full,
      String basename,
      CompletableFuture<Boolean> before,
      CompletableFuture<Boolean> named)
      throws IOException {
    boolean done = false;
    try {
      checkWanted();
      Content raw = out -> full.writeTo(out, config);
      var files = write(raw, full.shardBytes(config.length), basename, before);
      done = true;
      return new Written(full.samples(), files);
    } finally {
      named.complete(done);
    }
  }

  private void checkWanted() throws IOException {
    if (discarded) {
      throw new IOException("the writer was aborted");
    }
  }

  private static void checkNamed(CompletableFuture<Boolean> before) throws IOException {
    if (!before.join()) {
      throw new IOException("the shard before it could not be written");
    }
  }

  private FilePair write(
      Content raw, long rawBytes, String basename, CompletableFuture<Boolean> before)
      throws IOException {
    if (compression.isEmpty()) {
      return new FilePair(store(raw, basename, "", before), Optional.empty());
    }
    var digests = digests(raw);
    checkWanted();
    var method = compression.get();
    var extension = "." + method.extension();
    Content compressed;
    if (isCompressedAtOnce(rawBytes)) {
      var contiguous = new Contiguous((int) rawBytes);
      raw.writeTo(contiguous);
      var zip = method.compressToBuffer(contiguous.bytes());
      checkWanted();
      compressed = out -> out.write(zip.array(), zip.arrayOffset(), zip.limit());
    } else {
      compressed =
          out -> {
            try (var zip = method.compressing(out, rawBytes)) {
              raw.writeTo(zip);
            }
          };
    }
    var stored = store(compressed, basename, extension, before);
    var name = stored.basename().substring(0, stored.basename().length() - extension.length());
    return new FilePair(new FileInfo(name, rawBytes, digests), Optional.of(stored));
  }

  /** Writes a file, which gets its name when the shard before it has one. */
  private FileInfo store(
      Content content, String basename, String extension, CompletableFuture<Boolean> before)
      throws IOException {
    var names = new TreeSet<>(hashes);
    if (contentNames) {
      names.add(NAME_HASH);
    }
    var digesting = new Digesting(names);
    var info = new AtomicReference<FileInfo>();
    AtomicFile.write(
        directory.resolve(basename + extension),
        out -> content.writeTo(digesting.over(out)),
        () -> {
          var digests = digesting.digests();
          var name = contentNames ? named(basename, digests.get(NAME_HASH)) : basename;
          digests.keySet().retainAll(hashes);
          info.set(new FileInfo(name + extension, digesting.bytes(), digests));
          checkNamed(before);
          checkWanted();
          return name + extension;
        });
    return info.get();
  }

  /** The name of a shard with a hash of its stored bytes in it. */
  private static String named(String basename, String hash) {
    int suffix = basename.lastIndexOf('.');
    return basename.substring(0, suffix) + "." + hash + basename.substring(suffix);
  }

  private Map<String, String> digests(Content content) throws IOException {
    if (hashes.isEmpty()) {
      return Map.of();
    }
    var digesting = new Digesting(hashes);
    content.writeTo(digesting.over(OutputStream.nullOutputStream()));
    return digesting.digests();
  }

  private interface Content {
    void writeTo(OutputStream out) throws IOException;
  }

  /** Collects as many bytes as it was made for, and gives them without another copy. */
  private static final class Contiguous extends ByteArrayOutputStream {
    Contiguous(int bytes) {
      super(bytes);
    }

    byte[] bytes() {
      if (count != buf.length) {
        throw new IllegalStateException(count + " bytes were written, not " + buf.length);
      }
      return buf;
    }
  }

  /** Ends the work that is under way as soon as can be: none of its shards is wanted. */
  void discard() {
    discarded = true;
  }

  /**
   * Waits for the shards that were handed over: they are worth having unless they are discarded.
   * None is lost to the failure of another, and whatever failed, all is released.
   *
   * @throws IOException if a temporary file cannot be closed
   */
  @Override
  public void close() throws IOException {
    if (executor != null) {
      executor.shutdown();
    }
    while (!pending.isEmpty()) {
      try {
        await();
      } catch (Throwable e) {
        // Whoever closes this early knows of a failure, and this may be the one.
        LOG.debug("a shard in {} could not be written", directory, e);
        pending.remove();
      }
    }
    IOException failure = null;
    for (var buffer : buffers) {
      try {
        buffer.close();
      } catch (IOException e) {
        if (failure == null) {
          failure = e;
        } else {
          failure.addSuppressed(e);
        }
      }
    }
    buffers.clear();
    free.clear();
    if (failure != null) {
      throw failure;
    }
  }
}
