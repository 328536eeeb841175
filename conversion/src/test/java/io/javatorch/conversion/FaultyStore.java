package io.javatorch.conversion;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** A store whose operations fail as a test says. */
final class FaultyStore implements OutputStore {
  private static final long serialVersionUID = 1L;

  /** Says which operations fail. */
  interface Fault {
    /** Returns normally, or throws in place of the operation. */
    default void before(String operation, String path) throws IOException {}

    /** Returns normally, or throws though the operation has been done. */
    default void after(String operation, String path) throws IOException {}
  }

  private interface Operation<T> {
    T run() throws IOException;
  }

  private final OutputStore store;
  private transient Fault fault = new Fault() {};

  FaultyStore(OutputStore store) {
    this.store = store;
  }

  void inject(Fault injected) {
    fault = injected;
  }

  private <T> T run(String name, String path, Operation<T> operation) throws IOException {
    fault.before(name, path);
    T result = operation.run();
    fault.after(name, path);
    return result;
  }

  @Override
  public String location() {
    return store.location();
  }

  @Override
  public List<String> list() throws IOException {
    return run("list", "", store::list);
  }

  @Override
  public boolean exists(String path) throws IOException {
    return run("exists", path, () -> store.exists(path));
  }

  @Override
  public boolean isDirectory(String path) throws IOException {
    return run("isDirectory", path, () -> store.isDirectory(path));
  }

  @Override
  public void createDirectory(String path) throws IOException {
    run(
        "createDirectory",
        path,
        () -> {
          store.createDirectory(path);
          return null;
        });
  }

  @Override
  public boolean createFile(String path, String text) throws IOException {
    return run("createFile", path, () -> store.createFile(path, text));
  }

  @Override
  public String readFile(String path) throws IOException {
    return run("readFile", path, () -> store.readFile(path));
  }

  @Override
  public Path begin(String path) throws IOException {
    return run("begin", path, () -> store.begin(path));
  }

  @Override
  public void finish(Path local, String path) throws IOException {
    run(
        "finish",
        path,
        () -> {
          store.finish(local, path);
          return null;
        });
  }

  @Override
  public void move(String from, String to) throws IOException {
    run(
        "move",
        to,
        () -> {
          store.move(from, to);
          return null;
        });
  }

  @Override
  public void fetch(String path, Path local) throws IOException {
    run(
        "fetch",
        path,
        () -> {
          store.fetch(path, local);
          return null;
        });
  }

  @Override
  public void publish(Path local, String temporary, String path) throws IOException {
    run(
        "publish",
        path,
        () -> {
          store.publish(local, temporary, path);
          return null;
        });
  }

  @Override
  public void delete(String path) throws IOException {
    run(
        "delete",
        path,
        () -> {
          store.delete(path);
          return null;
        });
  }

  @Override
  public void deleteIfEmpty() throws IOException {
    run(
        "deleteIfEmpty",
        "",
        () -> {
          store.deleteIfEmpty();
          return null;
        });
  }
}
