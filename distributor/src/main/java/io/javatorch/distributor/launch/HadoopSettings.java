package io.javatorch.distributor.launch;

import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import org.apache.hadoop.conf.Configuration;

/**
 * Brings the driver's Hadoop settings to the ranks, so that a location such as {@code s3a://…} that
 * Spark can read can be streamed from as well. They may hold keys: they travel as the Databricks
 * token does, among the environment.
 */
final class HadoopSettings {
  /** What {@code io.javatorch.streaming.storage} reads them from. */
  static final String VARIABLE = "JAVATORCH_HADOOP_PROPERTIES";

  /** Linux takes no longer string in an environment. */
  private static final int MAX_BYTES = 131_072 - VARIABLE.length() - 2;

  private HadoopSettings() {}

  /**
   * The variable with all that is set on the driver, by {@code spark.hadoop.*}, in code, or in a
   * {@code *-site.xml}; what is Hadoop's own default is left out.
   *
   * @throws IllegalArgumentException if that is too much for a variable
   */
  static Map<String, String> toEnvironment(Configuration configuration) {
    var values = new HashMap<String, String>();
    for (var entry : configuration) {
      var sources = configuration.getPropertySources(entry.getKey());
      if (sources == null
          || !Arrays.stream(sources).allMatch(source -> source.endsWith("-default.xml"))) {
        // Not the raw value, which may refer to a system property of this process.
        values.put(entry.getKey(), configuration.get(entry.getKey()));
      }
    }
    if (values.isEmpty()) {
      return Map.of();
    }
    var properties = new Properties();
    properties.putAll(values);
    var text = new StringWriter();
    try {
      properties.store(text, null);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
    int bytes = text.toString().getBytes(StandardCharsets.UTF_8).length;
    if (bytes > MAX_BYTES) {
      throw new IllegalArgumentException(
          ("the driver's %d Hadoop settings have %d bytes, and %d are the most that can be handed to"
                  + " a worker. Put them into core-site.xml on all hosts, set HADOOP_CONF_DIR there,"
                  + " and set the environment variable %s for the workers to an empty text")
              .formatted(values.size(), bytes, MAX_BYTES, VARIABLE));
    }
    return Map.of(VARIABLE, text.toString());
  }
}
