package io.javatorch.integration;

import io.javatorch.conversion.DataFrameToMds;
import io.javatorch.conversion.schema.NullPolicy;
import io.javatorch.distributor.JavaTorchDistributor;
import io.javatorch.streaming.StreamingDataLoader;
import io.javatorch.streaming.StreamingDataset;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * An application for a cluster: it converts DataFrames of all types, reads them back and starts
 * ranks, and fails where anything is not as it was. Its code has to run on every Spark that we do.
 *
 * <p>Arguments: a directory that all nodes see, and one of a Unity Catalog volume.
 */
public final class RoundTripJob {
  private static final int ROWS = 2000;

  private RoundTripJob() {}

  /** Runs it. */
  public static void main(String[] arguments) throws Exception {
    try (var spark = SparkSession.builder().appName("RoundTripJob").getOrCreate()) {
      String directory = arguments[0];
      compressions(spark, directory);
      for (var parent : List.of(directory, arguments[1])) {
        roundTrip(spark, parent + "/complete", false, NullPolicy.FAIL);
      }
      roundTrip(spark, directory + "/with-nulls", true, NullPolicy.JSON);
      append(spark, directory + "/appended");
      query(spark, directory + "/complete");
      ranks(spark, directory + "/complete");
      System.out.println("Spark " + spark.version() + ": all is well");
    }
  }

  /** Every type that there is, scalars first; every seventh value is null if there are nulls. */
  private static Dataset<Row> frame(SparkSession spark, boolean nulls) {
    var columns =
        List.of(
            "id % 2 = 0 as boolean",
            "cast(id % 256 - 128 as tinyint) as tinyint",
            "cast(-id as smallint) as smallint",
            "cast(id * 1000003 as int) as int",
            "id * -1000000007 as bigint",
            "cast(id / 3 as float) as float",
            "if(id % 11 = 0, double('NaN'), id / 7.0d) as double",
            "cast(id / 100 as decimal(20, 6)) as decimal",
            "concat('größe 😀 ', id) as string",
            "encode(repeat('x', cast(id % 50 as int)), 'UTF-8') as binary",
            "date_add(date'1969-07-20', cast(id * 30 as int)) as date",
            "timestamp_micros(id * 1234567890123 - 5000000000000000) as timestamp",
            "timestamp_ntz'1969-12-31 23:59:59.999999' + make_dt_interval(cast(id as int))"
                + " as timestamp_ntz",
            "make_ym_interval(cast(id as int), 3) as months",
            "make_dt_interval(cast(id as int), 1, 2, 3.000004) as span",
            "array(cast(id as float), cast(0.5 as float)) as vector",
            "array(array(id, 1L), array(2L, -id)) as matrix",
            "array(id % 3 = 0, true) as flags",
            "array(concat('a', id), 'b') as texts",
            "named_struct('n', id, 't', concat('t', id), 'in', named_struct('d', id / 2)) as struct",
            "map(concat('k', id % 5), array(id, id + 1)) as map");
    return spark
        .range(0, ROWS, 1, 4)
        .selectExpr(
            Stream.concat(
                    Stream.of("id"),
                    columns.stream()
                        .map(column -> nulls ? withNulls(column, columns.indexOf(column)) : column))
                .toArray(String[]::new));
  }

  private static String withNulls(String column, int place) {
    int as = column.lastIndexOf(" as ");
    return "if((id + %d) %% 7 = 0, null, %s)%s"
        .formatted(place, column.substring(0, as), column.substring(as));
  }

  /**
   * By the builder, and by Spark's own way to write, which does not let intervals through to any
   * source.
   */
  private static void roundTrip(SparkSession spark, String out, boolean nulls, NullPolicy policy) {
    var frame = frame(spark, nulls);
    DataFrameToMds.builder(frame)
        .out(out)
        .nullPolicy(policy)
        .sizeLimitBytes(100_000)
        .hashes("sha1", "xxh64")
        .convert();
    compare(frame, read(spark, out), out);
    var saved = frame.drop("months", "span");
    saved
        .write()
        .format("mds")
        .option("nullPolicy", policy.name())
        .option("sizeLimit", "100kb")
        .mode("overwrite")
        .save(out);
    compare(saved, read(spark, out), out);
  }

