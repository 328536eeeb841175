package io.javatorch.conversion.commit;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** Where a task keeps files that nobody needs after it. */
public final class Scratch {
  private Scratch() {}

  /**
   * Where the cluster manager lets an executor keep what ends with its application: that removes it
   * even if the executor is killed, which nobody does for the system's own directory. The latter
   * where there is no such place.
   */
  public static Path parent() {
    return Stream.of("SPARK_EXECUTOR_DIRS", "LOCAL_DIRS", "SPARK_LOCAL_DIRS")
        .map(variable -> System.getenv().getOrDefault(variable, ""))
        .map(directories -> directories.split("[," + File.pathSeparator + "]", 2)[0])
        .filter(directory -> !directory.isBlank())
        .map(Path::of)
        .filter(Files::isWritable)
        .findFirst()
        .orElseGet(() -> Path.of(System.getProperty("java.io.tmpdir")));
  }
}
