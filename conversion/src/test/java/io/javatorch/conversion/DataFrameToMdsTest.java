package io.javatorch.conversion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.javatorch.conversion.schema.NullPolicy;
import io.javatorch.streaming.StreamingDataLoader;
import io.javatorch.streaming.StreamingDataset;
import io.javatorch.streaming.World;
import io.javatorch.streaming.format.ShardIndex;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataFrameToMdsTest {
  /** What tasks of a frame wait for; they run in this process. */
  private static final AtomicReference<CountDownLatch> GATE = new AtomicReference<>();

  private static SparkSession session;
  private static JavaSparkContext context;

  @TempDir private Path directory;

  @BeforeAll
  static void startSpark() {
    // Two slots; a task may fail twice before its job does.
    session =
        SparkSession.builder()
            .master("local[2,3]")
            .config("spark.ui.enabled", false)
            .config("spark.driver.host", "127.0.0.1")
            .getOrCreate();
    context = JavaSparkContext.fromSparkContext(session.sparkContext());
  }

  @AfterAll
  static void stopSpark() {
    session.stop();
  }

  @Test
  void writesEveryTypeSoThatAReaderGetsTheSameValues() throws IOException {
    var schema =
        StructType.fromDDL(
            "s string, b binary, t tinyint, h smallint, i int, l bigint, f float, d double");
    var rows = new ArrayList<Row>();
    for (int n = 0; n < 100; n++) {
      rows.add(
          RowFactory.create(
              "größe \uD83D\uDE00 " + n,
              ("b" + n).repeat(n).getBytes(StandardCharsets.UTF_8),
              (byte) (n - 50),
              (short) (-300 * n),
              Integer.MIN_VALUE + n,
              Long.MAX_VALUE - n,
              n == 3 ? Float.NaN : n / 3f,
              -n / 7d));
    }
    var frame = session.createDataFrame(context.parallelize(rows, 3), schema);

    var summary =
        DataFrameToMds.builder(frame)
            .out(directory.resolve("out").toString())
            .hashes("md5", "sha1")
            .convert();

    var samples = MdsFiles.samples(directory.resolve("out"));
    assertThat(samples).hasSize(100);
    for (int n = 0; n < 100; n++) {
      for (int c = 0; c < schema.size(); c++) {
        var column = schema.fieldNames()[c];
        assertThat(samples.get(n).get(column)).as(column).isEqualTo(rows.get(n).get(c));
      }
    }
    assertThat(summary.samples()).isEqualTo(100);
    assertThat(summary.partitions()).isEqualTo(3);
    assertThat(summary.shards()).isEqualTo(3);
    assertThat(summary.storedBytes()).isPositive().isLessThan(summary.rawBytes());
    assertThat(summary.location()).isEqualTo("file://" + directory.resolve("out"));
  }

  @Test
  void writesADataSetThatStreams() {
    var out = convert(numbers(1000, 3));

    var seen = new TreeSet<Long>();
    for (int rank = 0; rank < 2; rank++) {
      try (var dataset =
              StreamingDataset.builder()
                  .local(out)
                  .batchSize(10)
                  .shuffle(true)
                  .world(World.of(rank, 1, 2))
                  .build();
          var loader = StreamingDataLoader.builder(dataset).build(sample -> sample.getLong("n"))) {
        loader.forEach(seen::addAll);
      }
    }

    assertThat(seen).hasSize(1000);
    assertThat(seen.first()).isZero();
    assertThat(seen.last()).isEqualTo(999);
  }

  @Test
  void leavesNothingBesideThePartitionsAndTheIndex() throws IOException {
    var out = convert(numbers(10, 2));

    assertThat(MdsFiles.entries(out))
        .containsExactly("_spark-schema.*.json", "index.json", "part-00000", "part-00001");
    assertThat(MdsFiles.entries(out.resolve("part-00001")))
        .singleElement()
        .asString()
        .matches("shard\\.00000\\.[0-9a-f]{16}\\.mds\\.zstd");
  }

  @Test
  void splitsAPartitionIntoShardsOfTheGivenSize() throws IOException {
    var out = directory.resolve("out");

    var summary =
        DataFrameToMds.builder(numbers(1000, 1))
            .out(out.toUri().toString())
            .noCompression()
            .sizeLimitBytes(2000)
            .convert();

    assertThat(summary.shards()).isGreaterThan(4);
    assertThat(ShardIndex.read(out).shards())
        .allSatisfy(shard -> assertThat(shard.storedBytes()).isLessThanOrEqualTo(2000));
    assertThat(values(out)).isEqualTo(longs(0, 1000));
  }

  @Test
  void writesNoDirectoryForAPartitionWithoutRows() throws IOException {
    var out = convert(numbers(2, 5));

    assertThat(MdsFiles.entries(out))
        .containsExactly("_spark-schema.*.json", "index.json", "part-00002", "part-00004");
    assertThat(values(out)).containsExactly(0L, 1L);
  }

  @Test
  void writesAnIndexWithoutShardsForAFrameWithoutRows() throws IOException {
    var out = convert(numbers(4, 2).filter("n > 100"));

    assertThat(ShardIndex.read(out).shards()).isEmpty();
  }

  @Test
  void survivesATaskThatFailsAfterItHasWrittenRows() throws IOException {
    var out =
        convert(
            failing(
                100,
                task -> task.partitionId() == 1 && task.attemptNumber() < 2,
                "the disk is gone"));

    assertThat(values(out)).isEqualTo(longs(0, 100));
    assertThat(MdsFiles.entries(out))
        .containsExactly(
            "_spark-schema.*.json",
            "index.json",
            "part-00000",
            "part-00001",
            "part-00002",
            "part-00003");
  }

  @Test
  void leavesTheTargetAsItWasIfTheJobFails() throws IOException {
    var frame = failing(100, task -> task.partitionId() == 3, "the disk is gone");
    var missing = directory.resolve("missing");
    var empty = Files.createDirectory(directory.resolve("empty"));
    var full = convert(numbers(5, 1));

    assertThatThrownBy(() -> DataFrameToMds.builder(frame).out(missing.toString()).convert())
        .isInstanceOf(ConversionException.class)
        .hasMessageContaining("the disk is gone");
    assertThatThrownBy(() -> DataFrameToMds.builder(frame).out(empty.toString()).convert())
        .isInstanceOf(ConversionException.class);
    assertThatThrownBy(
            () -> DataFrameToMds.builder(frame).out(full.toString()).overwrite(true).convert())
        .isInstanceOf(ConversionException.class);

    assertThat(missing).doesNotExist();
    assertThat(empty).isEmptyDirectory();
    assertThat(MdsFiles.entries(full))
        .containsExactly("_spark-schema.*.json", "index.json", "part-00000");
    assertThat(values(full)).isEqualTo(longs(0, 5));
  }

  @Test
  void refusesATargetThatIsNotEmpty() throws IOException {
    var out = convert(numbers(5, 1));

    assertThatThrownBy(() -> DataFrameToMds.builder(numbers(9, 1)).out(out.toString()).convert())
        .isInstanceOf(ConversionException.class)
        .hasMessageContaining("is not empty (it has _spark-schema.")
        .hasMessageContaining(".json, index.json, part-00000)")
        .hasMessageContaining("overwrite(true)");
    assertThat(values(out)).isEqualTo(longs(0, 5));
  }

  @Test
  void replacesAnEarlierConversionIfAllowed() throws IOException {
    var out = convert(numbers(5, 4));

    DataFrameToMds.builder(numbers(9, 2)).out(out.toString()).overwrite(true).convert();

    assertThat(values(out)).isEqualTo(longs(0, 9));
    assertThat(MdsFiles.entries(out))
        .containsExactly("_spark-schema.*.json", "index.json", "part-00000", "part-00001");
  }

  @Test
  void replacesAnEarlierConversionThatHasBeenRead() throws IOException {
    var out = convert(numbers(5, 1));
    try (var dataset = StreamingDataset.builder().local(out).build()) {
      assertThat(dataset.get(4).getLong("n")).isEqualTo(4);
    }

    DataFrameToMds.builder(numbers(9, 2)).out(out.toString()).overwrite(true).convert();

    try (var dataset = StreamingDataset.builder().local(out).build()) {
      assertThat(dataset.size()).isEqualTo(9);
      assertThat(dataset.get(4).getLong("n")).isEqualTo(4);
    }
  }

  @Test
  void neverOverwritesFilesOfOthers() throws IOException {
    var out = convert(numbers(5, 1));
    Files.writeString(out.resolve("thesis.txt"), "five years of work");

    assertThatThrownBy(
            () ->
                DataFrameToMds.builder(numbers(9, 1)).out(out.toString()).overwrite(true).convert())
        .isInstanceOf(ConversionException.class)
        .hasMessageContaining("no conversion wrote (thesis.txt)");
    assertThat(out.resolve("thesis.txt")).hasContent("five years of work");
  }

  @Test
  void refusesATargetThatAnotherConversionIsWriting() throws IOException {
    var out = convert(numbers(5, 1));
    var gate = new CountDownLatch(1);
    GATE.set(gate);
    var first =
        CompletableFuture.supplyAsync(
            () -> DataFrameToMds.builder(waiting(9)).out(out.toString()).overwrite(true).convert());
    try {
      assertThat(out.resolve("_conversion-owner"))
          .satisfies(
              owner -> {
                for (int i = 0; i < 1000 && !Files.exists(owner); i++) {
                  Thread.sleep(20);
                }
                assertThat(owner).exists();
              });

      assertThatThrownBy(
              () ->
                  DataFrameToMds.builder(numbers(7, 1))
                      .out(out.toString())
                      .overwrite(true)
                      .convert())
          .isInstanceOf(ConversionException.class)
          .hasMessageContaining("Spark application " + context.sc().applicationId());
    } finally {
      gate.countDown();
    }

    assertThat(first).succeedsWithin(Duration.ofMinutes(1));
    assertThat(values(out)).isEqualTo(longs(0, 9));
    assertThat(MdsFiles.entries(out))
        .containsExactly("_spark-schema.*.json", "index.json", "part-00000");
  }

  @Test
  void refusesColumnsThatCannotBeWrittenBeforeAnyTaskRuns() {
    var tasks = session.sparkContext().longAccumulator();
    var rows =
        context
            .parallelize(List.of(1, 2), 2)
            .map(
                n -> {
                  tasks.add(1);
                  return RowFactory.create(true, new java.math.BigDecimal(n));
                });
    var frame =
        session.createDataFrame(
            rows, StructType.fromDDL("flag interval, price struct<a:int,a:int>"));

    assertThatThrownBy(
            () -> DataFrameToMds.builder(frame).out(directory.resolve("out").toString()).convert())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'flag'")
        .hasMessageContaining("'price'");
    assertThat(tasks.value()).isZero();
    assertThat(directory.resolve("out")).doesNotExist();
  }

  @Test
  void namesTheColumnWithANull() {
    var frame = session.range(0, 10, 1, 1).selectExpr("id", "nullif(id, 7) as score");

    assertThatThrownBy(
            () -> DataFrameToMds.builder(frame).out(directory.resolve("out").toString()).convert())
        .isInstanceOf(ConversionException.class)
        .hasMessageContaining("Row 7 of partition 0")
        .hasMessageContaining("Column 'score'")
        .hasMessageContaining("df.na()");
    assertThat(directory.resolve("out")).doesNotExist();
  }

  @Test
  void reportsProgressUpToTheEnd() {
    var seen = Collections.synchronizedList(new ArrayList<ConversionProgress>());

    DataFrameToMds.builder(numbers(1000, 4))
        .out(directory.resolve("out").toString())
        .progress(Duration.ofMillis(5), seen::add)
        .convert();

    var last = seen.get(seen.size() - 1);
    assertThat(last.rows()).isEqualTo(1000);
    assertThat(last.partitionsDone()).isEqualTo(4);
    assertThat(last.remaining()).contains(Duration.ZERO);
  }

  @Test
  void writesThroughHadoopsFileSystems() throws IOException {
    // Hadoop's own implementation for this test's scheme, without its checksum files.
    context
        .hadoopConfiguration()
        .set("fs.viafs.impl", "io.javatorch.conversion.RelabelledLocalFileSystem");
    var target = "viafs://" + directory.resolve("out");

    DataFrameToMds.builder(failing(100, task -> task.attemptNumber() == 0, "once"))
        .out(target)
        .convert();
    assertThatThrownBy(() -> DataFrameToMds.builder(numbers(9, 1)).out(target).convert())
        .hasMessageContaining("is not empty");
    var summary = DataFrameToMds.builder(numbers(9, 2)).out(target).overwrite(true).convert();

    assertThat(summary.location()).isEqualTo(target);
    assertThat(values(directory.resolve("out"))).isEqualTo(longs(0, 9));
    assertThat(MdsFiles.entries(directory.resolve("out")))
        .containsExactly("_spark-schema.*.json", "index.json", "part-00000", "part-00001");
  }

  @Test
  void aRowFunctionMakesAnyNumberOfSamplesOfARow() throws IOException {
    var frame = session.range(0, 6, 1, 2).selectExpr("id", "concat('t', id) as text");
    var out = directory.resolve("out");

    var summary =
        DataFrameToMds.builder(frame)
            .rows(
                (row, samples) -> {
                  for (long copy = 0; copy < row.getLong(0) % 3; copy++) {
                    samples
                        .set("id", row.getLong(0))
                        // In one order in every run.
                        .set("info", new TreeMap<>(Map.of("text", row.getString(1), "copy", copy)))
                        .write();
                  }
                },
                Map.of("info", "json", "id", "int32"))
            .out(out.toString())
            .convert();

    assertThat(MdsFiles.samples(out))
        .extracting(sample -> sample.get("id") + " " + sample.get("info"))
        .containsExactly(
            "1 {copy=0, text=t1}",
            "2 {copy=0, text=t2}",
            "2 {copy=1, text=t2}",
            "4 {copy=0, text=t4}",
            "5 {copy=0, text=t5}",
            "5 {copy=1, text=t5}");
    assertThat(summary.samples()).isEqualTo(6);
  }

  @Test
  void aRowMayHaveMoreSamplesThanFitIntoMemory() throws IOException {
    // Three times as much as is kept in memory.
    int size = 1 << 18;
    int count = 3 * EncodedRows.HELD_BYTES / size;
    var out = directory.resolve("out");

    var summary =
        DataFrameToMds.builder(session.range(0, 2, 1, 1).toDF("id"))
            .rows(
                (row, samples) -> {
                  for (int i = 0; i < count; i++) {
                    var bytes = new byte[size];
                    samples.set("n", row.getLong(0) * count + i).set("data", bytes).write();
                  }
                },
                Map.of("n", "int64", "data", "bytes"))
            .out(out.toString())
            .convert();

    assertThat(summary.samples()).isEqualTo(2L * count);
    assertThat(values(out)).isEqualTo(longs(0, 2 * count));
  }

  @Test
  void refusesAMapAfterColumnsThatWereSet() {
    assertThatThrownBy(
            () ->
                DataFrameToMds.builder(session.range(0, 1, 1, 1).toDF("id"))
                    .rows(
                        (row, samples) -> samples.set("n", 1).write(Map.of("n", 2)),
                        Map.of("n", "int32"))
                    .out(directory.resolve("out").toString())
                    .convert())
        .isInstanceOf(ConversionException.class)
        .hasMessageContaining("call write() before write(map)");
  }

  @Test
  void refusesALocalDirectoryForALocalTarget() {
    assertThatThrownBy(
            () ->
                DataFrameToMds.builder(numbers(3, 1))
                    .out(directory.resolve("fast") + "", directory.resolve("out") + "")
                    .convert())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("leave out the local directory");
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void samplesOfARowFunctionAreShuffledAndDivided() throws IOException {
    var out = directory.resolve("out");

    DataFrameToMds.builder(session.range(0, 10, 1, 2).toDF("id"))
        .rows(
            (row, samples) -> {
              for (int i = 0; i < 10; i++) {
                samples.write(Map.of("n", row.getLong(0) * 10 + i));
              }
            },
            Map.of("n", "int64"))
        .shuffle(3)
        .shards(5)
        .out(out.toString())
        .convert();

    assertThat(ShardIndex.read(out).shards())
        .hasSize(5)
        .allSatisfy(shard -> assertThat(shard.samples()).isBetween(18, 22));
    assertThat(values(out)).isNotEqualTo(longs(0, 100));
    assertThat(values(out)).containsExactlyInAnyOrderElementsOf(longs(0, 100));
  }

  @Test
  void saysWhichRowARowFunctionFailedAt() {
    var builder =
        DataFrameToMds.builder(session.range(0, 10, 1, 1).toDF("id"))
            .out(directory.resolve("out").toString());

    assertThatThrownBy(
            () ->
                builder
                    .rows(
                        (row, samples) -> samples.set("n", row.getLong(0) == 7 ? "x" : 1).write(),
                        Map.of("n", "int32"))
                    .convert())
        .isInstanceOf(ConversionException.class)
        .hasMessageContaining("row 7 of partition 0")
        .hasMessageContaining("'n'");
    assertThatThrownBy(
            () ->
                builder.rows((row, samples) -> samples.set("n", 1), Map.of("n", "int32")).convert())
        .hasMessageContaining("row 0 of partition 0")
        .hasMessageContaining("write()");
    assertThatThrownBy(() -> builder.rows((row, samples) -> {}, Map.of("n", "")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'n' of a row function needs an encoding");
    assertThatThrownBy(() -> builder.rows((row, samples) -> {}, Map.of("n", "int33")).convert())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("int33");
    assertThat(directory.resolve("out")).doesNotExist();
  }

  @Test
  void aShuffledConversionIsTheSameHoweverItsInputIsPartitioned() throws IOException {
    var frame = session.range(0, 500, 1, 4).selectExpr("id as n", "map(id, 1) as skipped");
    for (int partitions : new int[] {3, 7}) {
      DataFrameToMds.builder(frame.repartition(partitions))
          .columns(Map.of("n", ""))
          .shuffle(17)
          .shards(4)
          .hashes("xxh64")
          .out(directory.resolve("out-" + partitions).toString())
          .convert();
    }

    assertThat(directory.resolve("out-3/index.json"))
        .hasSameBinaryContentAs(directory.resolve("out-7/index.json"));
    assertThat(ShardIndex.read(directory.resolve("out-3")).shards())
        .hasSize(4)
        .allSatisfy(shard -> assertThat(shard.samples()).isBetween(123, 127));
    assertThat(values(directory.resolve("out-3")))
        .isNotEqualTo(longs(0, 500))
        .containsExactlyInAnyOrderElementsOf(longs(0, 500));
  }

  @Test
  void chosenColumnsKeepTheirValuesInAnyLayout() throws IOException {
    var frame =
        session.range(0, 6, 1, 2).selectExpr("id as a", "id * 10 as b", "concat('c', id) as c");
    var expected = new ArrayList<Map<String, Object>>();
    for (long n = 0; n < 6; n++) {
      expected.add(Map.of("b", n * 10, "c", "c" + n));
    }
    var columns = new TreeMap<String, String>(Collections.reverseOrder());
    columns.put("b", "");
    columns.put("c", "str");

    var builder = DataFrameToMds.builder(frame).columns(columns);
    builder.out(directory.resolve("divided").toString()).shards(2).convert();
    builder.out(directory.resolve("both").toString()).shuffle(1).convert();
    var shuffled =
        DataFrameToMds.builder(frame).columns(columns).shuffle(1).out(directory.resolve("s") + "");
    shuffled.convert();

    assertThat(MdsFiles.samples(directory.resolve("divided"))).isEqualTo(expected);
    for (var out : List.of("both", "s")) {
      assertThat(MdsFiles.samples(directory.resolve(out)))
          .containsExactlyInAnyOrderElementsOf(expected);
    }
  }

  @Test
  void refusesWhatIsWrongBeforeItCountsForAShuffle() {
    var tasks = session.sparkContext().longAccumulator();
    var rows =
        context
            .parallelize(List.of(1, 2), 2)
            .map(
                n -> {
                  tasks.add(1);
                  return RowFactory.create(n);
                });
    var frame = session.createDataFrame(rows, StructType.fromDDL("n int"));
    var full = convert(numbers(5, 1)).toString();

    assertThatThrownBy(() -> DataFrameToMds.builder(frame).out(full).shuffle(1).shards(2).convert())
        .isInstanceOf(ConversionException.class);
    assertThatThrownBy(
            () ->
                DataFrameToMds.builder(frame)
                    .out(directory.resolve("out").toString())
                    .columns(Map.of("nope", ""))
                    .shuffle(1)
                    .convert())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'nope'");
    assertThat(tasks.value()).isZero();
  }

  @Test
  void addsToADataSetOrLeavesItAsTheModeSays() throws IOException {
    var out = convert(numbers(5, 1));

    var ignored =
        DataFrameToMds.builder(numbers(9, 1))
            .out(out.toString())
            .mode(SaveMode.Ignore)
            .shuffle(1)
            .convert();
    assertThat(ignored.written()).isFalse();
    assertThat(ignored)
        .hasToString("Nothing was written: there is a data set in " + out + " already");
    assertThat(values(out)).isEqualTo(longs(0, 5));

    var added =
        DataFrameToMds.builder(numbers(3, 2)).out(out.toString()).mode(SaveMode.Append).convert();
    assertThat(added.samples()).isEqualTo(3);
    assertThat(values(out)).containsExactly(0L, 1L, 2L, 3L, 4L, 0L, 1L, 2L);
  }

  @Test
  void dropsRowsWithNullsIfAsked() throws IOException {
    var frame = session.range(0, 10, 1, 1).selectExpr("nullif(id, 7) as n");

    var summary =
        DataFrameToMds.builder(frame)
            .nullPolicy(NullPolicy.DROP)
            .out(directory.resolve("out").toString())
            .convert();

    assertThat(summary.samples()).isEqualTo(9);
    assertThat(summary.droppedRows()).isEqualTo(1);
    assertThat(summary.toString()).contains("9 samples", "1 rows with nulls were left out");
    assertThat(values(directory.resolve("out"))).hasSize(9).doesNotContain(7L);
  }

  @Test
  void writesAnIndexForEachPartIfItIsNotMerged() throws IOException {
    var out = directory.resolve("out");

    DataFrameToMds.builder(numbers(4, 2)).mergeIndex(false).out(out.toString()).convert();

    assertThat(MdsFiles.entries(out))
        .containsExactly("_spark-schema.*.json", "part-00000", "part-00001");
    assertThat(values(out.resolve("part-00001"))).containsExactly(2L, 3L);
  }

  @Test
  void makesShardsInALocalDirectoryAndKeepsThemIfAsked() throws IOException {
    context
        .hadoopConfiguration()
        .set("fs.viafs.impl", "io.javatorch.conversion.RelabelledLocalFileSystem");
    var local = directory.resolve("local");

    var summary =
        DataFrameToMds.builder(numbers(10, 2))
            .out(local.toString(), "viafs://" + directory.resolve("out"))
            .keepLocal(true)
            .convert();

    assertThat(values(directory.resolve("out"))).isEqualTo(longs(0, 10));
    assertThat(summary.local()).isEqualTo(local.toString());
    try (var files = Files.walk(local)) {
      assertThat(files.filter(file -> file.toString().endsWith(".mds.zstd"))).hasSize(2);
    }
  }

  private Path convert(Dataset<Row> frame) {
    var out = directory.resolve("converted");
    DataFrameToMds.builder(frame).out(out.toString()).convert();
    return out;
  }

  /** A frame with one column n that counts from 0. */
  private static Dataset<Row> numbers(int rows, int partitions) {
    var values = IntStream.range(0, rows).mapToObj(n -> RowFactory.create((long) n)).toList();
    return session.createDataFrame(
        context.parallelize(values, partitions), StructType.fromDDL("n bigint"));
  }

  /** The numbers, in one partition, which come when the gate opens. */
  private static Dataset<Row> waiting(int rows) {
    var values =
        numbers(rows, 1)
            .javaRDD()
            .map(
                row -> {
                  GATE.get().await();
                  return row;
                });
    return session.createDataFrame(values, StructType.fromDDL("n bigint"));
  }

  private interface Condition extends java.io.Serializable {
    boolean test(TaskContext task);
  }

  /** The numbers in four partitions, of which some tasks fail at their tenth row. */
  private static Dataset<Row> failing(int rows, Condition condition, String message) {
    var values =
        numbers(rows, 4)
            .javaRDD()
            .map(
                row -> {
                  if (row.getLong(0) % 25 == 10 && condition.test(TaskContext.get())) {
                    throw new IOException(message);
                  }
                  return row;
                });
    return session.createDataFrame(values, StructType.fromDDL("n bigint"));
  }

  private static List<Object> values(Path out) throws IOException {
    return MdsFiles.samples(out).stream().map(sample -> sample.get("n")).toList();
  }

  private static List<Object> longs(int from, int to) {
    return IntStream.range(from, to).mapToObj(n -> (Object) (long) n).toList();
  }
}
