package io.javatorch.integration;

import static org.assertj.core.api.Assertions.assertThat;

import io.javatorch.auth.fake.FakeDatabricks;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;

/** Submits {@link RoundTripJob} to a cluster, which has the directories of this machine. */
final class RoundTrip {
  private static final String TOKEN = "dapi-of-the-round-trip-test";

  private RoundTrip() {}

  /**
   * Runs the job with the built application jar, and a volume to write into.
   *
   * @param version what Spark the job has to find
   * @param scratch an empty directory
   */
  static void submit(BareCluster cluster, String version, Path scratch)
      throws IOException, InterruptedException {
    var log = scratch.resolve("driver.log");
    try (var workspace = FakeDatabricks.start().withToken(TOKEN)) {
      workspace.makeDirectory("/Volumes/main/default/sets");
      int exitCode =
          cluster.submit(
              List.of(jobJar(scratch), BareCluster.nativeLibraryJar()),
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
      assertThat(printed.lines()).contains("Spark " + version + ": all is well");
      assertThat(workspace.violations()).isEmpty();
      assertThat(printed).doesNotContain(TOKEN);
    }
  }

  /** The job alone, out of the tests' classes. */
  private static Path jobJar(Path scratch) throws IOException {
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
