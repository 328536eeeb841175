package io.javatorch.streaming.storage;

import java.io.IOException;
import java.util.List;

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
}
