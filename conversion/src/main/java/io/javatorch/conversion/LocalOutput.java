package io.javatorch.conversion;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A directory of the local file system, or of one that is mounted on every machine. */
final class LocalOutput implements OutputStore {
  private static final long serialVersionUID = 1L;
  private static final Logger LOG = LoggerFactory.getLogger(LocalOutput.class);

  /** Path is not serialisable. */
  private final String root;

  LocalOutput(Path root) {
    this.root = root.toAbsolutePath().normalize().toString();
  }

  private Path at(String path) {
    return Path.of(root).resolve(path);
  }

  @Override
  public String location() {
    // Path's own URI ends in a slash if, at the moment, there is a directory.
    return at("").toUri().toString().replaceAll("/$", "");
  }

  @Override
  public List<String> list() throws IOException {
    if (Files.isRegularFile(at(""))) {
      throw new FileAlreadyExistsException(root, null, "it is a file, not a directory");
    }
    try (var entries = Files.list(at(""))) {
      return entries.map(entry -> entry.getFileName().toString()).sorted().toList();
    } catch (NoSuchFileException e) {
      return List.of();
    }
  }

  @Override
  public boolean exists(String path) {
    return Files.exists(at(path), LinkOption.NOFOLLOW_LINKS);
  }

  @Override
  public boolean isDirectory(String path) {
    return Files.isDirectory(at(path));
  }

  @Override
  public void createDirectory(String path) throws IOException {
    Files.createDirectories(at(path));
  }

  @Override
  public boolean createFile(String path, String text) throws IOException {
    try {
      Files.createFile(at(path));
    } catch (FileAlreadyExistsException e) {
      return false;
    }
    try {
      Files.writeString(at(path), text);
      return true;
    } catch (IOException e) {
      // An empty one would keep everybody else out.
      try {
        Files.deleteIfExists(at(path));
      } catch (IOException cleaning) {
        e.addSuppressed(cleaning);
      }
      throw e;
    }
  }

  @Override
  public String readFile(String path) throws IOException {
    return Files.readString(at(path));
  }

  @Override
  public Path begin(String path) throws IOException {
    // Not createDirectories: an attempt that outlives its job must not bring the job's directory
    // back.
    return Files.createDirectory(at(path));
  }

  @Override
  public void finish(Path local, String path) {
    // The files were written where they belong.
  }

  @Override
  public void move(String from, String to) throws IOException {
    if (Files.exists(at(to))) {
      throw new FileAlreadyExistsException(at(to).toString());
    }
    Files.move(at(from), at(to), StandardCopyOption.ATOMIC_MOVE);
  }

  @Override
  public void fetch(String path, Path local) throws IOException {
    Files.copy(at(path), local);
  }

  @Override
  public void publish(Path local, String temporary, String path) throws IOException {
    var target = at(path);
    var whole = at(temporary);
    try {
      Files.copy(local, whole);
      try (var channel = FileChannel.open(whole, StandardOpenOption.WRITE)) {
        channel.force(true);
      }
      Files.move(whole, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException | RuntimeException e) {
      try {
        Files.deleteIfExists(whole);
      } catch (IOException cleaning) {
        e.addSuppressed(cleaning);
      }
      throw e;
    }
    forceDirectory(target.getParent());
  }

  /** Makes renames in a directory last through a crash, where the system can. */
  private static void forceDirectory(Path directory) {
    try (var channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (IOException e) {
      // Windows and some mounted stores cannot, and the file is in its place either way.
      LOG.debug("Cannot force {} to the disk", directory, e);
    }
  }

  @Override
  public void delete(String path) throws IOException {
    // A task that is being killed may still add a file while its directory is being deleted.
    for (int attempt = 1; ; attempt++) {
      try {
        deleteTree(at(path));
        return;
      } catch (DirectoryNotEmptyException e) {
        if (attempt == 5) {
          throw e;
        }
        try {
          Thread.sleep(100);
        } catch (InterruptedException interrupted) {
          Thread.currentThread().interrupt();
          throw e;
        }
      }
    }
  }

  @Override
  public void deleteIfEmpty() throws IOException {
    try {
      Files.deleteIfExists(at(""));
    } catch (DirectoryNotEmptyException e) {
      // Then it stays.
    }
  }

  static void deleteTree(Path root) throws IOException {
    if (!Files.exists(root)) {
      return;
    }
    Files.walkFileTree(
        root,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.deleteIfExists(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException failure)
              throws IOException {
            if (failure instanceof NoSuchFileException) {
              return FileVisitResult.CONTINUE;
            }
            throw failure;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path directory, IOException failure)
              throws IOException {
            if (failure != null) {
              throw failure;
            }
            Files.deleteIfExists(directory);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
