package io.javatorch.integration;

import static org.assertj.core.api.Assertions.assertThat;

import io.javatorch.auth.fake.FakeDatabricks;
import java.io.IOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The jars that were built with Spark 4.1 and Scala 2.13 on Spark 3.5 with Scala 2.12 and all that
 * comes with that: its Jackson, zstd, Hadoop and logging.
 */
@Timeout(300)
class Spark35IT {
  private static final String TOKEN = "dapi-of-the-spark35-test";

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
    var log = scratch.resolve("driver.log");
    try (var workspace = FakeDatabricks.start().withToken(TOKEN);
        var cluster = BareCluster.startSpark35()) {
      workspace.makeDirectory("/Volumes/main/default/sets");
      int exitCode =
          cluster.submit(
              List.of(jobJar(), BareCluster.nativeLibraryJar()),
              List.of(
                  "spark.driver.host=127.0.0.1",
                  "spark.driver.bindAddress=127.0.0.1",
                  "spark.ui.enabled=false",
                  "spark.sql.shuffle.partitions=3",
                  "spark.local.dir=" + scratch.resolve("spark-local")),
              Map.of("DATABRICKS_HOST", workspace.url(), "DATABRICKS_TOKEN", TOKEN),
              RoundTripJob.class.getName(),
              List.of(scratch.resolve("sets").toString(), "/Volumes/main/default/sets"),
              log);
      var printed = Files.readString(log, StandardCharsets.UTF_8);
      assertThat(exitCode).as(() -> "exit code of the driver, which printed\n" + printed).isZero();
      assertThat(printed.lines()).contains("Spark 3.5.9: all is well");
      assertThat(workspace.violations()).isEmpty();
      assertThat(printed).doesNotContain(TOKEN);
    }
  }

  /** The job alone, out of the tests' classes. */
  private Path jobJar() throws IOException {
    Path jar = scratch.resolve("job.jar");
    Path classes =
        Path.of(RoundTripJob.class.getProtectionDomain().getCodeSource().getLocation().getPath());
    String prefix = RoundTripJob.class.getName().replace('.', '/');
    Path directory = classes.resolve(prefix).getParent();
    try (var out = new JarOutputStream(Files.newOutputStream(jar));
        var files = Files.newDirectoryStream(directory, "RoundTripJob*.class")) {
      for (Path file : files) {
        out.putNextEntry(new JarEntry(classes.relativize(file).toString()));
        Files.copy(file, out);
        out.closeEntry();
      }
    }
    return jar;
  }
}
