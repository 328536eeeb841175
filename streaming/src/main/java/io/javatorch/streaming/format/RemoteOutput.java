package io.javatorch.streaming.format;

import io.javatorch.streaming.storage.Downloader;
import io.javatorch.streaming.storage.RetryPolicy;
import io.javatorch.streaming.storage.Storages;
import io.javatorch.streaming.storage.Uploader;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The remote directory of a writer: shards go there in the background, and the index last. */
final class RemoteOutput implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(RemoteOutput.class);
  private static final Duration PROGRESS_INTERVAL = Duration.ofMillis(500);

  private final String location;
  private final RetryPolicy retries;
  private final boolean keepLocal;
  private final Uploader uploader;
  private final List<String> names = new ArrayList<>();
  private boolean publishing;

  private RemoteOutput(String location, RetryPolicy retries, int threads, boolean keepLocal)
      throws IOException {
    this.location = location;
    this.retries = retries;
    this.keepLocal = keepLocal;
    uploader = new Uploader(Storages.connect(location), retries, threads);
  }

  static RemoteOutput connect(String location, RetryPolicy retries, int threads, boolean keepLocal)
      throws IOException {
    return new RemoteOutput(location, retries, threads, keepLocal);
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
    var directory = Files.createTempDirectory("mds-index-");
    var file = directory.resolve(ShardIndex.BASENAME);
    try (var downloader = new Downloader(Storages.connect(location), retries)) {
      downloader.fetch(ShardIndex.BASENAME, file);
      return ShardIndex.read(file);
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
    var directory = Files.createTempDirectory("mds-index-");
    var file = directory.resolve(ShardIndex.BASENAME);
    try {
      index.write(directory);
      publishing = true;
      uploader.upload(file, ShardIndex.BASENAME, () -> {});
      await(waiting);
    } finally {
      Files.deleteIfExists(file);
      Files.delete(directory);
    }
  }

  private void await(Runnable waiting) throws IOException {
    while (!uploader.await(PROGRESS_INTERVAL)) {
      waiting.run();
    }
  }

  /**
   * Gives up what is under way and takes away what was uploaded. A file that a store has not
   * answered for yet may still appear there.
   *
   * @param index whether no index was there before
   */
  void abort(boolean index) {
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
