package io.javatorch.streaming.format;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Files that appear under their name only when whole. */
final class AtomicFile {
  private static final Logger LOG = LoggerFactory.getLogger(AtomicFile.class);

  private AtomicFile() {}

  /** Writes the content of a file. The stream need not be closed or flushed to the disk. */
  interface Content {
    void writeTo(OutputStream out) throws IOException;
  }

  /** Says what a file is to be called once its content is written. */
  interface Naming {
    /** The name; waits until the file may get it. */
    String await() throws IOException;
  }

  /** As {@link #write(Path, Content, Naming)}, under the given name at once. */
  static void write(Path target, Content content) throws IOException {
    write(target, content, () -> target.getFileName().toString());
  }

  /**
   * As {@link #write(Path, Content)}, but without forcing the name to the disk: for what can be
   * made anew, should it be gone after a power failure.
   */
  static void writeAnew(Path target, Content content) throws IOException {
    writeAndName(target, content, () -> target.getFileName().toString());
  }

  /**
   * Writes to a temporary file beside the target, forces it to the disk, renames it, and forces the
   * new name to the disk. On failure the temporary file is removed and an existing target is
   * untouched.
   *
   * @param like the target, or a file beside it that the temporary one is called after
   */
  static void write(Path like, Content content, Naming naming) throws IOException {
    writeAndName(like, content, naming);
    forceDirectory(like.toAbsolutePath().getParent());
  }

  private static void writeAndName(Path like, Content content, Naming naming) throws IOException {
    var temporary =
        like.resolveSibling("." + like.getFileName() + "." + UUID.randomUUID() + ".tmp");
    try {
      try (var channel =
          FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        content.writeTo(new Unclosed(channel));
        channel.force(true);
      }
      var target = like.resolveSibling(naming.await());
      try {
        Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
      } catch (AtomicMoveNotSupportedException e) {
        // Some network file systems; the file is whole before it moves either way.
        Files.move(temporary, target, StandardCopyOption.REPLACE_EXISTING);
      }
    } catch (IOException | RuntimeException | Error e) {
      try {
        Files.deleteIfExists(temporary);
      } catch (IOException cleaning) {
        e.addSuppressed(cleaning);
      }
      throw e;
    }
  }

  private static void forceDirectory(Path directory) {
    try (var channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (IOException e) {
      // Windows and some mounted stores cannot, and the file is in its place either way.
      LOG.debug("Cannot force {} to the disk", directory, e);
    }
  }

  /** Lets the content close its wrappers while the channel is still needed for the force. */
  private static final class Unclosed extends OutputStream {
    private final OutputStream out;

    Unclosed(FileChannel channel) {
      this.out = Channels.newOutputStream(channel);
    }

    @Override
    public void write(int b) throws IOException {
      out.write(b);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      out.write(bytes, offset, length);
    }
  }
}
