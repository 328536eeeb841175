package io.javatorch.conversion.commit;

import io.javatorch.streaming.storage.Storage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * A directory whose files' names tell their content: one that is there is not put again. So a
 * second attempt, or a second job, goes on where the first got to, and a failed put does no harm to
 * a file that the index of before names.
 */
final class PutOnce extends KeptOpen {
  private final Storage storage;
  private final Permission permission;

  /** Is asked before each file. */
  interface Permission {
    /** Returns normally, or throws if nothing may be put any more. */
    void check() throws IOException;
  }

  /** Takes the storage over. */
  PutOnce(Storage storage, Permission permission) {
    super(storage);
    this.storage = storage;
    this.permission = permission;
  }

  @Override
  public void put(Path source, String path) throws IOException {
    permission.check();
    try {
      if (storage.size(path) == Files.size(source)) {
        return;
      }
    } catch (NoSuchFileException e) {
      // As it mostly is.
      if (!Files.exists(source)) {
        throw e;
      }
    }
    storage.put(source, path);
  }

  @Override
  public void close() throws IOException {
    storage.close();
  }
}
