package io.javatorch.distributor.launch;

import io.javatorch.streaming.storage.HadoopSettings;
import io.javatorch.streaming.storage.HadoopStorageProvider;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Properties;
import org.apache.hadoop.conf.Configuration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings the driver's Hadoop settings to the ranks, so that a location such as {@code s3a://…} that
 * Spark can read can be streamed from as well. They may hold keys: they travel as the Databricks
 * token does, among the environment.
 */
final class HadoopEnvironment {
  private static final Logger LOG = LoggerFactory.getLogger(HadoopEnvironment.class);

  static final String VARIABLE = HadoopStorageProvider.PROPERTIES_VARIABLE;

  /** Linux takes no longer string in an environment. */
  private static final int MAX_BYTES = 131_072 - VARIABLE.length() - 2;

  private HadoopEnvironment() {}

  /**
   * The variable with all that is set on the driver, by {@code spark.hadoop.*}, in code, or in a
   * {@code *-site.xml}; what is Hadoop's own default is left out. Nothing, and a warning, where
   * that is too much for a variable: few jobs need it.
   */
  static Map<String, String> toEnvironment(Configuration configuration) {
    var values = HadoopSettings.own(configuration);
    if (values.isEmpty()) {
      return Map.of();
    }
    var properties = new Properties();
    properties.putAll(values);
    var bytes = new ByteArrayOutputStream();
    try {
      // To bytes, not to characters: so all that is not ASCII is escaped, and comes through
      // whatever
      // the locale of the executor is.
      properties.store(bytes, null);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
    if (bytes.size() > MAX_BYTES) {
      LOG.warn(
          "The ranks are started without the driver's {} Hadoop settings, which have {} bytes; {}"
              + " are the most that can be handed to a process. Where they stream from a store that"
              + " needs them, put them into core-site.xml on all hosts and set HADOOP_CONF_DIR for"
              + " the ranks, or set the environment variable {} for them to those that are needed",
          values.size(),
          bytes.size(),
          MAX_BYTES,
          VARIABLE);
      return Map.of();
    }
    return Map.of(VARIABLE, bytes.toString(StandardCharsets.US_ASCII));
  }
}
