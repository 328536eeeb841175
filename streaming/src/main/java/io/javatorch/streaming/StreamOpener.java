package io.javatorch.streaming;

import io.javatorch.streaming.cache.StreamFiles;
import io.javatorch.streaming.format.ShardIndex;
import io.javatorch.streaming.storage.Downloader;
import io.javatorch.streaming.storage.RetryPolicy;
import io.javatorch.streaming.storage.Storages;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
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
      RetryPolicy retries) {}

  static StreamFiles open(Stream stream, Defaults defaults) throws IOException {
    String split = stream.split().or(defaults::split).orElse("");
    Optional<String> remote = stream.remote().map(root -> join(root, split));
    Path local =
        stream.local().orElseGet(() -> temporary(stream.remote().orElseThrow())).resolve(split);
    if (remote.isPresent() && isSame(remote.get(), local)) {
      remote = Optional.empty();
    }
    Path raw = defaults.cacheDirectory().map(cache -> cache.resolve(split)).orElse(local);
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
          stream.keepZip().orElse(defaults.keepZip()));
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

  private static boolean isSame(String remote, Path local) {
    return remote.indexOf(':') < 0
        && Path.of(remote).toAbsolutePath().normalize().equals(local.toAbsolutePath().normalize());
  }

  private static Path temporary(String remote) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(remote.getBytes(StandardCharsets.UTF_8));
      return Path.of(
          System.getProperty("java.io.tmpdir"),
          "javatorch-" + System.getProperty("user.name"),
          HexFormat.of().formatHex(digest, 0, 16));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
