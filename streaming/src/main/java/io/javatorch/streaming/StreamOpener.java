package io.javatorch.streaming;

import io.javatorch.streaming.cache.StreamFiles;
import io.javatorch.streaming.format.ShardIndex;
import io.javatorch.streaming.format.ShardReader.Pickles;
import io.javatorch.streaming.storage.Downloader;
import io.javatorch.streaming.storage.RetryPolicy;
import io.javatorch.streaming.storage.Storages;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/** Finds a stream's files, and reads its index, which is fetched first if it is not there. */
final class StreamOpener {
  private StreamOpener() {}

  /** What a stream takes from its data set where it does not say itself. */
  record Defaults(
      Optional<String> split,
      Optional<Path> cacheDirectory,
      Optional<String> validateHash,
      boolean keepZip,
      Pickles pickles,
      RetryPolicy retries) {}

  /**
   * Opens a stream.
   *
   * @param folder its sub-directory of the cache directory
   */
  static StreamFiles open(Stream stream, String folder, Defaults defaults) throws IOException {
    String split = stream.split().or(defaults::split).orElse("");
    Optional<String> remote = stream.remote().map(root -> join(root, split));
    Path local =
        (stream.local().isPresent()
                ? stream.local().get()
                : temporary(stream.remote().orElseThrow()))
            .resolve(split);
    if (remote.isPresent() && isSame(remote.get(), local)) {
      remote = Optional.empty();
    }
    Path raw =
        defaults.cacheDirectory().map(cache -> cache.resolve(folder).resolve(split)).orElse(local);
    Optional<Downloader> downloader = Optional.empty();
    if (remote.isPresent()) {
      downloader =
          Optional.of(
              new Downloader(Storages.connect(remote.get()), stream.retries(defaults.retries())));
    }
    try {
      return new StreamFiles(
          local,
          raw,
          downloader,
          index(local, downloader).shards(),
          stream.validateHash().or(defaults::validateHash).stream().toList(),
          stream.keepZip().orElse(defaults.keepZip()),
          defaults.pickles());
    } catch (IOException | RuntimeException e) {
      if (downloader.isPresent()) {
        downloader.get().close();
      }
      throw e;
    }
  }

  private static ShardIndex index(Path local, Optional<Downloader> remote) throws IOException {
    Path file = local.resolve(ShardIndex.BASENAME);
    if (remote.isPresent() && !Files.exists(file)) {
      Files.createDirectories(local);
      // Ranks may do so at the same time; each renames a whole file into place.
      remote.get().fetch(ShardIndex.BASENAME, file);
    }
    try {
      return ShardIndex.read(local);
    } catch (NoSuchFileException e) {
      var missing =
          new NoSuchFileException(
              file.toString(),
              null,
              "it is the data set's index; is local the right directory, and was its writer"
                  + " finished?");
      missing.initCause(e);
      throw missing;
    }
  }

  private static String join(String root, String split) {
    return split.isEmpty() ? root : root.endsWith("/") ? root + split : root + "/" + split;
  }

  /** Whether what is called remote is the local directory, by whatever name. */
  private static boolean isSame(String remote, Path local) throws IOException {
    Optional<Path> path = Storages.localPath(remote);
    if (path.isEmpty()) {
      return false;
    }
    try {
      return Files.isSameFile(path.get(), local);
    } catch (NoSuchFileException e) {
      return path.get().toAbsolutePath().normalize().equals(local.toAbsolutePath().normalize());
    }
  }

  /**
   * A directory that this user alone can write to: what lies there is taken for what was
   * downloaded.
   */
  private static Path temporary(String remote) throws IOException {
    String user = System.getProperty("user.name");
    Path own = Path.of(System.getProperty("java.io.tmpdir"), "javatorch-" + user);
    try {
      if (Files.getFileStore(own.getParent()).supportsFileAttributeView("posix")) {
        Files.createDirectory(
            own,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      } else {
        Files.createDirectory(own);
      }
    } catch (FileAlreadyExistsException e) {
      if (!Files.isDirectory(own, LinkOption.NOFOLLOW_LINKS)
          || !Files.getOwner(own, LinkOption.NOFOLLOW_LINKS).getName().equals(user)) {
        throw new IOException(
            own + " exists and is not a directory of the user " + user + ": set local", e);
      }
    }
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(remote.getBytes(StandardCharsets.UTF_8));
      return own.resolve(HexFormat.of().formatHex(digest, 0, 16));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * Checks that no two streams bring different files to one directory, where they would be taken
   * for one another.
   *
   * @throws IllegalArgumentException if two do
   */
  static void checkApart(List<StreamFiles> streams) {
    var remotes = new HashMap<Path, String>();
    for (StreamFiles stream : streams) {
      Path local = stream.local().toAbsolutePath().normalize();
      String remote = stream.remote().map(Downloader::location).orElse("");
      String other = remotes.putIfAbsent(local, remote);
      if (other != null && !other.equals(remote)) {
        throw new IllegalArgumentException(
            "two streams have the local directory " + local + " but different remote ones");
      }
    }
  }
}
