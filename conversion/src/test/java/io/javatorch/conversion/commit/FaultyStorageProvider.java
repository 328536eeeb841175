package io.javatorch.conversion.commit;

import io.javatorch.streaming.storage.Storage;
import io.javatorch.streaming.storage.StorageProvider;
import io.javatorch.streaming.storage.Storages;
import io.javatorch.streaming.storage.StoredFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Directories of this host as {@code faulty:///path}, a store whose operations fail as a test says.
 */
public final class FaultyStorageProvider implements StorageProvider {
  private static final AtomicReference<Fault> FAULT = new AtomicReference<>(new Fault() {});

  /** Says which operations fail, of the driver and of tasks. Called by many threads. */
  interface Fault {
    /** Returns normally, or throws in place of the operation. */
    default void before(String operation, String path) throws IOException {}

    /** Returns normally, or throws though the operation has been done. */
    default void after(String operation, String path) throws IOException {}
  }

  /** Made by {@link java.util.ServiceLoader}. */
  public FaultyStorageProvider() {}

  static void inject(Fault fault) {
    FAULT.set(fault);
  }

  static void heal() {
    inject(new Fault() {});
  }

  @Override
  public List<String> schemes() {
    return List.of("faulty");
  }

  @Override
  public Storage connect(String location) throws IOException {
    var path = location.substring("faulty://".length());
    return new FaultyStorage(Storages.connect(path), location);
  }

  private interface Operation<T> {
    T run() throws IOException;
  }

  private record FaultyStorage(Storage storage, String location) implements Storage {
    private static <T> T run(String name, String path, Operation<T> operation) throws IOException {
      var fault = FAULT.get();
      fault.before(name, path);
      T result = operation.run();
      fault.after(name, path);
      return result;
    }

    @Override
    public InputStream open(String path, long offset) throws IOException {
      return run("open", path, () -> storage.open(path, offset));
    }

    @Override
    public long size(String path) throws IOException {
      return run("size", path, () -> storage.size(path));
    }

    @Override
    public List<StoredFile> list(String directory) throws IOException {
      return run("list", directory, () -> storage.list(directory));
    }

    @Override
    public void put(Path source, String path) throws IOException {
      run(
          "put",
          path,
          () -> {
            storage.put(source, path);
            return null;
          });
    }

    @Override
    public boolean putNew(Path source, String path) throws IOException {
      return run("putNew", path, () -> storage.putNew(source, path));
    }

    @Override
    public void delete(String path) throws IOException {
      run(
          "delete",
          path,
          () -> {
            storage.delete(path);
            return null;
          });
    }

    @Override
    public void deleteDirectory(String path) throws IOException {
      run(
          "deleteDirectory",
          path,
          () -> {
            storage.deleteDirectory(path);
            return null;
          });
    }

    @Override
    public void close() throws IOException {
      storage.close();
    }
  }
}
