package io.javatorch.conversion.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.javatorch.conversion.commit.Destination;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The secrets that tasks need to reach a store, and all that people and files get to see. */
class SecretsTest {
  private static final String SECRET = "s3cr3t-0f-the-st0re";

  @TempDir private Path directory;

  @Test
  void keepsTheSettingsOfAStoreOutOfLogsErrorsAndTheEventLog() throws Exception {
    var events = Files.createDirectory(directory.resolve("events"));
    var printed = new ByteArrayOutputStream();
    var out = System.out;
    var errors = new StringWriter();
    System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
    try (var session =
        SparkSession.builder()
            .master("local[2]")
            .config("spark.ui.enabled", false)
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.eventLog.enabled", true)
            .config("spark.eventLog.compress", false)
            .config("spark.eventLog.dir", events.toUri().toString())
            .getOrCreate()) {
      var hadoop = JavaSparkContext.fromSparkContext(session.sparkContext()).hadoopConfiguration();
      hadoop.set("fs.viafs.impl", "io.javatorch.conversion.RelabelledLocalFileSystem");
      hadoop.set("fs.viafs.secret", SECRET);
      var frame = session.range(10).toDF("n");
      frame.write().format("mds").save("viafs://" + directory.resolve("out"));
      catchThrowable(
              () ->
                  frame
                      .selectExpr("nullif(n, 5) as n")
                      .write()
                      .format("mds")
                      .mode("overwrite")
                      .save("viafs://" + directory.resolve("out")))
          .printStackTrace(new PrintWriter(errors, true));
      frame.write().format("mds").mode("append").save("viafs://" + directory.resolve("out"));
    } finally {
      System.setOut(out);
    }

    assertThat(errors.toString()).contains("Column 'n' (int64) is null").doesNotContain(SECRET);
    assertThat(printed.toString(StandardCharsets.UTF_8)).doesNotContain(SECRET);
    try (var files = Files.walk(events)) {
      var logs = files.filter(Files::isRegularFile).toList();
      assertThat(logs).isNotEmpty();
      for (var log : logs) {
        assertThat(Files.readString(log)).doesNotContain(SECRET);
      }
      var all = new StringBuilder();
      for (var log : logs) {
        all.append(Files.readString(log));
      }
      assertThat(all).contains("SparkListenerSQLExecutionStart");
    }
  }

  @Test
  void describesADestinationWithoutItsSecrets() {
    var settings = new Configuration(false);
    settings.set("fs.s3a.secret.key", SECRET);

    assertThat(Destination.of("s3a://key:" + SECRET + "@bucket/out", settings))
        .asString()
        .contains("fs.s3a.secret.key", "***@bucket")
        .doesNotContain(SECRET);
    var escaping = Destination.of("ftp://user:pa/" + SECRET + "@host/x", settings);
    assertThat(escaping).asString().doesNotContain(SECRET);
    assertThat(escaping.uri()).doesNotContain(SECRET);
    assertThat(new MdsTable(new StructType(), Map.of("path", escaping.location())).name())
        .startsWith("mds ftp://user:")
        .doesNotContain(SECRET);
  }
}
