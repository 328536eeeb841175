package io.javatorch.streaming.storage;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A directory of this host, or one that is mounted on it. */
final class LocalStorage implements Storage {
  private static final Logger log = LoggerFactory.getLogger(LocalStorage.class);

  private final Path root;

  LocalStorage(Path root) {
    this.root = root;
  }

  @Override
  public InputStream open(String path, long offset) throws IOException {
    Path file = root.resolve(path);
    String version = version(file);
    FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
    try {
      // One that is replaced just now could be taken for either.
      if (!version(file).equals(version)) {
        throw new IOException(file + " was changed while it was opened");
      }
      channel.position(offset);
      return new VersionedInputStream(Channels.newInputStream(channel), version);
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  private static String version(Path file) throws IOException {
    var attributes = Files.readAttributes(file, BasicFileAttributes.class);
    // A pipe blocks whoever opens it, and a device may never end.
    if (!attributes.isRegularFile()) {
      throw new FileSystemException(file.toString(), null, "it is no regular file");
    }
    // Not every file system that is mounted here keeps the number of a file.
    return attributes.lastModifiedTime() + ", " + attributes.size() + " bytes";
  }

  @Override
  public long size(String path) throws IOException {
    return Files.size(root.resolve(path));
  }

  @Override
  public List<StoredFile> list(String directory) throws IOException {
    var entries = new ArrayList<StoredFile>();
    try (var paths = Files.newDirectoryStream(root.resolve(directory))) {
      for (Path path : paths) {
        boolean isDirectory = Files.isDirectory(path);
        try {
          entries.add(
              new StoredFile(
                  path.getFileName().toString(), isDirectory, isDirectory ? 0 : Files.size(path)));
        } catch (NoSuchFileException e) {
          log.trace("{} went away while its directory was listed", path, e);
        }
      }
    } catch (NoSuchFileException e) {
      return List.of();
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    entries.sort(Comparator.comparing(StoredFile::name));
    return entries;
  }

  @Override
  public void put(Path source, String path) throws IOException {
    put(
        source,
        root.resolve(path),
        (temporary, target) -> {
          Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
          return true;
        });
  }

  @Override
  public boolean putNew(Path source, String path) throws IOException {
    Path target = root.resolve(path);
    return !Files.exists(target, LinkOption.NOFOLLOW_LINKS)
        && put(source, target, LocalStorage::nameNew);
  }

  /** Gives a file its name unless there is one of that name. */
  private static boolean nameNew(Path temporary, Path target) throws IOException {
    try {
      // The one way to name a file that never replaces another.
      Files.createLink(target, temporary);
      return true;
    } catch (FileAlreadyExistsException e) {
      return false;
    } catch (UnsupportedOperationException | FileSystemException e) {
      log.debug("no hard links in {}: looking before renaming", target.getParent(), e);
    }
    try {
      Files.move(temporary, target);
      return true;
    } catch (FileAlreadyExistsException e) {
      return false;
    }
  }

  private interface Naming {
    boolean name(Path temporary, Path target) throws IOException;
  }

  private static boolean put(Path source, Path target, Naming naming) throws IOException {
    Files.createDirectories(target.getParent());
    Path temporary =
        target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID() + ".tmp");
    try {
      try (FileChannel in = FileChannel.open(source, StandardOpenOption.READ);
          FileChannel out =
              FileChannel.open(
                  temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        long size = in.size();
        for (long at = 0; at < size; ) {
          long n = in.transferTo(at, size - at, out);
          if (n == 0) {
            throw new IOException(source + " was truncated while it was copied");
          }
          at += n;
        }
        out.force(true);
      }
      return naming.name(temporary, target);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  @Override
  public void delete(String path) throws IOException {
    Files.deleteIfExists(root.resolve(path));
  }

  @Override
  public void deleteDirectory(String path) throws IOException {
    Path directory = root.resolve(path);
    if (!Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
      throw new NotDirectoryException(directory.toString());
    }
    try {
      Files.deleteIfExists(directory);
    } catch (DirectoryNotEmptyException e) {
      log.trace("{} stays: it is not empty", directory, e);
    }
  }

  @Override
  public String location() {
    return root.toString();
  }

  @Override
  public void close() {}
}
