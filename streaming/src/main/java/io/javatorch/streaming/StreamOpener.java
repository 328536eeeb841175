package io.javatorch.streaming;

import io.javatorch.auth.CredentialsSource;
import io.javatorch.streaming.cache.HostIndex;
import io.javatorch.streaming.cache.StreamFiles;
import io.javatorch.streaming.format.ShardIndex;
import io.javatorch.streaming.format.ShardReader.Pickles;
import io.javatorch.streaming.storage.Downloader;
import io.javatorch.streaming.storage.ParallelRanges;
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
      RetryPolicy retries,
      int processes,
      ParallelRanges ranges,
      CredentialsSource credentials) {}

  /**
   * Opens a stream.
   *
   * @param opened the data set's other streams
   * @throws IllegalArgumentException if it would bring other files to the same directory as one of
   *     them, where they would be taken for one another
   */
  static StreamFiles open(Stream stream, Defaults defaults, List<StreamFiles> opened)
      throws IOException {
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
    Optional<Downloader> downloader = Optional.empty();
    if (remote.isPresent()) {
      downloader =
          Optional.of(
              new Downloader(
                  Storages.connect(
                      remote.get(), stream.credentials().orElse(defaults.credentials())),
                  stream.retries(defaults.retries()),
                  defaults.ranges()));
    }
    try {
      checkApart(local, downloader, opened);
      ShardIndex index = index(local, downloader, defaults.processes());
      return new StreamFiles(
          local,
          defaults.cacheDirectory().isPresent()
              ? defaults.cacheDirectory().get().resolve(fingerprint(local, remote))
              : local,
          downloader,
          index.shards(),
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

  private static ShardIndex index(Path local, Optional<Downloader> remote, int processes)
      throws IOException {
    Path file = local.resolve(ShardIndex.BASENAME);
    if (remote.isPresent()) {
      Files.createDirectories(local);
      HostIndex.bring(file, ShardIndex.BASENAME, remote.get(), processes);
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

  /**
   * Names what is decompressed for a data set. It follows from the index, so that a data set that
   * was written anew is not taken for the old one, and from the place, since without hashes the
   * indexes of different data sets can be equal.
   */
  private static String fingerprint(Path local, Optional<String> remote) throws IOException {
    MessageDigest digest = sha256();
    String place = remote.isPresent() ? remote.get() : local.toRealPath().toString();
    digest.update(place.getBytes(StandardCharsets.UTF_8));
    digest.update((byte) 0);
    try (var in = Files.newInputStream(local.resolve(ShardIndex.BASENAME))) {
      byte[] buffer = new byte[1 << 16];
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        digest.update(buffer, 0, n);
      }
    }
    return HexFormat.of().formatHex(digest.digest(), 0, 16);
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
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
    byte[] digest = sha256().digest(remote.getBytes(StandardCharsets.UTF_8));
    return own.resolve(HexFormat.of().formatHex(digest, 0, 16));
  }

  private static void checkApart(
      Path local, Optional<Downloader> remote, List<StreamFiles> opened) {
    for (StreamFiles other : opened) {
      if (other.local().toAbsolutePath().normalize().equals(local.toAbsolutePath().normalize())
          && !other.remote().map(Downloader::location).equals(remote.map(Downloader::location))) {
        throw new IllegalArgumentException(
            "two streams have the local directory " + local + " but different remote ones");
      }
    }
  }
}
