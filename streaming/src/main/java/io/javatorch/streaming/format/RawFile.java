package io.javatorch.streaming.format;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Random access to a file by many threads at once, as little-endian buffers. */
abstract sealed class RawFile implements AutoCloseable {
  private final long size;

  private RawFile(long size) {
    this.size = size;
  }

  /** Opens a file: mapped into memory if Java can map it, which is up to 2 GiB. */
  static RawFile open(Path file) throws IOException {
    var channel = FileChannel.open(file, StandardOpenOption.READ);
    try {
      if (channel.size() <= Integer.MAX_VALUE) {
        var map = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size());
        channel.close();
        return new Mapped(map.order(ByteOrder.LITTLE_ENDIAN));
      }
      return new Positioned(channel);
    } catch (IOException e) {
      channel.close();
      throw e;
    }
  }

  /** The file's size in bytes when it was opened. */
  final long size() {
    return size;
  }

  /**
   * A buffer in which the given range starts at {@link #indexOf} of the position. The range must
   * lie within the file. Use absolute gets only: the buffer may be shared by threads.
   */
  abstract ByteBuffer range(long position, int length) throws IOException;

  /** Where a file position lies in the buffer that {@link #range} returns for it. */
  abstract int indexOf(long position);

  @Override
  public abstract void close() throws IOException;

  private static final class Mapped extends RawFile {
    private final ByteBuffer map;

    Mapped(ByteBuffer map) {
      super(map.capacity());
      this.map = map;
    }

    @Override
    ByteBuffer range(long position, int length) {
      return map;
    }

    @Override
    int indexOf(long position) {
      return (int) position;
    }

    @Override
    public void close() {
      // The map goes with its last buffer: views of samples may outlive the reader.
    }
  }

  private static final class Positioned extends RawFile {
    private final FileChannel channel;

    Positioned(FileChannel channel) throws IOException {
      super(channel.size());
      this.channel = channel;
    }

    @Override
    ByteBuffer range(long position, int length) throws IOException {
      var buffer = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
      while (buffer.hasRemaining()) {
        if (channel.read(buffer, position + buffer.position()) < 0) {
          throw new EOFException("the file was truncated while it was open");
        }
      }
      return buffer;
    }

    @Override
    int indexOf(long position) {
      return 0;
    }

    @Override
    public void close() throws IOException {
      channel.close();
    }
  }
}
