package io.javatorch.conversion.commit;

import io.javatorch.auth.CredentialsSource;
import io.javatorch.auth.DatabricksAuth;
import io.javatorch.auth.WorkerCredentials;
import io.javatorch.streaming.storage.HadoopSettings;
import io.javatorch.streaming.storage.Locations;
import io.javatorch.streaming.storage.Storage;
import io.javatorch.streaming.storage.Storages;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;

/**
 * The directory that a data set is written into, and what is needed to reach it from another
 * process: the driver's Hadoop settings and, for a volume, its Databricks credentials. Travels to
 * tasks inside what Spark serialises for them, and nowhere else; {@link #toString} has no secret.
 * Immutable and thread-safe.
 */
public final class Destination implements Serializable {
  private static final long serialVersionUID = 1L;

  private final String location;
  private final HashMap<String, String> hadoopSettings;
  private final String databricksHost;
  private final String databricksToken;

  /** Whether they were given by the user, and are to be used by all. */
  private final boolean ownCredentials;

  /** Those that the user gave, where this is still the process that they were given to. */
  private final transient Optional<CredentialsSource> given;

  private Destination(
      String location,
      Map<String, String> hadoopSettings,
      Optional<WorkerCredentials> credentials,
      Optional<CredentialsSource> given) {
    this.location = location;
    this.hadoopSettings = new HashMap<>(hadoopSettings);
    databricksHost = credentials.map(WorkerCredentials::host).orElse("");
    databricksToken = credentials.map(WorkerCredentials::token).orElse("");
    ownCredentials = given.isPresent();
    this.given = given;
  }

  /** As {@link #of(String, Configuration, Optional)}, with no credentials given. */
  public static Destination of(String location, Configuration hadoop) {
    return of(location, hadoop, Optional.empty());
  }

  /**
   * A directory as the driver knows it.
   *
   * @param location a path of this host, which becomes an absolute one, or a location that a {@code
   *     StorageProvider} takes
   * @param hadoop the driver's settings; those that are not Hadoop's own defaults travel along
   *     where the location may need them
   * @param given where to find credentials for a volume; empty to look where {@code DatabricksAuth}
   *     does
   * @throws IllegalArgumentException if it is blank or no location
   * @throws UncheckedIOException if the given credentials cannot be had at the moment
   */
  public static Destination of(
      String location, Configuration hadoop, Optional<CredentialsSource> given) {
    if (location.isBlank()) {
      throw new IllegalArgumentException("The target directory is empty: say where to write");
    }
    if (isVolume(location)) {
      if (given.isPresent()) {
        try {
          return new Destination(location, Map.of(), Optional.of(given.get().current()), given);
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
      // None that can be had here: a task may find its own, and else says what it looked for.
      var credentials = DatabricksAuth.builder().build().resolveIfConfigured();
      return new Destination(location, Map.of(), credentials, given);
    }
    if (Storages.isLocal(location)) {
      var path = Storages.localPath(location).orElseThrow().toAbsolutePath().normalize();
      return new Destination(path.toString(), Map.of(), Optional.empty(), Optional.empty());
    }
    return new Destination(
        location.replaceAll("(?<=[^/:])/+$", ""),
        HadoopSettings.own(hadoop),
        Optional.empty(),
        Optional.empty());
  }

  private static boolean isVolume(String location) {
    return location.regionMatches(true, 0, "dbfs:", 0, 5) || location.matches("/+Volumes/.*");
  }

  /** The directory as it was given, or an absolute path. */
  public String location() {
    return location;
  }

  /** The directory as a URI, for people. */
  public String uri() {
    return localDirectory()
        .map(path -> path.toUri().toString().replaceAll("/$", ""))
        .orElse(shown());
  }

  /** The directory, if it is one of this host or mounted on it. */
  public Optional<Path> localDirectory() {
    return Storages.isLocal(location) ? Storages.localPath(location) : Optional.empty();
  }

  /**
   * Reaches the directory, or one below it.
   *
   * @param below path under it; empty for the directory itself
   */
  public Storage connect(String below) throws IOException {
    return connect(location, below);
  }

  private Storage connect(String root, String below) throws IOException {
    return Storages.connect(
        below.isEmpty() ? root : root + "/" + below, credentials(), hadoopSettings);
  }

  /**
   * As {@link #connect}, but not by way of a mount, which may show a volume as it was a while ago.
   * Whoever writes must know what is there now.
   */
  Storage connectDirectly(String below) throws IOException {
    return connect(directLocation(), below);
  }

  String directLocation() {
    return location.startsWith("/") && localDirectory().isEmpty() ? "dbfs:" + location : location;
  }

  /**
   * Those that the user gave, or this process's own where it has any; those that were sent can
   * expire.
   */
  private CredentialsSource credentials() {
    if (ownCredentials) {
      return given != null && given.isPresent()
          ? given.get()
          : CredentialsSource.of(WorkerCredentials.of(databricksHost, databricksToken));
    }
    var own = DatabricksAuth.builder().build();
    return own.sourceIfConfigured()
        .orElseGet(
            () ->
                databricksToken.isEmpty()
                    ? own.source()
                    : CredentialsSource.of(WorkerCredentials.of(databricksHost, databricksToken)));
  }

  private String shown() {
    return Locations.forMessages(location);
  }

  @Override
  public String toString() {
    return "Destination[%s, Hadoop settings: %s, Databricks: %s]"
        .formatted(
            shown(),
            hadoopSettings.keySet().stream().sorted().collect(Collectors.joining(", ")),
            databricksToken.isEmpty() ? "none" : databricksHost);
  }
}
