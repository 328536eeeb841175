package io.javatorch.streaming.storage;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A volume as a directory of this host. That such a directory is there says little: its files may
 * be none of this user's, or fail when read. So it counts only once a byte was read, and not any
 * more after a failure. Thread-safe.
 */
final class VolumeMount {
  private static final Logger log = LoggerFactory.getLogger(VolumeMount.class);

  private enum State {
    UNKNOWN,
    READABLE,
    OFF
  }

  /** A mount whose server is gone hangs rather than fails. */
  static final Duration PATIENCE = Duration.ofSeconds(20);

  private final Path host;
  private final VolumePath root;
  private final Duration patience;

  /** When the calls began that have not returned. */
  private final Map<Object, Long> pending = new ConcurrentHashMap<>();

  private State state = State.UNKNOWN;

  /**
   * Looks at nothing yet.
   *
   * @param host the directory that {@code /Volumes} lies in
   * @param root what to read, for messages
   * @param patience after which a call that has not returned never will
   */
  VolumeMount(Path host, VolumePath root, Duration patience) {
    this.host = host;
    this.root = root;
    this.patience = patience;
  }

  /** Whether files were read here, and none has failed. */
  private synchronized boolean isReadable() {
    return state == State.READABLE;
  }

  /**
   * The size of a file, if it can be read here.
   *
   * @throws IOException if the thread was interrupted
   */
  Optional<Long> size(VolumePath file) throws IOException {
    return ifReadable(
        () -> {
          try (FileChannel channel = probed(file)) {
            return channel.size();
          }
        });
  }

  /**
   * A file from some byte on, if it can be read here.
   *
   * @throws IOException if the thread was interrupted
   */
  Optional<InputStream> open(VolumePath file, long offset) throws IOException {
    return ifReadable(
        () -> {
          FileChannel channel = probed(file);
          try {
            channel.position(offset);
            return new VersionedInputStream(
                new MountedStream(Channels.newInputStream(channel)),
                Files.getLastModifiedTime(at(file)) + ", " + channel.size() + " bytes");
          } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
          }
        });
  }

  /**
   * The entries of a directory, if files were read here and the directory is here.
   *
   * @throws IOException if the thread was interrupted
   */
  Optional<List<StoredFile>> list(VolumePath directory) throws IOException {
    if (!isReadable()) {
      return Optional.empty();
    }
    return ifReadable(
        () -> {
          Path local = at(directory);
          if (!Files.exists(local)) {
            throw new NoSuchFileException(local.toString());
          }
          try (var storage = new LocalStorage(local)) {
            return storage.list("");
          }
        });
  }

  /** What the call gives; none if the file is not here, or the mount does not count any more. */
  private <T> Optional<T> ifReadable(Call<T> call) throws IOException {
    if (isOff()) {
      return Optional.empty();
    }
    try {
      return Optional.of(timed(call));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (InterruptedIOException | ClosedChannelException e) {
      // Ended by whoever does not want it any more: that says nothing of the mount.
      throw e;
    } catch (IOException e) {
      turnOff(e);
      return Optional.empty();
    }
  }

  /** A file or directory of this host. */
  private Path at(VolumePath path) {
    return host.resolve(path.text().substring(1));
  }

  /** Opens a file, of which a byte could be read if it has any. */
  private FileChannel probed(VolumePath file) throws IOException {
    Path local = at(file);
    if (Files.isDirectory(local)) {
      throw new NoSuchFileException(local.toString());
    }
    FileChannel channel = FileChannel.open(local, StandardOpenOption.READ);
    try {
      if (!isReadable()) {
        if (channel.size() == 0) {
          throw new NoSuchFileException(local.toString(), null, "an empty file proves nothing");
        }
        if (channel.read(ByteBuffer.allocate(1), 0) < 1) {
          throw new IOException("it has a size but no bytes");
        }
        turnOn();
      }
      return channel;
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  @FunctionalInterface
  private interface Call<T> {
    T run() throws IOException;
  }

  private <T> T timed(Call<T> call) throws IOException {
    var key = new Object();
    pending.put(key, System.nanoTime());
    try {
      return call.run();
    } finally {
      pending.remove(key);
    }
  }

  private synchronized boolean isOff() {
    if (state != State.OFF
        && pending.values().stream()
            .anyMatch(begun -> System.nanoTime() - begun > patience.toNanos())) {
      turnOff(new IOException("a call has hung for " + patience.toMillis() / 1000.0 + " s"));
    }
    return state == State.OFF;
  }

  private synchronized void turnOn() {
    if (state == State.UNKNOWN) {
      log.info("reading {} from its mount on this host", root);
      state = State.READABLE;
    }
  }

  private synchronized void turnOff(IOException failure) {
    if (state != State.OFF) {
      state = State.OFF;
      log.warn(
          "the mount of {} on this host cannot be read, so its files come through the Files API"
              + " from now on: {}",
          root,
          failure.toString());
    }
  }

  private final class MountedStream extends FilterInputStream {
    MountedStream(InputStream in) {
      super(in);
    }

    @Override
    public int read() throws IOException {
      try {
        return timed(super::read);
      } catch (IOException e) {
        throw failed(e);
      }
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      try {
        return timed(() -> super.read(bytes, offset, length));
      } catch (IOException e) {
        throw failed(e);
      }
    }

    private IOException failed(IOException failure) {
      if (!(failure instanceof ClosedChannelException
          || failure instanceof InterruptedIOException)) {
        turnOff(failure);
      }
      return failure;
    }
  }
}
