package io.javatorch.integration;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The main job, table to resumed training, by {@code spark-submit} with the built jar on a
 * standalone cluster of two workers that has nothing of ours in its class path.
 */
@Timeout(600)
class MainJobIT {
  private static final String HOST = "https://adb-424242.7.example.com";
  private static final String TOKEN = "dapi7b1f0c6e9d2a4835marker";
  private static final Pattern PARAMETERS_OF_A_RANK =
      Pattern.compile("Parameters of rank \\d+: ([0-9a-f]{64})");

  @TempDir Path scratch;

  @Test
  void theMainJobRunsOnABareClusterAndTheTokenIsNowhere() throws Exception {
    var events = Files.createDirectory(scratch.resolve("events"));
    var log = scratch.resolve("driver.log");
    try (var cluster = BareCluster.start();
        var processes = ProcessWatch.start(TOKEN)) {
      int exitCode =
          cluster.submit(
              List.of(BareCluster.nativeLibraryJar()),
              List.of(
                  "spark.eventLog.enabled=true",
                  "spark.eventLog.compress=false",
                  "spark.eventLog.dir=" + events.toUri(),
                  "spark.local.dir=" + scratch.resolve("spark-local"),
                  "spark.driver.host=127.0.0.1",
                  "spark.driver.bindAddress=127.0.0.1",
                  "spark.log.level=INFO",
                  // The two hosts are one machine: each rank is to think it has half of it.
                  "spark.executor.extraJavaOptions=-XX:ActiveProcessorCount=1"),
              Map.of("DATABRICKS_HOST", HOST, "DATABRICKS_TOKEN", TOKEN),
              "io.javatorch.samples.QuickStart",
              List.of(
                  "--images=4000",
                  "--epochs=3",
                  "--batch-size=32",
                  "--min-accuracy=0.8",
                  "--output=" + output()),
              log);
      var printed = Files.readString(log, StandardCharsets.UTF_8);
      assertThat(exitCode).as(() -> "exit code of the driver, which printed\n" + printed).isZero();
      assertThat(lastLines(printed))
          .contains("World size:           2", "Identical on all ranks: yes")
          .contains("Same parameters at the end: yes")
          .anyMatch(line -> line.startsWith("Held-out accuracy: "))
          .anyMatch(line -> line.matches("Throughput: .* samples/s"))
          .anyMatch(line -> line.matches("Resumed after step .* to the last bit"));
      var hashes = PARAMETERS_OF_A_RANK.matcher(printed).results().map(r -> r.group(1)).toList();
      assertThat(hashes).hasSize(2);
      assertThat(hashes.get(0)).isEqualTo(hashes.get(1));
      assertThat(printed).contains("[rank 0] ");

      assertThatTheTokenIsNowhere(cluster.home());
      assertThatTheTokenIsNowhere(scratch);
      assertThat(processes.commandLines())
          .anyMatch(line -> line.contains("launch.WorkerMain"))
          .noneMatch(line -> line.contains(TOKEN));
      // It did reach the workers, in their environment, and none of Spark's own processes.
      assertThat(processes.holders())
          .anyMatch(line -> line.contains("launch.WorkerMain"))
          .noneMatch(line -> line.contains("CoarseGrainedExecutorBackend"))
          .noneMatch(line -> line.contains("org.apache.spark.deploy.worker.Worker"))
          .noneMatch(line -> line.contains("org.apache.spark.deploy.master.Master"));
    }
  }

  @Test
  void theQuickStartBringsItsJarsToAClusterThatItIsGiven() throws Exception {
    var log = scratch.resolve("driver.log");
    try (var cluster = BareCluster.start()) {
      int exitCode =
          cluster.runQuickStart(
              List.of(
                  "--images=1500",
                  "--epochs=2",
                  "--batch-size=32",
                  "--min-accuracy=0",
                  "--output=" + output()),
              log);
      var printed = Files.readString(log, StandardCharsets.UTF_8);
      assertThat(exitCode).as(() -> "exit code of the driver, which printed\n" + printed).isZero();
      assertThat(printed).contains("Identical on all ranks: yes");
    }
  }

  private Path output() {
    return scratch.resolve("output");
  }

  private static List<String> lastLines(String text) {
    var lines = text.lines().toList();
    return lines.subList(Math.max(0, lines.size() - 200), lines.size());
  }

  /** Searches every byte of every file: logs, event logs, Spark properties, blocks, checkpoints. */
  private static void assertThatTheTokenIsNowhere(Path directory) throws IOException {
    var token = TOKEN.getBytes(StandardCharsets.US_ASCII);
    var holders = new ArrayList<Path>();
    int files = 0;
    try (Stream<Path> paths = Files.walk(directory)) {
      for (var path : paths.filter(Files::isRegularFile).toList()) {
        files++;
        // Latin-1 keeps every byte, so that binary files can be searched as text.
        var content = new String(Files.readAllBytes(path), StandardCharsets.ISO_8859_1);
        if (content.contains(new String(token, StandardCharsets.ISO_8859_1))) {
          holders.add(path);
        }
      }
    }
    assertThat(files).as("files searched in %s", directory).isGreaterThan(5);
    assertThat(holders).as("files that hold the token").isEmpty();
  }
}
