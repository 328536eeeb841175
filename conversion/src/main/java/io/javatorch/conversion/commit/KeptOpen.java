package io.javatorch.conversion.commit;

import io.javatorch.streaming.storage.Storage;
import io.javatorch.streaming.storage.StoredFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;

/** A storage that is somebody else's to close. */
class KeptOpen implements Storage {
  private final Storage storage;

  KeptOpen(Storage storage) {
    this.storage = storage;
  }

  @Override
  public InputStream open(String path, long offset) throws IOException {
    return storage.open(path, offset);
  }

  @Override
  public InputStream open(String path, long offset, long length) throws IOException {
    return storage.open(path, offset, length);
  }

  @Override
  public boolean readsParts() {
    return storage.readsParts();
  }

  @Override
  public long size(String path) throws IOException {
    return storage.size(path);
  }

  @Override
  public List<StoredFile> list(String directory) throws IOException {
    return storage.list(directory);
  }

  @Override
  public void put(Path source, String path) throws IOException {
    storage.put(source, path);
  }

  @Override
  public boolean putNew(Path source, String path) throws IOException {
    return storage.putNew(source, path);
  }

  @Override
  public void delete(String path) throws IOException {
    storage.delete(path);
  }

  @Override
  public void deleteDirectory(String path) throws IOException {
    storage.deleteDirectory(path);
  }

  @Override
  public String location() {
    return storage.location();
  }

  @Override
  public void close() throws IOException {}
}
