package io.javatorch.conversion.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.javatorch.conversion.ConversionException;
import io.javatorch.conversion.MdsFiles;
import io.javatorch.streaming.format.MdsWriter;
import io.javatorch.streaming.format.ShardIndex;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code spark.read().format("mds")}. */
class MdsReadTest {
  private static SparkSession session;

  @TempDir private Path directory;
  private Path data;

  @BeforeAll
  static void startSpark() {
    session =
        SparkSession.builder()
            .master("local[2]")
            .config("spark.ui.enabled", false)
            .config("spark.sql.shuffle.partitions", 2)
            .config("spark.driver.host", "127.0.0.1")
            .getOrCreate();
  }

  @AfterAll
  static void stopSpark() {
    session.stop();
  }

  @BeforeEach
  void choosePlace() {
    data = directory.resolve("data");
  }

  private Dataset<Row> load() {
    return session.read().format("mds").load(data.toString());
  }

  /** Numbers and texts from 0 to {@code samples}, in shards of about {@code shardBytes}. */
  private void write(int samples, long shardBytes, String... compression) throws IOException {
    var builder =
        MdsWriter.builder(data)
            .column("n", "int64")
            .column("text", "str")
            .column("half", "float32")
            .hashes("xxh64")
            .sizeLimit(shardBytes);
    if (compression.length > 0) {
      builder.compression(compression[0]);
    }
    try (var writer = builder.open()) {
      for (int i = 0; i < samples; i++) {
        writer.row().set("n", i).set("text", "text " + i).set("half", i / 2f).write();
      }
      writer.finish();
    }
  }

  private static List<Long> numbers(Dataset<Row> frame) {
    return frame.select("n").as(Encoders.LONG()).collectAsList();
  }

  private static List<Long> longs(int from, int to) {
    return LongStream.range(from, to).boxed().toList();
  }

  /** Changes the last byte of a shard's file, which belongs to its last sample's last column. */
  private void damageLastByte(String shard) throws IOException {
    var file = data.resolve(shard);
    var bytes = Files.readAllBytes(file);
    bytes[bytes.length - 1] = (byte) 0xff;
    Files.write(file, bytes);
  }

  @Test
  void givesBackTheDataFrameThatWasWritten() {
    var frame =
        session.sql(
            """
            select * from values
              (true, 1Y, date'2024-02-29', timestamp'2024-02-29 12:34:56.789012 UTC', 12.50BD,
                array(1.5f, 2.5f), array('a', null), named_struct('x', 1, 'y', 'é'),
                map('k', null, 'l', timestamp_ntz'2024-01-01 00:00:00'), X'00ff',
                interval '1-2' year to month, interval '3 4:05:06.7' day to second, 'null'),
              (null, null, null, null, null, null, null, null, null, null, null, null, null)
            as t(flag, tiny, day, at, price, vector, tags, point, map, raw, ym, dt, text)
            """);
    frame.write().format("mds").option("nullPolicy", "json").save(data.toString());

    assertThat(load().schema()).isEqualTo(frame.schema());
    assertThat(load().collectAsList()).containsExactlyInAnyOrderElementsOf(frame.collectAsList());
  }

