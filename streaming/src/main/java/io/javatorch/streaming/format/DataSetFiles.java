package io.javatorch.streaming.format;

import io.javatorch.streaming.storage.Cancellation;
import io.javatorch.streaming.storage.Downloader;
import io.javatorch.streaming.storage.RetryPolicy;
import io.javatorch.streaming.storage.Storages;
import io.javatorch.streaming.storage.Uploader;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * The files of a data set that lies in a local directory or in a store, for tools: they are brought
 * to this host one by one, as they are asked for. Not for training, which caches shards and shares
 * them between processes.
 *
 * <p>Safe for use by several threads as long as no two ask for the same file.
 */
public final class DataSetFiles implements Closeable {
  private static final RetryPolicy RETRIES =
      new RetryPolicy(3, Duration.ofSeconds(60), Duration.ofSeconds(1));

  private final Path directory;
  private final Optional<Downloader> remote;
  private ShardIndex index;
  private boolean closed;

  private DataSetFiles(Path directory, Optional<Downloader> remote) {
    this.directory = directory;
    this.remote = remote;
  }

  /** Opens the data set in a local directory; nothing is read yet. */
  public static DataSetFiles open(Path directory) {
    return new DataSetFiles(directory, Optional.empty());
  }

  /**
   * Opens a data set; of a store the index is fetched.
   *
   * @param location a directory of this host, or one that {@link Storages#connect} knows
   * @throws NoSuchFileException if there is no index in the store
   * @throws IOException if the store cannot be read
   * @throws IllegalArgumentException if there is no storage for the location
   */
  public static DataSetFiles open(String location) throws IOException {
    var local = local(location);
    if (local.isPresent()) {
      return open(local.get());
    }
    var downloader = new Downloader(Storages.connect(location), RETRIES);
    DataSetFiles opened = null;
    Path scratch = null;
    try {
      scratch = Files.createTempDirectory("mds-files-");
      downloader.fetch(ShardIndex.BASENAME, scratch.resolve(ShardIndex.BASENAME));
      opened = new DataSetFiles(scratch, Optional.of(downloader));
      return opened;
    } finally {
      if (opened == null) {
        downloader.close();
        if (scratch != null) {
          removeTree(scratch);
        }
      }
    }
  }

  /** A path that is there is taken at its word, without a look at any store. */
  private static Optional<Path> local(String location) {
    var path = Storages.localPath(location);
    return path.isPresent() && (Files.isDirectory(path.get()) || Storages.isLocal(location))
        ? path
        : Optional.empty();
  }

  /**
   * Merges the indexes of a directory's sub-directories, at any depth, as {@link
   * ShardIndex#merge(Path)} does, and returns what is then in the directory. In a store only
   * indexes are read, and one is written.
   *
   * @param location a directory of this host, or one that {@link Storages#connect} knows
   * @throws NoSuchFileException if no sub-directory has an index
   * @throws MalformedShardException if one of them is not valid
   */
  public static ShardIndex merge(String location) throws IOException {
    var local = local(location);
    if (local.isPresent()) {
      return ShardIndex.merge(local.get());
    }
    var scratch = Files.createTempDirectory("mds-merge-");
    try (var downloader = new Downloader(Storages.connect(location), RETRIES);
        var uploader = new Uploader(Storages.connect(location), Uploader.DEFAULT_RETRIES, 1)) {
      fetchIndexes(downloader, "", scratch);
      ShardIndex merged;
      try {
        merged = ShardIndex.merge(scratch);
      } catch (NoSuchFileException e) {
        throw new NoSuchFileException(downloader.location(), null, e.getReason());
      } catch (MalformedShardException e) {
        throw new IOException(e.getMessage().replace(scratch.toString(), downloader.location()), e);
      }
      uploader.upload(scratch.resolve(ShardIndex.BASENAME), ShardIndex.BASENAME, () -> {});
      uploader.await();
      return merged;
    } finally {
      removeTree(scratch);
    }
  }

