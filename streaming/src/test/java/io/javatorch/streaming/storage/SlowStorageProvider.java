package io.javatorch.streaming.storage;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A store over a directory of this host that gives a few kilobytes a millisecond: {@code
 * slow:/path?kilobytes}.
 */
public final class SlowStorageProvider implements StorageProvider {
  @Override
  public List<String> schemes() {
    return List.of("slow");
  }

  @Override
  public Storage connect(String location) {
    int question = location.indexOf('?');
    return new Slow(
        new LocalStorage(Path.of(location.substring("slow:".length(), question))),
        1024 * Integer.parseInt(location.substring(question + 1)));
  }

  private record Slow(Storage storage, int bytesPerMilli) implements Storage {
    @Override
    public InputStream open(String path, long offset) throws IOException {
      return new FilterInputStream(storage.open(path, offset)) {
        @Override
        public int read(byte[] bytes, int from, int length) throws IOException {
          try {
            TimeUnit.MILLISECONDS.sleep(1);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException();
          }
          return super.read(bytes, from, Math.min(length, bytesPerMilli));
        }
      };
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
    public void delete(String path) throws IOException {
      storage.delete(path);
    }

    @Override
    public String location() {
      return "slow:" + storage.location();
    }

    @Override
    public void close() throws IOException {
      storage.close();
    }
  }
}
