package io.javatorch.conversion.benchmark;

import io.javatorch.conversion.DataFrameToMds;
import io.javatorch.streaming.format.MdsWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;

/**
 * This library's side of {@code bin/benchmark conversion}: a driver in local mode that makes the
 * table, or times passes over it and prints a line {@code PASS MILLISECONDS} for each, the median
 * of its runs.
 *
 * <p>Arguments: the directory to work in, the count of rows, the runs, and the passes, by comma.
 */
final class ConversionPasses {
  private static final int FILES = 8;
  private static final int VECTOR = 32;

  /** A task needs several times as much. */
  private static final long SMALL_SHARD_BYTES = 16 << 20;

  private static final StructType SCHEMA =
      StructType.fromDDL("number int, text string, blob binary, vector array<float>");

  private final Path work;
  private final int rows;
  private final int runs;
  private final SparkSession spark;

  private ConversionPasses(Path work, int rows, int runs, SparkSession spark) {
    this.work = work;
    this.rows = rows;
    this.runs = runs;
    this.spark = spark;
  }

  public static void main(String[] arguments) throws IOException {
    try (var spark =
        SparkSession.builder()
            .master("local[2]")
            .appName("ConversionPasses")
            .config("spark.ui.enabled", false)
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.local.dir", Path.of(arguments[0], "spark-local").toString())
            .getOrCreate()) {
      var passes =
          new ConversionPasses(
              Path.of(arguments[0]),
              Integer.parseInt(arguments[1]),
              Integer.parseInt(arguments[2]),
              spark);
      for (String pass : arguments[3].split(",")) {
        passes.run(pass);
      }
    }
  }

  private void run(String pass) throws IOException {
    switch (pass) {
      case "table" -> writeTable();
      case "noop" -> report(pass, () -> table().write().format("noop").mode("overwrite").save());
      case "plain" -> report(pass, () -> convert("", MdsWriter.DEFAULT_SIZE_LIMIT_BYTES));
      case "zstd" -> report(pass, () -> convert("zstd", MdsWriter.DEFAULT_SIZE_LIMIT_BYTES));
      case "small-shards" -> report(pass, () -> convert("zstd", SMALL_SHARD_BYTES));
      default -> throw new IllegalArgumentException("no such pass: " + pass);
    }
  }

  private String tablePath() {
    return work.resolve("table").toString();
  }

  private Dataset<Row> table() {
    return spark.read().parquet(tablePath());
  }

  /** A table of as many files as come to some tasks for each of the two cores. */
  private void writeTable() {
    var context = JavaSparkContext.fromSparkContext(spark.sparkContext());
    int perFile = (rows + FILES - 1) / FILES;
    int total = rows;
    var made =
        context
            .parallelize(java.util.stream.IntStream.range(0, FILES).boxed().toList(), FILES)
            .flatMap(
                file ->
                    new SplittableRandom(file)
                        .ints(Math.max(0, Math.min(perFile, total - file * perFile)))
                        .mapToObj(seed -> row(seed))
                        .iterator());
    spark.createDataFrame(made, SCHEMA).write().parquet(tablePath());
    var sizes =
        table()
            .selectExpr("count(*)", "sum(4 + length(text) + length(blob) + 4 * size(vector))")
            .first();
    if (sizes.getLong(0) != rows) {
      throw new IllegalStateException("the table has " + sizes.getLong(0) + " rows");
    }
    System.out.println("bytes " + sizes.getLong(1));
  }

  private static Row row(int seed) {
    var random = new SplittableRandom(seed);
    var blob = new byte[random.nextInt(512, 1537)];
    // Every other byte is random, so that it compresses to about a half.
    for (int at = 0; at < blob.length; at += 2) {
      blob[at] = (byte) random.nextInt();
    }
    var text = new byte[random.nextInt(64, 137)];
    for (int at = 0; at < text.length; at++) {
      text[at] = (byte) random.nextInt('a', 'z' + 1);
    }
    var vector = new ArrayList<Float>(VECTOR);
    for (int at = 0; at < VECTOR; at++) {
      vector.add((float) random.nextDouble());
    }
    return RowFactory.create(
        seed, new String(text, StandardCharsets.US_ASCII), blob, List.copyOf(vector).toArray());
  }

  private void convert(String compression, long shardBytes) throws IOException {
    Path out = work.resolve("java-out");
    delete(out);
    var builder = DataFrameToMds.builder(table()).out(out.toString()).sizeLimitBytes(shardBytes);
    if (compression.isEmpty()) {
      builder.noCompression();
    } else {
      builder.compression(compression);
    }
    var summary = builder.convert();
    if (summary.samples() != rows) {
      throw new IllegalStateException(summary.toString());
    }
  }

  private interface Step {
    void run() throws IOException;
  }

  /** The first run is not counted. */
  private void report(String name, Step step) throws IOException {
    var times = new double[runs];
    for (int run = -1; run < runs; run++) {
      long start = System.nanoTime();
      step.run();
      if (run >= 0) {
        times[run] = (System.nanoTime() - start) / 1e6;
      }
    }
    delete(work.resolve("java-out"));
    Arrays.sort(times);
    System.out.println(name + " " + times[runs / 2]);
  }

  private static void delete(Path directory) throws IOException {
    if (Files.exists(directory)) {
      try (var paths = Files.walk(directory)) {
        for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(path);
        }
      }
    }
  }
}
