package io.javatorch.streaming.storage;

import io.javatorch.auth.CredentialsSource;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Connects to the file systems that Hadoop knows, with the Hadoop client of the class path, which
 * Spark brings: {@code hdfs://…}, {@code s3a://…}, {@code abfss://…}, {@code gs://…} and more.
 *
 * <p>The settings are those of {@code core-site.xml} on the class path. Over them go, each over the
 * ones before:
 *
 * <ol>
 *   <li>{@code core-site.xml} and {@code hdfs-site.xml} of the directory that the environment
 *       variable {@code HADOOP_CONF_DIR} names;
 *   <li>the environment variable {@code JAVATORCH_HADOOP_PROPERTIES}, in the form of a {@link
 *       java.util.Properties} file. A rank that {@code JavaTorchDistributor} started finds the
 *       {@code spark.hadoop.*} settings of its job there;
 *   <li>this process's system properties {@code spark.hadoop.*}, less that prefix, which is where
 *       {@code spark-submit} leaves them in a driver. A program without Spark may set them as well.
 * </ol>
 *
 * <p>Hadoop keeps one connection for each file system and user, with the settings of the first
 * time.
 *
 * <p>A location {@code s3://} or {@code s3n://} means {@code s3a://} unless its scheme has an
 * implementation of its own in the settings.
 */
public final class HadoopStorageProvider implements StorageProvider {
  /** The environment variable with settings, in the form of a {@link java.util.Properties} file. */
  public static final String PROPERTIES_VARIABLE = "JAVATORCH_HADOOP_PROPERTIES";

  private static final List<String> SCHEMES =
      List.of(
          "hdfs",
          "webhdfs",
          "swebhdfs",
          "viewfs",
          "s3a",
          "s3",
          "s3n",
          "abfs",
          "abfss",
          "wasb",
          "wasbs",
          "adl",
          "gs",
          "o3fs",
          "ofs",
          "oss",
          "cosn",
          "obs",
          "har",
          "alluxio",
          "ftp");

  /** Local files and Databricks volumes have better ways. */
  private static final Set<String> OF_OTHERS = Set.of("file", "dbfs");

  /** Made by {@link java.util.ServiceLoader}. */
  public HadoopStorageProvider() {}

  @Override
  public List<String> schemes() {
    return SCHEMES;
  }

  /**
   * Whether the location has one of the schemes above, or another one that the settings name an
   * implementation {@code fs.<scheme>.impl} for; never {@code file} or {@code dbfs}.
   */
  @Override
  public boolean takes(String location) {
    return takes(location, Map.of());
  }

  @Override
  public boolean takes(String location, Map<String, String> hadoopProperties) {
    int end = location.indexOf("://") > 0 ? location.indexOf("://") : location.indexOf(":/");
    if (end <= 1) {
      return false;
    }
    var scheme = location.substring(0, end).toLowerCase(Locale.ROOT);
    if (SCHEMES.contains(scheme)) {
      return true;
    }
    var implementation = "fs." + scheme + ".impl";
    // Hadoop is asked last: to load it takes a while, and it may not be there.
    return scheme.matches("[a-z][a-z0-9+.-]*")
        && !OF_OTHERS.contains(scheme)
        && HadoopSettings.haveHadoop()
        && (hadoopProperties.containsKey(implementation)
            || HadoopSettings.load().get(implementation) != null);
  }

  /**
   * Describes the way to a directory; the file system is reached when it is first used.
   *
   * @throws IOException if there is no Hadoop client, or not the part of it that this file system
   *     needs
   * @throws IllegalArgumentException if it is no location
   */
  @Override
  public Storage connect(String location) throws IOException {
    return connect(location, Map.of());
  }

  @Override
  public Storage connect(
      String location, CredentialsSource credentials, Map<String, String> hadoopProperties)
      throws IOException {
    return connect(location, hadoopProperties);
  }

  private static Storage connect(String location, Map<String, String> hadoopProperties)
      throws IOException {
    try {
      return HadoopStorage.connect(location, HadoopSettings.load(hadoopProperties));
    } catch (NoClassDefFoundError e) {
      // Without Hadoop not even the class below can be loaded.
      throw missing(location, e.getMessage(), e);
    }
  }

  /** Says that a class is not there. */
  static IOException missing(String location, String what, Throwable cause) {
    return new IOException(
        Locations.forMessages(location)
            + " cannot be reached ("
            + what
            + "): put hadoop-client-api and hadoop-client-runtime on the class path, and the module"
            + " of its file system, such as hadoop-aws for s3a (for bin/mds: in MDS_CLASSPATH)",
        cause);
  }
}
