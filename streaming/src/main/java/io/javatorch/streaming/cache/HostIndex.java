package io.javatorch.streaming.cache;

import io.javatorch.streaming.cache.HostLock.Hold;
import io.javatorch.streaming.storage.Cancellation;
import io.javatorch.streaming.storage.Downloader;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings a stream's index to this host, or checks that the one that is here is still the remote
 * one: shards of another version of the data set may have the same names and sizes.
 */
public final class HostIndex {
  private static final Logger log = LoggerFactory.getLogger(HostIndex.class);
  private static final String LOCK_NAME = ".javatorch-index.lock";

  /** Its time says when the index was last found to be the remote one. */
  private static final String CHECKED_NAME = ".javatorch-index.checked";

  /** What a rank has found holds for others of its host that start about when it does. */
  private static final Duration SHARED_FOR = Duration.ofSeconds(30);

  private static final Duration PATIENCE = Duration.ofMinutes(10);

  private HostIndex() {}

  /**
   * Brings or checks it. The ranks of a host that start together do so once: the first fetches it
   * under a lock, and the others believe it.
   *
   * @param file the index on this host; its directory must exist
   * @param name the index in the store
   * @param processes processes of this host that share it
   * @throws IOException if it cannot be got, or is not the one that is here
   */
  public static void bring(Path file, String name, Downloader remote, int processes)
      throws IOException {
    if (processes == 1) {
      bring(file, name, remote);
      return;
    }
    Path checked = file.resolveSibling(CHECKED_NAME);
    try (var locks =
            new HostLock(file.resolveSibling(LOCK_NAME), remote.longestFetch().plus(PATIENCE));
        Hold lock = locks.acquire(0, "the index of " + remote.location(), new Cancellation())) {
      if (Files.exists(file) && isRecent(checked)) {
        log.debug("another rank has checked {} just now, seen under {}", file, lock);
        return;
      }
      bring(file, name, remote);
      Files.deleteIfExists(checked);
      Files.createFile(checked);
    }
  }

  private static boolean isRecent(Path checked) throws IOException {
    Instant time;
    try {
      time = Files.getLastModifiedTime(checked).toInstant();
    } catch (NoSuchFileException e) {
      return false;
    }
    Instant now = Instant.now();
    return time.isAfter(now.minus(SHARED_FOR)) && !time.isAfter(now);
  }

  /** Deletes the copies of killed processes: those that are older than any that is in use. */
  private static void deleteLeft(Path file, String name, Duration longest) throws IOException {
    var copy =
        Pattern.compile("\\.{1,2}" + Pattern.quote(name) + "\\.[0-9a-f]{8}(-[0-9a-f]{4,}){4}.*");
    Instant oldest = Instant.now().minus(longest);
    try (var entries =
        Files.newDirectoryStream(
            file.getParent(), entry -> copy.matcher(entry.getFileName().toString()).matches())) {
      for (Path entry : entries) {
        if (Files.getLastModifiedTime(entry).toInstant().isBefore(oldest)) {
          Files.deleteIfExists(entry);
        }
      }
    } catch (NoSuchFileException | DirectoryIteratorException e) {
      // Another process deletes them too.
      log.debug("looking for copies of {} that were left ended early", file, e);
    }
  }

  private static void bring(Path file, String name, Downloader remote) throws IOException {
    if (!Files.exists(file)) {
      // Where locks do not hold, ranks may do so at the same time; each renames a whole file.
      remote.fetch(name, file);
      return;
    }
    deleteLeft(file, name, remote.longestFetch().plus(PATIENCE));
    Path current = file.resolveSibling("." + name + "." + UUID.randomUUID());
    try {
      remote.fetch(name, current);
      if (Files.mismatch(file, current) >= 0) {
        throw new IOException(
            file
                + " is not the index of "
                + remote.location()
                + ", so the shards beside it may be of another data set or of an older version:"
                + " delete the directory "
                + file.getParent()
                + " or set local to another one");
      }
    } finally {
      Files.deleteIfExists(current);
    }
  }
}
