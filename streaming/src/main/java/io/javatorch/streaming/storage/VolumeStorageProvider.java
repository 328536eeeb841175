package io.javatorch.streaming.storage;

import io.javatorch.auth.CredentialsSource;
import io.javatorch.auth.DatabricksAuth;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

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
    if (VolumePath.isDbfs(location)) {
      return true;
    }
    // Elsewhere it is a plain path: a Mac mounts its disks in a directory of this name.
    return VolumePath.isMeantBy(location)
        && (location.replaceAll("/+", "/").replaceAll("/$", "").split("/").length > 4
            || !Files.exists(Path.of(location)));
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