  @Test
  void givesBackTypesThatTheIndexDoesNotKnowWithoutNulls() {
    var frame =
        session
            .range(0, 1000, 1, 3)
            .selectExpr(
                "id",
                "id % 2 = 0 as even",
                "cast(id / 7 as decimal(10,3)) as share",
                "timestamp_micros(id * 1000001) as at",
                "array(float(id), float(-id)) as pair",
                "array(array(id, id + 1), array(id, 0)) as square",
                "named_struct('id', id, 'tags', array(string(id))) as nested");
    frame.write().format("mds").save(data.toString());

    assertThat(load().schema()).isEqualTo(frame.schema());
    assertThat(load().orderBy("id").collectAsList()).isEqualTo(frame.orderBy("id").collectAsList());
    assertThat(load().selectExpr("sum(pair[1])", "sum(square[0][1])", "max(nested.id)").first())
        .isEqualTo(frame.selectExpr("sum(pair[1])", "sum(square[0][1])", "max(nested.id)").first());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "zstd", "gz"})
  void readsEachSampleOnceAndInOrder(String compression) throws IOException {
    write(5000, 20_000, compression.isEmpty() ? new String[0] : new String[] {compression});

    assertThat(numbers(load())).isEqualTo(longs(0, 5000));
    assertThat(load().filter("text = 'text 4321'").select("n", "half").first().toString())
        .isEqualTo("[4321,2160.5]");
  }

  @Test
  void splitsAShardThatIsTooLargeAndPutsSmallOnesTogether() throws IOException {
    write(5000, 1 << 20);
    assertThat(partitions(load(), "10kb")).isGreaterThan(10);
    assertThat(numbers(split("10kb"))).isEqualTo(longs(0, 5000));

    var small = directory.resolve("small");
    data = small;
    write(5000, 2_000);
    assertThat(ShardIndex.read(small).shards()).hasSizeGreaterThan(50);
    // Opening a file counts as 4 MB, so that two cores get about half of them each.
    assertThat(load().toJavaRDD().getNumPartitions()).isBetween(2, 3);
    assertThat(numbers(load())).isEqualTo(longs(0, 5000));
  }

  private Dataset<Row> split(String partitionBytes) {
    return session
        .read()
        .format("mds")
        .option("partitionBytes", partitionBytes)
        .load(data.toString());
  }

  private int partitions(Dataset<Row> ignored, String partitionBytes) {
    session.conf().set("spark.sql.files.openCostInBytes", "1");
    try {
      return split(partitionBytes).toJavaRDD().getNumPartitions();
    } finally {
      session.conf().unset("spark.sql.files.openCostInBytes");
    }
  }

  @Test
  void readsOnlyTheColumnsThatAreNeeded() throws IOException {
    try (var writer = MdsWriter.builder(data).column("a", "int32").column("z", "str").open()) {
      for (int i = 0; i < 3; i++) {
        writer.row().set("a", i).set("z", "x").write();
      }
      writer.finish();
    }
    damageLastByte("shard.00000.mds");

    assertThat(load().select("a").as(Encoders.INT()).collectAsList()).containsExactly(0, 1, 2);
    assertThat(load().select("a").queryExecution().executedPlan().toString())
        .contains("mds file:")
        .contains("[a]");
    assertThatThrownBy(() -> load().collectAsList())
        .hasMessageContaining(data.resolve("shard.00000.mds") + ", sample 2, column 'z'")
        .hasMessageContaining("it is not UTF-8");
  }

  @Test
  void countsByTheIndexAlone() throws IOException {
    write(1000, 3_000);
    Files.delete(data.resolve("shard.00001.mds"));

    assertThat(load().count()).isEqualTo(1000);
    session.read().format("mds").load(data.toString()).createOrReplaceTempView("numbers");
    assertThat(session.sql("select count(*), count(1) from numbers").first().toString())
        .isEqualTo("[1000,1000]");
    assertThatThrownBy(() -> load().filter("n >= 0").count())
        .hasMessageContaining("shard.00001.mds");
  }

  @Test
  void countsRowsOfAFilterWithoutColumns() throws IOException {
    write(9000, 1 << 20);

    assertThat(load().filter("rand(1) >= 0").count()).isEqualTo(9000);
    assertThat(load().groupBy().agg(Map.of("n", "count")).first().getLong(0)).isEqualTo(9000);
  }

  @Test
  void readsNoMoreShardsThanALimitNeeds() throws IOException {
    write(1000, 3_000);
    Files.delete(data.resolve("shard.00002.mds"));

    assertThat(numbers(load().limit(5))).isEqualTo(longs(0, 5));
  }

  @Test
  void tellsSparkHowLargeItIs() throws IOException {
    write(1000, 3_000);

    var stats = load().queryExecution().optimizedPlan().stats();
    assertThat(stats.rowCount().get()).isEqualTo(scala.math.BigInt.apply(1000));
    var some = load().select("n").queryExecution().optimizedPlan().stats();
    assertThat(some.sizeInBytes().toLong()).isEqualTo(8 * 1000);
    // All that the two columns of fixed width do not have may be its.
    var text = load().select("text").queryExecution().optimizedPlan().stats();
    assertThat(text.sizeInBytes().toLong()).isEqualTo(stats.sizeInBytes().toLong() - 12 * 1000);
  }

  @Test
  void holdsNoMoreBytesInABatchThanItMay() throws IOException {
    try (var writer = MdsWriter.builder(data).column("big", "bytes").open()) {
      for (int i = 0; i < 40; i++) {
        writer.row().set("big", new byte[1 << 18]).write();
      }
      writer.finish();
    }
    var frame = session.read().format("mds").option("batchBytes", "1mb").load(data.toString());

    assertThat(frame.selectExpr("sum(length(big))").first().getLong(0)).isEqualTo(40L << 18);
    var options = ReadOptions.of(Map.of("path", data.toString(), "batchBytes", "1mb"));
    var stored =
        StoredDataSet.read(
            options,
            JavaSparkContext.fromSparkContext(session.sparkContext()).hadoopConfiguration());
    var scan = new MdsScan(stored, options, stored.schema(), Long.MAX_VALUE);
    int rows = 0;
    for (var partition : scan.planInputPartitions()) {
      try (var reader = scan.createReaderFactory().createColumnarReader(partition)) {
        while (reader.next()) {
          assertThat(reader.get().numRows()).isLessThanOrEqualTo(4);
          rows += reader.get().numRows();
        }
      }
    }
    assertThat(rows).isEqualTo(40);
  }

  @Test
  void namesAFileThatIsCutShort() throws IOException {
    write(100, 1 << 20);
    var shard = data.resolve("shard.00000.mds");
    try (var file = Files.newByteChannel(shard, StandardOpenOption.WRITE)) {
      file.truncate(file.size() - 1);
    }

    assertThatThrownBy(() -> numbers(load()))
        .hasMessageContaining(shard.toString())
        .hasMessageContaining("bytes and the index says");
  }

  @Test
  void namesTheSampleOfADamagedCompressedFileOfAStoreAndLeavesNothing() throws IOException {
    useViaFs();
    var scratch = directory.resolve("scratch");
    // The text of sample 5 is no UTF-8, which the writer lets pass as bytes.
    try (var writer = MdsWriter.builder(data).column("t", "bytes").compression("zstd").open()) {
      for (int i = 0; i < 10; i++) {
        writer.row().set("t", i == 5 ? new byte[] {(byte) 0xff} : new byte[0]).write();
      }
      writer.finish();
    }
    var index = data.resolve("index.json");
    Files.writeString(index, Files.readString(index).replace("\"bytes\"]", "\"str\"]"));

    assertThatThrownBy(
            () ->
                session
                    .read()
                    .format("mds")
                    .option("local", scratch.toString())
                    .load("viafs://" + data)
                    .collectAsList())
        .hasMessageContaining("viafs://" + data + "/shard.00000.mds, sample 5, column 't'");
    assertThat(scratch).isEmptyDirectory();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "zstd"})
  void readsFromAStoreAndLeavesNothing(String compression) throws IOException {
    useViaFs();
    write(5000, 20_000, compression.isEmpty() ? new String[0] : new String[] {compression});
    var scratch = directory.resolve("scratch");
    var frame =
        session
            .read()
            .format("mds")
            .option("local", scratch.toString())
            .option("validateHash", "xxh64")
            .load("viafs://" + data);

    assertThat(numbers(frame)).isEqualTo(longs(0, 5000));
    assertThat(frame.limit(1).select("n").first().getLong(0)).isZero();
    assertThat(scratch).isEmptyDirectory();
  }

  private static void useViaFs() {
    JavaSparkContext.fromSparkContext(session.sparkContext())
        .hadoopConfiguration()
        .set("fs.viafs.impl", "io.javatorch.conversion.RelabelledLocalFileSystem");
  }

  @Test
  void verifiesHashesWhereItIsAskedTo() throws IOException {
    write(100, 1 << 20);
    var shard = data.resolve("shard.00000.mds");
    var bytes = Files.readAllBytes(shard);
    // A number of the last sample, of which any is a number.
    int at = new String(bytes, StandardCharsets.ISO_8859_1).lastIndexOf("text 99") - 3;
    bytes[at] ^= 1;
    Files.write(shard, bytes);

    assertThat(load().count()).isEqualTo(100);
    assertThat(numbers(load())).hasSize(100);
    assertThatThrownBy(
            () ->
                session
                    .read()
                    .format("mds")
                    .option("validateHash", "xxh64")
                    .load(data.toString())
                    .collectAsList())
        .hasMessageContaining("shard.00000.mds")
        .hasMessageContaining("its xxh64 is");
    assertThatThrownBy(
            () ->
                session
                    .read()
                    .format("mds")
                    .option("validateHash", "sha1")
                    .load(data.toString())
                    .collectAsList())
        .hasMessageContaining("the index has no sha1");
  }

  @Test
  void readsWithASchemaOfTheUser() throws IOException {
    write(10, 1 << 20);
    var wanted =
        new StructType()
            .add("half", DataTypes.DoubleType)
            .add("n", DataTypes.createDecimalType(20, 2))
            .add("text", DataTypes.BinaryType);

    var frame = session.read().format("mds").schema(wanted).load(data.toString());

    assertThat(frame.schema()).isEqualTo(wanted);
    assertThat(frame.selectExpr("half", "n", "string(text)").collectAsList().get(3).toString())
        .isEqualTo("[1.5,3.00,text 3]");
  }

  @Test
  void namesAllThatIsWrongWithASchemaOfTheUser() throws IOException {
    write(10, 1 << 20);

    assertThatThrownBy(
            () ->
                session
                    .read()
                    .format("mds")
                    .schema("n boolean, text map<string,int>, half array<float>")
                    .load(data.toString())
                    .collectAsList())
        .hasMessageContaining("'text': str cannot be read as map<string, int>")
        .hasMessageContaining("'half': float32 cannot be read as array<float>");
    assertThatThrownBy(
            () ->
                session
                    .read()
                    .format("mds")
                    .schema("n int, x int, y int")
                    .load(data.toString())
                    .collectAsList())
        .hasMessageContaining("'x' is not in the data set")
        .hasMessageContaining("'y' is not in the data set")
        .hasMessageContaining("[half, n, text]");
  }

  @Test
  void namesTheSampleWhoseValueDoesNotFitTheSchema() throws IOException {
    write(300, 1 << 20);

    assertThatThrownBy(
            () ->
                session
                    .read()
                    .format("mds")
                    .schema("n tinyint")
                    .load(data.toString())
                    .collectAsList())
        .hasMessageContaining(
            "shard.00000.mds, sample 128, column 'n' (int64 as TINYINT): 128 is out of the range");
  }

  @Test
  void saysThatThereIsNoDataSet() {
    assertThatThrownBy(this::load)
        .isInstanceOf(ConversionException.class)
        .hasMessageContaining("There is no data set in file://" + data)
        .hasMessageContaining("mergeIndex=false");
  }

  private Dataset<Row> json(String schema, String... texts) throws IOException {
    try (var writer = MdsWriter.builder(data).column("j", "json").open()) {
      for (var text : texts) {
        writer.row().setEncoded(0, text.getBytes(StandardCharsets.UTF_8)).write();
      }
      writer.finish();
    }
    return session.read().format("mds").schema("j " + schema).load(data.toString());
  }

  @Test
  void refusesHalvesOfCharacters() throws IOException {
    var frame = json("struct<a: string>", "{\"a\": \"\\ud83d\\ude00\"}", "{\"a\": \"\\ud83d\"}");

    assertThat(frame.limit(1).selectExpr("j.a").as(Encoders.STRING()).first())
        .isEqualTo("\uD83D\uDE00");
    assertThatThrownBy(frame::collectAsList).hasStackTraceContaining("it has half of a character");
  }

  @Test
  void takesTheLastOfTheValuesOfAKeyAsPythonDoes() throws IOException {
    var frame = json("map<string, int>", "{\"a\": 1, \"b\": 2, \"a\": 3}");

    assertThat(frame.first().getJavaMap(0)).isEqualTo(Map.of("a", 3, "b", 2));
  }

  @Test
  void takesSizesAsSparkDoes() throws IOException {
    write(1000, 1 << 20);
    session.conf().set("spark.sql.files.maxPartitionBytes", "4k");
    session.conf().set("spark.sql.files.openCostInBytes", "1k");
    try {
      assertThat(load().javaRDD().getNumPartitions()).isGreaterThan(2);
    } finally {
      session.conf().unset("spark.sql.files.maxPartitionBytes");
      session.conf().unset("spark.sql.files.openCostInBytes");
    }
  }

  @Test
  void readsNoShardTwiceToVerifyItsHash() throws IOException {
    write(1000, 1 << 20);

    var verified =
        session
            .read()
            .format("mds")
            .option("partitionBytes", 4096)
            .option("validateHash", "xxh64")
            .load(data.toString());

    assertThat(verified.javaRDD().getNumPartitions()).isEqualTo(1);
    assertThat(numbers(verified)).isEqualTo(longs(0, 1000));
  }

  @Test
  void refusesSeveralPathsAndUnknownOptions() {
    assertThatThrownBy(() -> session.read().format("mds").load("/a", "/b"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("one data set at a time");
    assertThatThrownBy(() -> session.read().format("mds").load())
        .hasMessageContaining("There is no path to read");
    assertThatThrownBy(() -> session.read().format("mds").option("validateHashes", "x").load("/a"))
        .hasMessageContaining(
            "There is no option 'validateHashes' for reading mds; did you mean validateHash?");
    assertThatThrownBy(() -> session.read().format("mds").option("batchRows", "no").load("/a"))
        .hasMessageContaining("The option batchRows: 'no' is no number of rows");
  }

  @Test
  void refusesADamagedSidecarAndSaysWhatToDo() throws IOException {
    write(10, 1 << 20);
    var sidecar = MdsFiles.sidecar(data);
    Files.writeString(sidecar, "{\"version\": 1, \"columns\": [{}]}");

    assertThatThrownBy(this::load)
        .isInstanceOf(ConversionException.class)
        .hasMessageContaining(sidecar.getFileName() + " is damaged: a column lacks its name")
        .hasMessageContaining("Remove it");
  }

  @Test
  void takesTheTypeOfTheEncodingWhereTheIndexHasAnotherByNow() throws IOException {
    write(10, 1 << 20);
    Files.writeString(
        MdsFiles.sidecar(data),
        """
        {"version": 1, "columns": [
          {"name": "text", "encoding": "str", "nullable": true, "document": false, "type": "string"},
          {"name": "n", "encoding": "int32", "nullable": true, "document": false, "type": "date"},
          {"name": "gone", "encoding": "str", "nullable": true, "document": false, "type": "string"}]}
        """);

    assertThat(load().schema())
        .isEqualTo(
            new StructType()
                .add("text", DataTypes.StringType, true)
                .add("n", DataTypes.LongType, false)
                .add("half", DataTypes.FloatType, false));
  }

  @Test
  void seesADataSetThatWasWrittenAnew() {
    session.range(5).toDF("n").write().format("mds").save(data.toString());
    var frame = load();
    assertThat(frame.count()).isEqualTo(5);

    session.range(7).toDF("n").write().format("mds").mode(SaveMode.Overwrite).save(data.toString());

    assertThat(load().count()).isEqualTo(7);
    assertThat(numbers(frame.select("n").orderBy("n"))).isEqualTo(longs(0, 7));
  }

  @Test
  void joinsAndSortsLikeAnyTable() throws IOException {
    write(1000, 3_000);
    load().createOrReplaceTempView("left_side");

    var rows =
        session
            .sql(
                "select l.n, r.text from left_side l join left_side r on l.n = r.n + 1"
                    + " where l.half > 100 order by l.n desc limit 2")
            .collectAsList();

    assertThat(rows.toString()).isEqualTo("[[999,text 998], [998,text 997]]");
    assertThat(
            IntStream.range(0, 3).mapToObj(i -> load().select("n").distinct().count()).distinct())
        .containsExactly(1000L);
  }
}
