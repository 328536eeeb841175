package io.javatorch.integration;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The jars that were built with Spark 4.1 and Scala 2.13 on Spark 3.5 with Scala 2.12 and all that
 * comes with that: its Jackson, zstd, Hadoop and logging.
 */
@Timeout(300)
class Spark35IT {
  @TempDir private Path scratch;

  @Test
  void everyCallOfOursIsThereInSpark35() throws Exception {
    var application = Path.of(System.getProperty("application.jar"));
    var urls = new ArrayList<URL>();
    for (Path jar : BareCluster.spark35()) {
      urls.add(url(jar));
    }
    urls.add(url(application));
    var problems = new ArrayList<String>();
    int classes = 0;
    try (var loader =
            new URLClassLoader(urls.toArray(URL[]::new), ClassLoader.getPlatformClassLoader());
        var jar = new JarFile(application.toFile())) {
      var linkage = new Linkage(loader);
      for (JarEntry entry : (Iterable<JarEntry>) jar.stream()::iterator) {
        String name = entry.getName();
        if (name.startsWith("io/javatorch/") && name.endsWith(".class")) {
          classes++;
          String className = name.substring(0, name.length() - ".class".length()).replace('/', '.');
          try (var in = jar.getInputStream(entry)) {
            problems.addAll(linkage.problemsOf(className, in.readAllBytes()));
          }
        }
      }
    }
    assertThat(classes).isGreaterThan(200);
    assertThat(problems).isEmpty();
  }

  private static URL url(Path jar) throws MalformedURLException {
    return jar.toUri().toURL();
  }

  @Test
  void dataFramesAndRanksGoTheirWayOnAClusterOfSpark35() throws Exception {
    try (var cluster = BareCluster.startSpark35()) {
      RoundTrip.submit(cluster, "3.5.9", scratch);
    }
  }
}
