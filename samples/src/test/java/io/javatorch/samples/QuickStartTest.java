package io.javatorch.samples;

import static org.assertj.core.api.Assertions.assertThat;

import io.javatorch.samples.digits.DigitTable;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QuickStartTest {
  @TempDir private Path directory;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Test
  void explainsItsOptions() {
    assertThat(run("--help")).isZero();
    assertThat(out.toString())
        .contains("--input", "--num-processes", "--epochs", "--batch-size", "--master", "--output");
  }

  @Test
  void refusesOptionsThatCannotWork() throws IOException {
    Files.writeString(directory.resolve("file"), "");
    var used = Files.createDirectory(directory.resolve("used"));
    Files.writeString(used.resolve("file"), "");

    assertThat(run("--batch-size", "63")).isEqualTo(2);
    assertThat(run("--epochs", "0")).isEqualTo(2);
    assertThat(run("--images", "ten")).isEqualTo(2);
    assertThat(run("--output", directory.resolve("file").toString())).isEqualTo(2);
    assertThat(run("--output", used.toString())).isEqualTo(2);
    assertThat(err.toString())
        .contains("--batch-size 63 is not a multiple of --num-processes 2")
        .contains("--epochs must be at least 1, not 0")
        .contains("'--images'")
        .contains("is a file, not a directory")
        .contains("is not empty: remove it, or name another directory");
  }

  @Test
  void saysWhatIsMissingInAUsersTable() throws IOException {
    var table = table(10);

    int code =
        run(
            "--input",
            table,
            "--master",
            "local[2]",
            "--output",
            directory.resolve("o").toString());

    assertThat(code).isEqualTo(2);
    assertThat(err.toString())
        .contains("no column 'image' of encoded images; name the right one with --image-column")
        .contains("struct<picture:binary,class:int>")
        .doesNotContain("\tat ");
  }

  @Test
  void trainsOnAUsersTableAndResumesExactly() throws IOException {
    var output = directory.resolve("output");

    int code =
        run(
            "--input",
            table(1500),
            "--image-column",
            "picture",
            "--label-column",
            "class",
            "--epochs",
            "2",
            "--batch-size",
            "32",
            "--master",
            "local[2]",
            "--output",
            output.toString());

    assertThat(code).as(out + "\n" + err).isZero();
    assertThat(out.toString())
        .contains("World size:           2")
        .contains("Identical on all ranks: yes")
        .containsPattern("Resumed after step \\d+: (\\d+) of \\1 losses equal")
        .contains("Same parameters at the end: yes");
    assertThat(output.resolve("loss.png")).isNotEmptyFile();
  }

  private int run(String... arguments) {
    return QuickStart.commandLine()
        .setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(err, true))
        .execute(arguments);
  }

  /** A table with column names of its own. */
  private String table(int rows) throws IOException {
    var path = directory.resolve("table").toString();
    try (var session =
        SparkSession.builder()
            .master("local[2]")
            .config("spark.ui.enabled", false)
            .config("spark.driver.host", "127.0.0.1")
            .getOrCreate()) {
      DigitTable.generate(session, rows, 3, 2)
          .selectExpr("image as picture", "label as class")
          .write()
          .parquet(path);
    }
    return path;
  }
}