  private static Dataset<Row> read(SparkSession spark, String directory) {
    return spark.read().format("mds").load(directory);
  }

  private static void compare(Dataset<Row> expected, Dataset<Row> found, String what) {
    var names = expected.columns();
    for (var name : names) {
      var type = expected.schema().apply(name).dataType();
      var read = found.schema().apply(name).dataType();
      if (!read.asNullable().equals(type.asNullable())) {
        throw new IllegalStateException(
            "%s: column %s was %s and is %s".formatted(what, name, type.sql(), read.sql()));
      }
    }
    var rows = expected.selectExpr(names).orderBy("id").collectAsList();
    var back = found.selectExpr(names).orderBy("id").collectAsList();
    check(back.size(), rows.size());
    for (int i = 0; i < rows.size(); i++) {
      if (!rows.get(i).equals(back.get(i))) {
        throw new IllegalStateException(
            "%s: row %d was %s and is %s".formatted(what, i, rows.get(i), back.get(i)));
      }
    }
  }

  private static void compressions(SparkSession spark, String directory) {
    var frame =
        spark
            .range(0, ROWS, 1, 4)
            .selectExpr("id", "concat('row ', id) as text", "array(id, id * 2) as vector");
    for (var compression : List.of("zstd", "br", "snappy", "gz", "bz2")) {
      String out = directory + "/" + compression;
      check(
          DataFrameToMds.builder(frame)
              .out(out)
              .compression(compression)
              .hashes("sha1", "xxh64")
              .convert()
              .samples(),
          ROWS);
      compare(frame, read(spark, out), out);
    }
    String shuffled = directory + "/shuffled";
    DataFrameToMds.builder(frame).out(shuffled).shuffle(7).shards(3).convert();
    compare(frame, read(spark, shuffled), shuffled);
  }

  private static void append(SparkSession spark, String out) {
    var frame = spark.range(0, ROWS).selectExpr("id", "concat('row ', id) as text");
    frame.where("id < 500").write().format("mds").save(out);
    frame.where("id >= 500").write().format("mds").mode("append").save(out);
    compare(frame, read(spark, out), out);
  }

  private static void query(SparkSession spark, String set) {
    var found =
        spark
            .sql(
                "select count(*), sum(id), count(distinct struct.t), max(date) from mds.`"
                    + set
                    + "` where boolean")
            .first();
    check(found.getLong(0), ROWS / 2);
    check(found.getLong(1), (ROWS / 2 - 1L) * (ROWS / 2));
    check(found.getLong(2), ROWS / 2);
    check(read(spark, set).count(), ROWS);
  }

  /** Two processes that train nothing, but read what was written, half of it each. */
  private static void ranks(SparkSession spark, String set) throws InterruptedException {
    List<Long> sums =
        JavaTorchDistributor.builder(JavaSparkContext.fromSparkContext(spark.sparkContext()))
            .numProcesses(2)
            .workerHeap("256m")
            .build()
            .runAll(
                context -> {
                  long sum = 0;
                  try (var dataset =
                          StreamingDataset.builder()
                              .local(Path.of(set))
                              .world(context.world())
                              .batchSize(50)
                              .build();
                      var loader = StreamingDataLoader.builder(dataset).build()) {
                    for (var batch : loader) {
                      for (var sample : batch) {
                        sum += sample.getLong("id");
                      }
                    }
                  }
                  return sum;
                });
    check(sums.get(0) + sums.get(1), (ROWS - 1L) * ROWS / 2);
  }

  private static void check(long found, long expected) {
    if (found != expected) {
      throw new IllegalStateException("found " + found + " where " + expected + " was expected");
    }
  }
}