  /** Below a directory that has an index, that index covers all. */
  private static void fetchIndexes(Downloader downloader, String parent, Path scratch)
      throws IOException {
    for (var entry : downloader.list(parent)) {
      if (!entry.isDirectory()) {
        continue;
      }
      var path = parent.isEmpty() ? entry.name() : parent + "/" + entry.name();
      boolean has =
          downloader.list(path).stream()
              .anyMatch(file -> !file.isDirectory() && file.name().equals(ShardIndex.BASENAME));
      if (has) {
        var directory = Files.createDirectories(scratch.resolve(path));
        downloader.fetch(path + "/" + ShardIndex.BASENAME, directory.resolve(ShardIndex.BASENAME));
      } else {
        fetchIndexes(downloader, path, scratch);
      }
    }
  }

  /**
   * The data set's index, which is read the first time.
   *
   * @throws NoSuchFileException if there is no index
   * @throws MalformedShardException if the index is not valid
   */
  public synchronized ShardIndex index() throws IOException {
    if (index == null) {
      index = ShardIndex.read(directory);
    }
    return index;
  }

  /** The paths of all files, at any depth, in order. */
  List<String> names() throws IOException {
    var names = new ArrayList<String>();
    if (remote.isPresent()) {
      addNames(remote.get(), "", names);
    } else {
      try (var all = Files.walk(directory)) {
        all.filter(Files::isRegularFile)
            .forEach(file -> names.add(directory.relativize(file).toString().replace('\\', '/')));
      } catch (UncheckedIOException e) {
        throw e.getCause();
      }
    }
    names.sort(Comparator.naturalOrder());
    return names;
  }

  private static void addNames(Downloader downloader, String parent, List<String> names)
      throws IOException {
    for (var entry : downloader.list(parent)) {
      var path = parent.isEmpty() ? entry.name() : parent + "/" + entry.name();
      if (entry.isDirectory()) {
        addNames(downloader, path, names);
      } else {
        names.add(path);
      }
    }
  }

  /** Where the data set lies, for messages. */
  public String location() {
    return remote.map(Downloader::location).orElseGet(directory::toString);
  }

  /** Whether its files are brought from a store. */
  public boolean isRemote() {
    return remote.isPresent();
  }

  /** Where files lie once they are brought: the local directory itself, or a temporary one. */
  Path directory() {
    return directory;
  }

  /**
   * Brings a file to {@link #directory()}, if it is not there already.
   *
   * @throws NoSuchFileException if the store does not have it
   * @throws MalformedShardException if the store has it with another size; it is then not brought.
   *     In a local directory nothing is looked at
   */
  Path bring(FileInfo file) throws IOException {
    var path = file.in(directory);
    if (remote.isPresent() && !Files.exists(path)) {
      long size = remote.get().size(file.basename());
      if (size != file.bytes()) {
        throw ShardFiles.wrongSize(path, size, file);
      }
      Files.createDirectories(path.getParent());
      remote.get().fetch(file.basename(), size, path, whole -> {}, new Cancellation());
    }
    return path;
  }

  /** Deletes a file that was brought. */
  void release(FileInfo file) throws IOException {
    if (remote.isPresent()) {
      Files.deleteIfExists(file.in(directory));
    }
  }

  /** A message with the store's names for files that were brought from there. */
  public String named(String message) {
    return remote.isPresent() ? message.replace(directory.toString(), location()) : message;
  }

  /** Removes what was brought, and ends what another thread is bringing. */
  @Override
  public void close() throws IOException {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
    }
    if (remote.isPresent()) {
      try {
        remote.get().close();
      } finally {
        removeTree(directory);
      }
    }
  }

  /** Removes a directory and all that is in it. */
  static void removeTree(Path root) throws IOException {
    List<Path> paths = new ArrayList<>();
    try (var all = Files.walk(root)) {
      all.forEach(paths::add);
    }
    paths.sort(Comparator.reverseOrder());
    for (var path : paths) {
      Files.deleteIfExists(path);
    }
  }
}
