package io.javatorch.distributor.checkpoint;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A directory of this machine, or one shared by all machines through a mounted file system. */
final class LocalCheckpointStorage implements CheckpointStorage {
  private static final Logger LOG = LoggerFactory.getLogger(LocalCheckpointStorage.class);
  private static final String TEMPORARY = ".tmp";

  /** Temporary files older than this belong to nobody who is still writing. */
  private static final Duration ABANDONED = Duration.ofHours(1);

  private final Path directory;

  LocalCheckpointStorage(Path directory) {
    this.directory = directory;
  }

  @Override
  public List<String> names() throws IOException {
    List<String> names = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
      for (Path file : files) {
        String name = file.getFileName().toString();
        if (!name.endsWith(TEMPORARY)) {
          names.add(name);
        }
      }
    } catch (NoSuchFileException e) {
      return List.of();
    }
    return names;
  }

  @Override
  public long size(String name) throws IOException {
    return Files.size(directory.resolve(name));
  }

  @Override
  public ReadableByteChannel read(String name) throws IOException {
    return FileChannel.open(directory.resolve(name), StandardOpenOption.READ);
  }

  @Override
  public void write(String name, Content content) throws IOException {
    Files.createDirectories(directory);
    Path temporary = directory.resolve("." + name + "." + UUID.randomUUID() + TEMPORARY);
    try {
      try (FileChannel out =
          FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        content.writeTo(out);
        out.force(true);
      }
      Files.move(
          temporary,
          directory.resolve(name),
          StandardCopyOption.ATOMIC_MOVE,
          StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(temporary);
    }
    // The rename itself is durable once the directory is.
    try (FileChannel entries = FileChannel.open(directory, StandardOpenOption.READ)) {
      entries.force(true);
    }
    deleteAbandoned();
  }

  private void deleteAbandoned() throws IOException {
    FileTime limit = FileTime.from(Instant.now().minus(ABANDONED));
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, ".*" + TEMPORARY)) {
      for (Path file : files) {
        try {
          if (Files.getLastModifiedTime(file).compareTo(limit) < 0) {
            Files.deleteIfExists(file);
          }
        } catch (NoSuchFileException e) {
          LOG.debug("Another writer has deleted {}", file);
        }
      }
    }
  }

  @Override
  public void delete(String name) throws IOException {
    Files.deleteIfExists(directory.resolve(name));
  }

  @Override
  public String location() {
    return directory.toString();
  }
}
