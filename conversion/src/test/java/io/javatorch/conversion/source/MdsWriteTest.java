package io.javatorch.conversion.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.javatorch.conversion.ConversionException;
import io.javatorch.conversion.MdsFiles;
import io.javatorch.streaming.format.ShardIndex;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.LongStream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code df.write().format("mds")} in every mode. */
class MdsWriteTest {
  private static SparkSession session;

  @TempDir private Path directory;
  private Path out;

  @BeforeAll
  static void startSpark() {
    session =
        SparkSession.builder()
            .master("local[2,3]")
            .config("spark.ui.enabled", false)
            .config("spark.driver.host", "127.0.0.1")
            .getOrCreate();
  }

  @AfterAll
  static void stopSpark() {
    session.stop();
  }

  @BeforeEach
  void choosePlace() {
    out = directory.resolve("out");
  }

  private static Dataset<Row> numbers(long from, long to, int partitions) {
    return session.range(from, to, 1, partitions).toDF("n");
  }

  private List<Object> values() throws IOException {
    return MdsFiles.samples(out).stream().map(sample -> sample.get("n")).toList();
  }

  private static List<Object> longs(long from, long to) {
    return LongStream.range(from, to).mapToObj(n -> (Object) n).toList();
  }

  @Test
  void writesWithoutAModeWhereThereIsNothing() throws IOException {
    numbers(0, 100, 3).write().format("mds").save(out.toString());

    assertThat(values()).isEqualTo(longs(0, 100));
    assertThat(MdsFiles.entries(out))
        .contains("index.json", "part-00000", "part-00001", "part-00002")
        .doesNotContain("_conversion-owner");
    assertThat(MdsFiles.entries(out.resolve("part-00000")))
        .singleElement()
        .asString()
        .matches("shard\\.00000\\.[0-9a-f]{16}\\.mds\\.zstd");
  }

  @Test
  void refusesADataSetThatIsThereWithoutAMode() throws IOException {
    numbers(0, 5, 1).write().format("mds").save(out.toString());

    assertThatThrownBy(() -> numbers(0, 9, 1).write().format("mds").save(out.toString()))
        .isInstanceOf(ConversionException.class)
        .hasMessageContaining("is not empty");
    assertThat(values()).isEqualTo(longs(0, 5));
  }

  @Test
  void ignoresADataSetThatIsThere() throws IOException {
    numbers(0, 5, 1).write().format("mds").mode(SaveMode.Ignore).save(out.toString());
    numbers(0, 9, 1).write().format("mds").mode(SaveMode.Ignore).save(out.toString());

    assertThat(values()).isEqualTo(longs(0, 5));
  }

  @Test
  void appendsAfterTheLastPart() throws IOException {
    numbers(0, 5, 2).write().format("mds").mode("append").save(out.toString());
    numbers(5, 9, 2).write().format("mds").mode("append").save(out.toString());

    assertThat(values()).isEqualTo(longs(0, 9));
    assertThat(MdsFiles.entries(out))
        .contains("part-00000", "part-00001", "part-00002", "part-00003");
  }

  @Test
  void overwritesADataSet() throws IOException {
    numbers(0, 50, 4).write().format("mds").save(out.toString());
    numbers(100, 109, 2)
        .write()
        .format("mds")
        .option("compression", "none")
        .mode("overwrite")
        .save(out.toString());

    assertThat(values()).isEqualTo(longs(100, 109));
    assertThat(MdsFiles.entries(out)).contains("part-00001").doesNotContain("part-00002");
    assertThat(MdsFiles.entries(out.resolve("part-00000")))
        .singleElement()
        .asString()
        .endsWith(".mds");
  }

  @Test
  void writesAnIndexForEachPartIfItIsNotMerged() throws IOException {
    numbers(0, 10, 2).write().format("mds").option("mergeIndex", false).save(out.toString());

    assertThat(out.resolve("index.json")).doesNotExist();
    assertThat(ShardIndex.read(out.resolve("part-00001")).samples()).isEqualTo(5);
    assertThat(Files.exists(out.resolve("_conversion-owner"))).isFalse();
  }
}
