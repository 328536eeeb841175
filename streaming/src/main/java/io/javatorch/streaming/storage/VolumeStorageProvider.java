package io.javatorch.streaming.storage;

import io.javatorch.auth.CredentialsSource;
import io.javatorch.auth.DatabricksAuth;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Unity Catalog volumes: {@code /Volumes/<catalog>/<schema>/<volume>/…}, read from the volume's
 * mount on this host where there is one that can be read, else through the Files API of the
 * workspace; and {@code dbfs:/Volumes/…}, always through the Files API.
 */
public final class VolumeStorageProvider implements StorageProvider {
  @Override
  public List<String> schemes() {
    return List.of("dbfs");
  }

  @Override
  public boolean takes(String location) {
    boolean mac = System.getProperty("os.name", "").toLowerCase(Locale.ROOT).startsWith("mac");
    return takes(location, mac, Files::exists);
  }

  static boolean takes(String location, boolean mac, Predicate<Path> exists) {
    if (VolumePath.isDbfs(location)) {
      return true;
    }
    if (!VolumePath.isMeantBy(location)) {
      return false;
    }
    String[] names = location.replaceAll("/+", "/").replaceAll("/$", "").split("/");
    // A Mac mounts its disks in a directory of this name, so that what is a disk is no catalog.
    if (mac && names.length > 2 && exists.test(Path.of("/", names[1], names[2]))) {
      return false;
    }
    return names.length > 4 || !exists.test(Path.of(location));
  }

  @Override
  public Storage connect(String location) {
    return connect(location, DatabricksAuth.builder().build().source());
  }

  @Override
  public Storage connect(String location, CredentialsSource credentials) {
    VolumePath root = VolumePath.of(location);
    Optional<VolumeMount> mount =
        VolumePath.isDbfs(location)
            ? Optional.empty()
            : Optional.of(new VolumeMount(Path.of("/"), root, VolumeMount.PATIENCE));
    return new VolumeStorage(
        root, new VolumeClient(credentials, VolumeClient.Timeouts.DEFAULT), mount);
  }
}
