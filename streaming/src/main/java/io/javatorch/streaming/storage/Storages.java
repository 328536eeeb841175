package io.javatorch.streaming.storage;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.ServiceLoader;
import java.util.TreeSet;

/** Finds the store that a location belongs to. */
public final class Storages {
  private Storages() {}

  /**
   * Connects to a directory of a store: a path of this host, a {@code file:} URI, or a location
   * that one of the providers on the class path takes.
   *
   * @throws IllegalArgumentException if no provider takes it, naming the schemes there are
   */
  public static Storage connect(String location) throws IOException {
    var schemes = new TreeSet<String>();
    for (StorageProvider provider : ServiceLoader.load(StorageProvider.class)) {
      if (provider.takes(location)) {
        return provider.connect(location);
      }
      schemes.addAll(provider.schemes());
    }
    if (location.startsWith("file:")) {
      return new LocalStorage(Path.of(URI.create(location)));
    }
    int colon = location.indexOf(':');
    int slash = location.indexOf('/');
    if (colon > 0 && (slash < 0 || colon < slash)) {
      schemes.add("file");
      throw new IllegalArgumentException(
          "no storage for " + location + ": there are " + schemes + " and plain paths");
    }
    return new LocalStorage(Path.of(location));
  }
}
