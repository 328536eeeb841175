package io.javatorch.streaming.cache;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/**
 * Locks between the processes of a host, one for each number, as ranges of one file. The system
 * frees them when their process ends, however it ends.
 *
 * <p>They only save work done twice and keep shards in use from being evicted. On POSIX systems
 * closing any other channel of the file frees all of a process's locks, so nothing may depend on
 * them for being right.
 */
final class HostLock implements AutoCloseable {
  private static final long RETRY_NANOS = 5_000_000;

  private final Path file;
  private FileChannel channel;

  HostLock(Path file) {
    this.file = file;
  }

  /** Waits for the lock of a number, for this process alone. */
  FileLock acquire(long number) throws IOException {
    FileChannel open = open();
    while (true) {
      try {
        return open.lock(number, 1, false);
      } catch (OverlappingFileLockException e) {
        // Another thread or data set object of this JVM holds it.
        LockSupport.parkNanos(RETRY_NANOS);
      }
    }
  }

  /** The lock of a number for this process alone, if nobody holds it in any way. */
  Optional<FileLock> tryAcquire(long number) throws IOException {
    try {
      return Optional.ofNullable(open().tryLock(number, 1, false));
    } catch (OverlappingFileLockException e) {
      return Optional.empty();
    }
  }

  /** The lock of a number, together with other processes; none if this JVM has one already. */
  Optional<FileLock> share(long number) throws IOException {
    try {
      return Optional.of(open().lock(number, 1, true));
    } catch (OverlappingFileLockException e) {
      return Optional.empty();
    }
  }

  private synchronized FileChannel open() throws IOException {
    if (channel == null) {
      Files.createDirectories(file.getParent());
      channel =
          FileChannel.open(
              file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    }
    return channel;
  }

  @Override
  public synchronized void close() throws IOException {
    if (channel != null) {
      channel.close();
      channel = null;
    }
  }
}
