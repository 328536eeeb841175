package io.javatorch.streaming.format;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;

/**
 * Random access to a file by many threads at once, as little-endian buffers: over its pages, so
 * that nothing of it is copied to the heap, or else as copies.
 *
 * <p>A mapped buffer's memory is unmapped when no buffer over it is reachable any more, and never
 * before: buffers stay valid after {@link #close}. An interrupt fails the read of the thread that
 * is interrupted, and no other.
 */
abstract sealed class RawFile implements AutoCloseable {
  /** Java maps one byte less than twice this at once. */
  static final int STEP_BYTES = 1 << 30;

  private final long size;

  private RawFile(long size) {
    this.size = size;
  }

  /** Maps a file into memory. */
  static RawFile open(Path file) throws IOException {
    return open(file, STEP_BYTES);
  }

  /**
   * Maps a file into memory.
   *
   * @param step a file of at least twice as many bytes is mapped in parts, which begin so many
   *     bytes apart and overlap
   */
  static RawFile open(Path file, int step) throws IOException {
    var handle = new Handle(file);
    try {
      long size = handle.size;
      if (size < 2L * step) {
        var map = map(handle, 0, size);
        handle.close();
        return new Whole(map);
      }
      var maps = new ByteBuffer[Math.toIntExact((size + step - 1) / step)];
      for (int i = 0; i < maps.length; i++) {
        long from = (long) i * step;
        maps[i] = map(handle, from, Math.min(2L * step - 1, size - from));
      }
      return new InParts(handle, maps, step);
    } catch (IOException | RuntimeException e) {
      handle.close();
      throw e;
    }
  }

  /**
   * Opens a file without mapping it: what it takes on the disk is free as soon as it is deleted and
   * closed. Its buffers are copies.
   *
   * @param headBytes how much of its beginning to keep in memory
   */
  static RawFile openUnmapped(Path file, long headBytes) throws IOException {
    var handle = new Handle(file);
    try {
      return new Unmapped(handle, (int) Math.min(headBytes, handle.size));
    } catch (IOException | RuntimeException e) {
      handle.close();
      throw e;
    }
  }

  private static ByteBuffer map(Handle handle, long from, long length) throws IOException {
    return handle.use(
        channel -> channel.map(MapMode.READ_ONLY, from, length).order(ByteOrder.LITTLE_ENDIAN));
  }

  /**
   * An open file. An interrupt of a thread that reads a channel closes it for all threads: that one
   * thread's read fails, and the next read opens the file again.
   */
  private static final class Handle implements AutoCloseable {
    private final Path file;
    private final long size;
    private final Object key;
    private volatile FileChannel channel;
    private boolean closed;

    interface Use<T> {
      T of(FileChannel channel) throws IOException;
    }

    Handle(Path file) throws IOException {
      this.file = file;
      channel = FileChannel.open(file, StandardOpenOption.READ);
      try {
        size = channel.size();
        key = key(file);
      } catch (IOException | RuntimeException e) {
        channel.close();
        throw e;
      }
    }

    /** What tells one file from another at the same path, where the file system can; or null. */
    private static Object key(Path file) throws IOException {
      return Files.readAttributes(file, BasicFileAttributes.class).fileKey();
    }

    /**
     * Works on the channel, again if another thread's interrupt closed it.
     *
     * @throws ClosedByInterruptException if this thread is interrupted; its flag stays set
     * @throws ClosedChannelException if the file was closed
     */
    <T> T use(Use<T> use) throws IOException {
      while (true) {
        var current = channel;
        try {
          return use.of(current);
        } catch (ClosedByInterruptException e) {
          throw e;
        } catch (ClosedChannelException e) {
          reopen(current, e);
        }
      }
    }

    private synchronized void reopen(FileChannel broken, ClosedChannelException why)
        throws IOException {
      if (closed) {
        throw why;
      }
      if (channel != broken) {
        return;
      }
      var opened = FileChannel.open(file, StandardOpenOption.READ);
      if (opened.size() != size || !Objects.equals(key(file), key)) {
        opened.close();
        throw new IOException(file + " was replaced by another file while it was open", why);
      }
      channel = opened;
    }

    @Override
    public synchronized void close() throws IOException {
      closed = true;
      channel.close();
    }
  }

  /** The file's size in bytes when it was opened. */
  final long size() {
    return size;
  }

  /**
   * A read-only buffer in which the given range starts at {@link #indexOf} of it. The range must
   * lie within the file. Use absolute gets only: the buffer may be shared by threads.
   */
  abstract ByteBuffer range(long position, int length) throws IOException;

  /** Where a range begins in the buffer that {@link #range} returns for it. */
  abstract int indexOf(long position, int length);

  @Override
  public abstract void close() throws IOException;

  private static final class Whole extends RawFile {
    private final ByteBuffer map;

    Whole(ByteBuffer map) {
      super(map.capacity());
      this.map = map;
    }

    @Override
    ByteBuffer range(long position, int length) {
      return map;
    }

    @Override
    int indexOf(long position, int length) {
      return (int) position;
    }

    @Override
    public void close() {
      // The map goes with its last buffer.
    }
  }

  private static final class InParts extends RawFile {
    private final Handle handle;
    private final ByteBuffer[] maps;
    private final int step;

    InParts(Handle handle, ByteBuffer[] maps, int step) {
      super(handle.size);
      this.handle = handle;
      this.maps = maps;
      this.step = step;
    }

    /** A range of up to a step lies within the part in which it begins. */
    @Override
    ByteBuffer range(long position, int length) throws IOException {
      return length <= step ? maps[(int) (position / step)] : map(handle, position, length);
    }

    @Override
    int indexOf(long position, int length) {
      return length <= step ? (int) (position % step) : 0;
    }

    @Override
    public void close() throws IOException {
      handle.close();
    }
  }

  private static final class Unmapped extends RawFile {
    private final Handle handle;
    private final ByteBuffer head;

    Unmapped(Handle handle, int headBytes) throws IOException {
      super(handle.size);
      this.handle = handle;
      head = read(0, headBytes);
    }

    @Override
    ByteBuffer range(long position, int length) throws IOException {
      return isInHead(position, length) ? head : read(position, length);
    }

    @Override
    int indexOf(long position, int length) {
      return isInHead(position, length) ? (int) position : 0;
    }

    private boolean isInHead(long position, int length) {
      return position + length <= head.capacity();
    }

    private ByteBuffer read(long position, int length) throws IOException {
      var buffer = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
      while (buffer.hasRemaining()) {
        if (handle.use(channel -> channel.read(buffer, position + buffer.position())) < 0) {
          throw new EOFException("the file was truncated while it was open");
        }
      }
      return buffer;
    }

    @Override
    public void close() throws IOException {
      handle.close();
    }
  }
}
