package io.javatorch.streaming.storage;

import io.javatorch.auth.CredentialsSource;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/**
 * Connects to stores of one kind. Found by {@link java.util.ServiceLoader}; needs a public
 * constructor without parameters.
 */
public interface StorageProvider {
  /** Schemes of the locations that it takes, such as {@code hdfs}. */
  List<String> schemes();

  /** Whether it takes a location; by its scheme unless an implementation looks closer. */
  default boolean takes(String location) {
    int end = location.indexOf(':');
    return end > 0 && schemes().contains(location.substring(0, end));
  }

  /**
   * Connects to a directory of a store.
   *
   * @param location the directory
   * @throws IllegalArgumentException if the location is not valid
   */
  Storage connect(String location) throws IOException;

  /**
   * Connects to a directory of a store that Databricks credentials may open.
   *
   * @param location the directory
   * @param credentials the Databricks credentials to use; stores that need none ignore them
   * @throws IllegalArgumentException if the location is not valid
   */
  default Storage connect(String location, CredentialsSource credentials) throws IOException {
    return connect(location);
  }

  /**
   * As {@link #takes(String)}, with settings of Hadoop that may name a file system that the
   * settings of this host do not.
   */
  default boolean takes(String location, Map<String, String> hadoopProperties) {
    return takes(location);
  }

  /**
   * As {@link #connect(String, CredentialsSource)}, with settings of Hadoop that go over those of
   * this host; stores that are not Hadoop's ignore them.
   */
  default Storage connect(
      String location, CredentialsSource credentials, Map<String, String> hadoopProperties)
      throws IOException {
    return connect(location, credentials);
  }
}
