package io.javatorch.samples;

import static org.assertj.core.api.Assertions.assertThat;

import io.javatorch.streaming.StreamingDataset;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MinimalExampleTest {
  @TempDir private Path directory;

  @Test
  void runsAsItStandsInTheReadme() throws Exception {
    var table = directory.resolve("table").toString();
    var shards = directory.resolve("shards");
    var printed = new ByteArrayOutputStream();
    var console = System.out;
    System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
    // The program takes the session that is there, as under spark-submit.
    try (var session =
        SparkSession.builder()
            .master("local[2]")
            .config("spark.ui.enabled", false)
            .config("spark.driver.host", "127.0.0.1")
            .getOrCreate()) {
      session
          .range(0, 256, 1, 2)
          .selectExpr("cast(id / 256 as float) as x", "cast(3 * id / 256 + 1 as float) as y")
          .write()
          .parquet(table);

      MinimalExample.main(new String[] {table, shards.toString()});
    } finally {
      System.setOut(console);
    }

    assertThat(printed.toString(StandardCharsets.UTF_8)).containsPattern("last loss: \\d+\\.\\d+");

    try (var dataset = StreamingDataset.builder().local(shards).build()) {
      assertThat(dataset.size()).isEqualTo(256);
    }
  }
}
