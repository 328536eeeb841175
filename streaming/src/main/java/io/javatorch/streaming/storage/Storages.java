package io.javatorch.streaming.storage;

import io.javatorch.auth.CredentialsSource;
import io.javatorch.auth.DatabricksAuth;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.TreeSet;

/** Finds the store that a location belongs to. */
public final class Storages {
  private Storages() {}

  /**
   * Connects to a directory of a store: a path of this host, a {@code file:} URI, or a location
   * that one of the providers on the class path takes. Databricks credentials, where the store
   * needs some, are those that {@link DatabricksAuth} finds.
   *
   * @throws IllegalArgumentException if no provider takes it, naming the schemes there are
   */
  public static Storage connect(String location) throws IOException {
    return connect(location, DatabricksAuth.builder().build().source());
  }

  /**
   * Connects to a directory of a store with the given Databricks credentials, if it needs any.
   *
   * @throws IllegalArgumentException if no provider takes it, naming the schemes there are
   */
  public static Storage connect(String location, CredentialsSource credentials) throws IOException {
    return connect(location, credentials, Map.of());
  }

  /**
   * Connects to a directory of a store with the given Databricks credentials and the given settings
   * of Hadoop, such as those of another process, if it needs any. Hadoop's file systems are shared
   * within a process: one that is there already for the same user and authority keeps the settings
   * that it was made with.
   *
   * @param hadoopProperties settings by name, without a prefix; they go over those of this host
   * @throws IllegalArgumentException if no provider takes it, naming the schemes there are
   */
  public static Storage connect(
      String location, CredentialsSource credentials, Map<String, String> hadoopProperties)
      throws IOException {
    var schemes = new TreeSet<String>();
    for (StorageProvider provider : ServiceLoader.load(StorageProvider.class)) {
      if (provider.takes(location, hadoopProperties)) {
        return provider.connect(location, credentials, hadoopProperties);
      }
      schemes.addAll(provider.schemes());
    }
    return new LocalStorage(
        localPath(location)
            .orElseThrow(
                () -> {
                  schemes.add("file");
                  return new IllegalArgumentException(
                      "no storage for "
                          + Locations.forMessages(location)
                          + ": there are "
                          + schemes
                          + " and plain paths");
                }));
  }

  /** Whether {@link #connect} would take a location for a directory of this host. */
  public static boolean isLocal(String location) {
    return localPath(location).isPresent()
        && ServiceLoader.load(StorageProvider.class).stream()
            .noneMatch(provider -> provider.get().takes(location));
  }

  /**
   * The directory of this host that a location means: one that is a plain path or a {@code file:}
   * URI, and none if it has another scheme.
   *
   * @throws IllegalArgumentException if it is a {@code file:} URI that names no path of this host
   */
  public static Optional<Path> localPath(String location) {
    if (location.startsWith("file:")) {
      URI uri;
      try {
        uri = new URI(location);
      } catch (URISyntaxException e) {
        // Its own message has the location as it is.
        throw new IllegalArgumentException(
            Locations.forMessages(location) + " is no URI: " + e.getReason());
      }
      String host = uri.getRawAuthority();
      if (uri.getPath() == null || (host != null && !host.equals("localhost"))) {
        throw new IllegalArgumentException(
            Locations.forMessages(location)
                + " names no path of this host: write file:///path, with three slashes");
      }
      return Optional.of(Path.of(uri.getPath()));
    }
    int colon = location.indexOf(':');
    int slash = location.indexOf('/');
    return colon > 0 && (slash < 0 || colon < slash)
        ? Optional.empty()
        : Optional.of(Path.of(location));
  }
}
