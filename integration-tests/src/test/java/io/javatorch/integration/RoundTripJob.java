package io.javatorch.integration;

import io.javatorch.conversion.DataFrameToMds;
import io.javatorch.distributor.JavaTorchDistributor;
import io.javatorch.streaming.StreamingDataLoader;
import io.javatorch.streaming.StreamingDataset;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * An application for a cluster: it converts DataFrames, reads them back and starts ranks, and fails
 * where anything is not as it was. Its code has to run on every Spark that we do.
 *
 * <p>Arguments: a directory that all nodes see, and one of a Unity Catalog volume.
 */
public final class RoundTripJob {
  private static final int ROWS = 3000;

  private RoundTripJob() {}

  /** Runs it. */
  public static void main(String[] arguments) throws Exception {
    try (var spark = SparkSession.builder().appName("RoundTripJob").getOrCreate()) {
      builder(spark, arguments[0]);
      ranks(spark, arguments[0] + "/builder");
      System.out.println("Spark " + spark.version() + ": all is well");
    }
  }

  private static void builder(SparkSession spark, String directory) {
    Dataset<Row> frame =
        spark
            .range(0, ROWS, 1, 4)
            .selectExpr(
                "id",
                "cast(id as int) as i",
                "cast(id / 3 as double) as d",
                "concat('row ', id) as s",
                "cast(repeat('x', cast(id % 50 as int)) as binary) as b");
    for (var compression : List.of("zstd", "br", "snappy", "gz", "bz2")) {
      check(
          DataFrameToMds.builder(frame)
              .out(directory + (compression.equals("zstd") ? "/builder" : "/" + compression))
              .compression(compression)
              .hashes("sha1", "xxh64")
              .convert()
              .samples(),
          ROWS);
    }
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
