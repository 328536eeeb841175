package io.javatorch.streaming.format;

import io.javatorch.streaming.storage.RetryPolicy;
import io.javatorch.streaming.storage.Storage;
import io.javatorch.streaming.storage.Uploader;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The remote directory of a writer: shards go there in the background, and the index last. */
final class RemoteOutput implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(RemoteOutput.class);
  private static final Duration PROGRESS_INTERVAL = Duration.ofMillis(500);

  /** Less than what Spark waits before it ends the process of an interrupted task. */
  private static final Duration INTERRUPTED_ABORT = Duration.ofSeconds(30);

  private final boolean keepLocal;
  private final Uploader uploader;
  private final List<String> names = new ArrayList<>();
  private boolean publishing;

  /** Writes to the given store, and closes it in the end. */
  RemoteOutput(Storage storage, RetryPolicy retries, int threads, boolean keepLocal) {
    this.keepLocal = keepLocal;
    uploader = new Uploader(storage, retries, threads);
  }

  boolean keepsLocal() {
    return keepLocal;
  }

  long uploadedFiles() {
    return uploader.uploadedFiles();
  }

  long uploadedBytes() {
    return uploader.uploadedBytes();
  }

  /** Refuses a directory in which there is anything. */
  void refuseUnlessEmpty() throws IOException {
    if (!uploader.list("").isEmpty()) {
      throw new FileAlreadyExistsException(
          uploader.location(),
          null,
          "the directory is not empty; remove it, choose another, or set existOk");
    }
  }

  /** Deletes the index, so that nobody reads what is taken apart, and then the shards. */
  void clear(Predicate<String> isShard) throws IOException {
    uploader.delete(ShardIndex.BASENAME);
    for (var file : uploader.list("")) {
      if (!file.isDirectory() && isShard.test(file.name())) {
        uploader.delete(file.name());
      }
    }
  }

  /** The index of the data set that is there. */
  ShardIndex fetchIndex() throws IOException {
    return withTemporary(
        file -> {
          Files.write(file, uploader.read(ShardIndex.BASENAME));
          return ShardIndex.read(file);
        });
  }

  private interface IndexTask<T> {
    T run(Path file) throws IOException;
  }

  /** Runs a task with the path of a temporary index, which is deleted after it. */
  private static <T> T withTemporary(IndexTask<T> task) throws IOException {
    var directory = Files.createTempDirectory("mds-index-");
    var file = directory.resolve(ShardIndex.BASENAME);
    try {
      return task.run(file);
    } finally {
      Files.deleteIfExists(file);
      Files.delete(directory);
    }
  }

  /** Uploads a shard's file in the background, and then deletes it here unless it is to be kept. */
  void upload(Path file) throws IOException {
    var name = file.getFileName().toString();
    names.add(name);
    uploader.upload(
        file,
        name,
        () -> {
          if (!keepLocal) {
            Files.delete(file);
          }
        });
  }

  /** Fails if an upload has. */
  void check() throws IOException {
    uploader.check();
  }

  /**
   * Waits until all shards are there, and uploads the index.
   *
   * @param waiting called now and then while it waits
   */
  void publish(ShardIndex index, Runnable waiting) throws IOException {
    await(waiting);
    withTemporary(
        file -> {
          index.write(file.getParent());
          publishing = true;
          uploader.upload(file, ShardIndex.BASENAME, () -> {});
          await(waiting);
          return index;
        });
  }

  /** Waits until all shards are there. */
  void await(Runnable waiting) throws IOException {
    while (!uploader.await(PROGRESS_INTERVAL)) {
      waiting.run();
    }
  }

  /** Gives up what is under way, and leaves what was uploaded. */
  void cancel() {
    uploader.cancel();
  }

  /**
   * Gives up what is under way and takes away what was uploaded. A file that a store has not
   * answered for yet may still appear there. Where the calling thread is interrupted, as Spark's
   * are to end a task, this goes on for {@link #INTERRUPTED_ABORT} at the most, and leaves the
   * thread interrupted.
   *
   * @param index whether no index was there before
   */
  void abort(boolean index) {
    // On a thread of its own, which nobody interrupts: else the files would stay.
    var cleaning = new Thread(() -> takeAway(index), "mds-abort");
    cleaning.setDaemon(true);
    cleaning.start();
    boolean interrupted = false;
    long end = 0;
    try {
      while (cleaning.isAlive()) {
        try {
          if (!interrupted) {
            cleaning.join();
          } else {
            long leftMillis = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
            if (leftMillis <= 0) {
              LOG.warn(
                  "{} does not answer: files of an aborted writer may be left there",
                  uploader.location());
              return;
            }
            cleaning.join(leftMillis);
          }
        } catch (InterruptedException e) {
          if (!interrupted) {
            end = System.nanoTime() + INTERRUPTED_ABORT.toNanos();
          }
          interrupted = true;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void takeAway(boolean index) {
    uploader.cancel();
    var left = new ArrayList<>(names);
    // Of a data set that was appended to, the index of before is still good, unless it is replaced.
    if (index && publishing) {
      left.add(0, ShardIndex.BASENAME);
    } else if (publishing) {
      LOG.warn(
          "It is not known whether {} has the new index: the shards that it may name stay",
          uploader.location());
      return;
    }
    try {
      while (!left.isEmpty()) {
        uploader.delete(left.get(0));
        left.remove(0);
      }
    } catch (IOException e) {
      LOG.warn(
          "{} of an aborted writer could not be deleted in {}: {}",
          left.size() > 3 ? left.size() + " files" : left,
          uploader.location(),
          e.toString());
    }
  }

  @Override
  public void close() throws IOException {
    uploader.close();
  }

  @Override
  public String toString() {
    return uploader.location();
  }
}
