package io.javatorch.conversion.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.javatorch.conversion.ConversionException;
import io.javatorch.conversion.MdsFiles;
import io.javatorch.conversion.Trees;
import io.javatorch.conversion.layout.LaidOut;
import io.javatorch.streaming.format.SampleEncoder;
import io.javatorch.streaming.format.ShardIndex;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.stream.LongStream;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.MetadataBuilder;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

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

  private interface Condition extends java.io.Serializable {
    boolean test(TaskContext task);
  }

  /** The numbers below 100 in four partitions, of which some tasks fail at their tenth row. */
  private static Dataset<Row> failing(Condition condition) {
    var rows =
        numbers(0, 100, 4)
            .javaRDD()
            .map(
                row -> {
                  if (row.getLong(0) % 25 == 10 && condition.test(TaskContext.get())) {
                    throw new IOException("the disk is gone");
                  }
                  return row;
                });
    return session.createDataFrame(rows, StructType.fromDDL("n bigint"));
  }

  @Test
  void givesTheSameFilesWhateverTasksFailInBetween() throws IOException {
    failing(task -> task.attemptNumber() < task.partitionId() - 1)
        .write()
        .format("mds")
        .option("sizeLimit", 300)
        .save(out.toString());
    var other = directory.resolve("other");
    failing(task -> false).write().format("mds").option("sizeLimit", 300).save(other.toString());

    assertThat(Trees.of(out)).isEqualTo(Trees.of(other)).hasSizeGreaterThan(10);
  }

  @ParameterizedTest
  @EnumSource(names = {"Append", "Overwrite", "ErrorIfExists"})
  void leavesTheTargetAsItWasIfTheJobFails(SaveMode mode) throws IOException {
    if (mode != SaveMode.ErrorIfExists) {
      numbers(0, 50, 2).write().format("mds").save(out.toString());
    }
    var before = Trees.of(out);
    var frame = failing(task -> task.partitionId() == 3);

    assertThatThrownBy(() -> frame.write().format("mds").mode(mode).save(out.toString()))
        .isInstanceOf(ConversionException.class)
        .hasMessageContaining("the disk is gone");

    assertThat(Trees.of(out)).isEqualTo(before);
    assertThat(Files.exists(out)).isEqualTo(mode != SaveMode.ErrorIfExists);
  }

  @Test
  void leavesNothingOfAJobThatIsCancelled() throws Exception {
    var rows =
        numbers(0, 1000, 2)
            .javaRDD()
            .map(
                row -> {
                  Thread.sleep(20);
                  return row;
                });
    var frame = session.createDataFrame(rows, StructType.fromDDL("n bigint"));
    var failure = new AtomicReference<Throwable>();
    var writing =
        new Thread(
            () ->
                failure.set(
                    catchThrowable(() -> frame.write().format("mds").save(out.toString()))));
    writing.start();
    while (!Files.exists(out.resolve("part-00000")) && writing.isAlive()) {
      Thread.sleep(10);
    }
    session.sparkContext().cancelAllJobs();
    writing.join();

    assertThat(failure.get()).isInstanceOf(ConversionException.class);
    // A task that is told to stop may still do what it is about.
    for (int i = 0; i < 100 && Files.exists(out); i++) {
      Thread.sleep(50);
    }
    assertThat(out).doesNotExist();
  }

  @Test
  void refusesOtherColumnsToAppendBeforeAnyTaskRuns() throws IOException {
    numbers(0, 5, 1).write().format("mds").save(out.toString());
    var tasks = session.sparkContext().longAccumulator();
    var rows =
        numbers(0, 5, 1)
            .javaRDD()
            .map(
                row -> {
                  tasks.add(1);
                  return RowFactory.create("a", 1);
                });
    var frame = session.createDataFrame(rows, StructType.fromDDL("s string, n int"));

    assertThatThrownBy(() -> frame.write().format("mds").mode("append").save(out.toString()))
        .isInstanceOf(ConversionException.class)
        .hasMessageContaining("it has the columns [n int64]")
        .hasMessageContaining("the DataFrame's would be [n int32, s str]");
    assertThat(tasks.value()).isZero();
    assertThat(values()).isEqualTo(longs(0, 5));
  }

  @Test
  void refusesWhatItCannotDoWithOneClearError() {
    var write = numbers(0, 5, 1).write().format("mds");

    assertThatThrownBy(() -> write.option("sizelimits", "1mb").save(out.toString()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("did you mean sizeLimit?");
    assertThatThrownBy(
            () -> numbers(0, 5, 1).write().format("mds").partitionBy("n").save(out.toString()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("leave out partitionBy");
    assertThat(out).doesNotExist();
  }

  @Test
  void namesTheRowAndThePartitionOfANull() {
    var frame = session.range(0, 10, 1, 1).selectExpr("id", "nullif(id, 7) as score");

    assertThatThrownBy(() -> frame.write().format("mds").save(out.toString()))
        .isInstanceOf(ConversionException.class)
        .hasMessageContaining("Row 7 of partition 0 cannot be written")
        .hasMessageContaining("'score'");
    assertThat(out).doesNotExist();
  }

  private void append(String query, String... columns) {
    session
        .sql(query)
        .coalesce(1)
        .write()
        .format("mds")
        .option("nullPolicy", "json")
        .options(columns.length == 0 ? Map.of() : Map.of("columns", columns[0]))
        .mode("append")
        .save(out.toString());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "date'2024-01-01'; 1; 'c' is DATE there, and INT in the DataFrame; cast it",
        "named_struct('a', 1); named_struct('b', 1); STRUCT<b: INT",
        "12.50BD; 12.5000BD; 'c' is DECIMAL(4,2) there, and DECIMAL(6,4) in the DataFrame",
      })
  void appendsNoTypesThatWouldBeReadAsOthers(String first, String second, String message) {
    append("select " + first + " as c");

    assertThatThrownBy(() -> append("select " + second + " as c"))
        .isInstanceOf(ConversionException.class)
        .hasMessageContaining(message);
    assertThat(session.read().format("mds").load(out.toString()).count()).isEqualTo(1);
  }

  @Test
  void appendsNullsToAColumnThatHadNone() {
    append("select named_struct('a', 1) as c");
    append("select if(id = 0, null, named_struct('a', if(id = 1, null, 7))) as c from range(3)");

    assertThat(
            session
                .read()
                .format("mds")
                .load(out.toString())
                .selectExpr("c", "c.a")
                .collectAsList()
                .stream()
                .map(Row::toString))
        .containsExactly("[[1],1]", "[null,null]", "[[null],null]", "[[7],7]");
  }

  @Test
  void appendsNoDocumentsToStrings() {
    append("select nullif(id, 0) || 'x' as c from range(2)");

    assertThatThrownBy(() -> append("select '[1]' as c", "c=json"))
        .isInstanceOf(ConversionException.class)
        .hasMessageContaining("'c' has JSON strings there")
        .hasMessageContaining("use the null policy instead");
  }

  @Test
  void writesSamplesThatAreEncodedAlready() throws IOException {
    var metadata =
        new MetadataBuilder()
            .putString(PreparedWrite.ENCODED_COLUMNS, "{\"n\": \"int64\", \"s\": \"str\"}")
            .build();
    var encoder = new SampleEncoder(Map.of("n", "int64", "s", "str"));
    var rows = new ArrayList<Row>();
    for (long n = 0; n < 10; n++) {
      rows.add(RowFactory.create((Object) encoder.encode(Map.of("n", n, "s", "text " + n))));
    }
    var frame =
        session.createDataFrame(
            rows,
            new StructType(
                new StructField[] {
                  new StructField("sample", DataTypes.BinaryType, false, metadata)
                }));

    frame.coalesce(1).write().format("mds").save(out.toString());

    assertThat(values()).isEqualTo(longs(0, 10));
    assertThat(MdsFiles.samples(out).get(3)).containsEntry("s", "text 3");
    assertThat(MdsFiles.entries(out)).doesNotContain("_spark-schema.*.json");
  }

  @Test
  void tellsSparkHowMuchItWrites() {
    var rows = new AtomicLong();
    var bytes = new AtomicLong();
    var listener =
        new SparkListener() {
          @Override
          public void onTaskEnd(SparkListenerTaskEnd end) {
            rows.addAndGet(end.taskMetrics().outputMetrics().recordsWritten());
            bytes.addAndGet(end.taskMetrics().outputMetrics().bytesWritten());
          }
        };
    session.sparkContext().addSparkListener(listener);

    var published = MdsWrites.write(numbers(0, 1000, 3), SaveMode.Append, Map.of("path", "" + out));

    await(() -> rows.get() == 1000);
    session.sparkContext().removeSparkListener(listener);
    assertThat(published).isPresent();
    assertThat(published.get().samples()).isEqualTo(1000);
    assertThat(published.get().shards()).isEqualTo(3);
    assertThat(bytes.get()).isEqualTo(published.get().storedBytes());
  }

  private static void await(BooleanSupplier condition) {
    for (int i = 0; i < 200 && !condition.getAsBoolean(); i++) {
      try {
        Thread.sleep(50);
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
    assertThat(condition.getAsBoolean()).isTrue();
  }

  @Test
  void writesThroughAFileSystemThatOnlyTheDriverIsToldOf() throws IOException {
    var context = JavaSparkContext.fromSparkContext(session.sparkContext());
    context
        .hadoopConfiguration()
        .set("fs.viafs.impl", "io.javatorch.conversion.RelabelledLocalFileSystem");
    var target = "viafs://" + out;

    failing(task -> task.attemptNumber() == 0).write().format("mds").save(target);
    numbers(100, 130, 2).write().format("mds").mode("append").save(target);
    assertThat(values()).hasSize(130);
    numbers(0, 9, 2).write().format("mds").mode("overwrite").save(target);

    assertThat(values()).isEqualTo(longs(0, 9));
    assertThat(Trees.of(out)).hasSize(4);
  }

  @Test
  void publishesNothingIfTheLayoutFindsThatRowsWereLost() throws IOException {
    numbers(0, 3, 1).write().format("mds").save(out.toString());

    assertThatThrownBy(
            () ->
                MdsWrites.write(
                    numbers(5, 50, 2),
                    SaveMode.Overwrite,
                    Map.of("path", out.toString()),
                    new MdsWrites.Extras(
                        Optional.empty(),
                        rows ->
                            new LaidOut(
                                rows,
                                () -> {
                                  throw new ConversionException("rows were lost");
                                }),
                        Duration.ZERO,
                        Optional.empty())))
        .isInstanceOf(ConversionException.class)
        .hasMessage("rows were lost");

    assertThat(values()).isEqualTo(longs(0, 3));
  }
}
