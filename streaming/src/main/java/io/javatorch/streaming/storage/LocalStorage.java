package io.javatorch.streaming.storage;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A directory of this host, or one that is mounted on it. */
final class LocalStorage implements Storage {
  private final Path root;

  LocalStorage(Path root) {
    this.root = root;
  }

  @Override
  public InputStream open(String path, long offset) throws IOException {
    FileChannel channel = FileChannel.open(root.resolve(path), StandardOpenOption.READ);
    try {
      channel.position(offset);
      return Channels.newInputStream(channel);
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  @Override
  public long size(String path) throws IOException {
    return Files.size(root.resolve(path));
  }

  @Override
  public String location() {
    return root.toString();
  }

  @Override
  public void close() {}
}
