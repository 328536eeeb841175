package io.javatorch.streaming.storage;

import java.io.File;
import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** Where the settings of Hadoop's file systems come from; see {@link HadoopStorageProvider}. */
public final class HadoopSettings {
  static final String DIRECTORY_VARIABLE = "HADOOP_CONF_DIR";
  static final String PROPERTY_PREFIX = "spark.hadoop.";

  private HadoopSettings() {}

  /**
   * What somebody set, by {@code spark.hadoop.*}, in code, or in a {@code *-site.xml}: all that
   * another process needs to have the same settings. What is Hadoop's own default is left out.
   */
  public static Map<String, String> own(Configuration configuration) {
    var settings = new HashMap<String, String>();
    for (var entry : configuration) {
      var sources = configuration.getPropertySources(entry.getKey());
      if (sources == null
          || !Arrays.stream(sources).allMatch(source -> source.endsWith("-default.xml"))) {
        // Not the raw value, which may refer to a system property of this process.
        settings.put(entry.getKey(), configuration.get(entry.getKey()));
      }
    }
    return settings;
  }

  /** Whether a Hadoop client is on the class path. */
  static boolean haveHadoop() {
    return HadoopSettings.class.getResource("/org/apache/hadoop/conf/Configuration.class") != null;
  }

  static Configuration load() {
    return load(System.getenv(), System.getProperties());
  }

  /** As {@link #load()}, with settings that go over those of this host. */
  static Configuration load(Map<String, String> over) {
    var settings = load();
    over.forEach(settings::set);
    return settings;
  }

  static Configuration load(Map<String, String> environment, Properties system) {
    var settings = new Configuration();
    var directory = environment.get(DIRECTORY_VARIABLE);
    if (directory != null && !directory.isEmpty()) {
      for (var name : new String[] {"core-site.xml", "hdfs-site.xml"}) {
        var file = new File(directory, name);
        if (file.isFile()) {
          settings.addResource(new Path(file.toURI()));
        }
      }
    }
    var properties = new Properties();
    try {
      properties.load(
          new StringReader(
              environment.getOrDefault(HadoopStorageProvider.PROPERTIES_VARIABLE, "")));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    properties.stringPropertyNames().forEach(name -> put(settings, name, properties));
    for (var name : system.stringPropertyNames()) {
      if (name.startsWith(PROPERTY_PREFIX)) {
        put(settings, name, system);
      }
    }
    return settings;
  }

  private static void put(Configuration settings, String name, Properties from) {
    var key = name.startsWith(PROPERTY_PREFIX) ? name.substring(PROPERTY_PREFIX.length()) : name;
    if (!key.isEmpty()) {
      settings.set(key, from.getProperty(name));
    }
  }
}
