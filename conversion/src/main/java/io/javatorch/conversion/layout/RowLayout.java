package io.javatorch.conversion.layout;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.udf;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;

/**
 * Puts the rows of a DataFrame into another order and into partitions of equal size. The partitions
 * come back as they are to be written: partition 0 is the first share, and so on; a partition is
 * empty only where there are fewer rows than partitions.
 *
 * <p>Where a row goes follows from the rows alone. How the input was partitioned, the order in
 * which its partitions came, {@code spark.sql.shuffle.partitions} and adaptive execution do not
 * matter, given a number of shares.
 *
 * <p>These methods run a Spark job to count before they return, and the result reads the DataFrame
 * again: persist one that is expensive. A DataFrame that gives other rows each time (one with
 * {@code rand()}, say) loses none, but its shares are less equal.
 */
public final class RowLayout {
  private static final int MERGE_STEPS = 2;

  private RowLayout() {}

  /**
   * Shuffles all rows, into as many partitions as there were. Their order, one partition after the
   * other, is the same whatever that number is.
   *
   * <p>Costs what {@link #shuffle(Dataset, long, int)} costs.
   *
   * @param frame without two columns of one name
   * @param seed another seed gives another order
   */
  public static Dataset<Row> shuffle(Dataset<Row> frame, long seed) {
    var histogram = count(frame, seed);
    return shuffle(frame, seed, histogram, histogram.inputPartitions());
  }

  /**
   * Shuffles all rows into {@code shares} partitions, whose sizes differ by a few rows: with a
   * quarter of a million rows or less by 2 or so, with a billion by about a hundred.
   *
   * <p>Rows are ordered by a hash of all their columns; of rows that are the same, each gets a
   * place of its own. Costs two passes over the input. The first one hashes every row and exchanges
   * 20 bytes for each between the executors. The second one exchanges the rows themselves once and
   * sorts each partition; if there are duplicates, rows are exchanged twice, and all copies of one
   * row pass through one task.
   *
   * @param frame without two columns of one name
   * @param seed another seed gives another order
   * @param shares at least 1
   * @throws IllegalArgumentException if {@code shares} is below 1
   */
  public static Dataset<Row> shuffle(Dataset<Row> frame, long seed, int shares) {
    checkShares(shares);
    return shuffle(frame, seed, count(frame, seed), shares);
  }

  /**
   * Divides the rows, in the DataFrame's own order, into {@code shares} partitions whose sizes
   * differ by 1 at most.
   *
   * <p>Costs two passes over the input, of which the second exchanges the rows once and sorts each
   * partition. The DataFrame must give the same partitions both times, as tables and files do; a
   * task fails, saying so, if it sees that they differ.
   *
   * <p>If an executor is lost in the second pass, Spark reads partitions again whose rows had gone
   * to other tasks already. Behind a join, an aggregation or another exchange, rows may then come
   * in another order, and some would be lost and others be there twice, which Spark does not
   * notice. The check that comes back with the rows does, whatever the DataFrame, and fails.
   *
   * @param frame without two columns of one name
   * @param shares at least 1
   * @throws IllegalArgumentException if {@code shares} is below 1
   */
  public static LaidOut divide(Dataset<Row> frame, int shares) {
    checkShares(shares);
    // A hash of all columns, so that Spark reads them all and plans both passes alike.
    var perPartition =
        frame
            .select(
                expr("spark_partition_id()").as("partition"),
                expr(RowHash.quick(frame.schema(), 0)).as("hash"))
            .groupBy(col("partition"))
            .agg(expr("count(1)"), expr("bit_xor(hash)"))
            .collectAsList();
    int partitions =
        perPartition.stream().mapToInt(counted -> counted.getInt(0) + 1).max().orElse(0);
    var counts = new long[partitions];
    perPartition.forEach(counted -> counts[counted.getInt(0)] = counted.getLong(1));

    var place = unused(frame, "place");
    var seen = new OrderCheck();
    frame.sparkSession().sparkContext().register(seen);
    // Of the same rows again: the sum that is made of it depends on their order.
    var hash = expr(RowHash.quick(frame.schema(), 0));
    var key = udf(new DivideKey(counts, PartitionKeys.of(shares), seen), DataTypes.IntegerType);
    return new LaidOut(
        arrange(
            frame.withColumn(place, expr("monotonically_increasing_id()")),
            place,
            key.apply(col(place), hash),
            shares,
            col(place)),
        seen::check);
  }

  private static void checkShares(int shares) {
    if (shares < 1) {
      throw new IllegalArgumentException(
          "The number of shares must be at least 1, but is " + shares);
    }
  }

  private static HashHistogram count(Dataset<Row> frame, long seed) {
    var histogram = new HashHistogram();
    histogram.add(
        frame
            .select(
                expr(RowHash.quick(frame.schema(), seed)).as("hash"),
                expr("spark_partition_id()").as("partition"))
            .groupBy(col("hash"))
            .agg(expr("count(1)"), expr("max(partition)"))
            .mapPartitions(
                (MapPartitionsFunction<Row, byte[]>) HashHistogram::count, Encoders.BINARY())
            .javaRDD()
            // In two steps, so that not all of them come to the driver.
            .treeAggregate(
                HashHistogram.NONE, HashHistogram::merge, HashHistogram::merge, MERGE_STEPS));
    return histogram;
  }

  private static Dataset<Row> shuffle(
      Dataset<Row> frame, long seed, HashHistogram histogram, int shares) {
    var schema = frame.schema();
    var hash = unused(frame, "hash");
    var place = unused(frame, "place");
    // Only looked at where two rows have the same place.
    var tie = RowHash.exact(schema, seed);
    var hashed = frame.withColumn(hash, expr(RowHash.quick(schema, seed)));
    Dataset<Row> placed;
    if (histogram.hasDuplicates()) {
      var copy = unused(frame, "copy");
      placed =
          hashed
              .withColumn(
                  copy,
                  expr(
                      "cast(row_number() over (partition by %s order by %s) - 1 as bigint)"
                          .formatted(hash, tie)))
              .withColumn(place, expr(HashHistogram.placeExpression(hash, copy)))
              .drop(copy, hash);
    } else {
      placed = hashed.withColumnRenamed(hash, place);
    }
    return arrange(
        placed,
        place,
        udf(new ShuffleKey(histogram.cuts(shares), PartitionKeys.of(shares)), DataTypes.IntegerType)
            .apply(col(place)),
        shares,
        col(place),
        expr(tie));
  }

  /** Sends each row to the partition of its key, and sorts partitions. */
  private static Dataset<Row> arrange(
      Dataset<Row> placed, String place, Column key, int shares, Column... order) {
    return placed.repartition(shares, key).sortWithinPartitions(order).drop(place);
  }

  /** A name that no column has. */
  private static String unused(Dataset<Row> frame, String name) {
    var taken =
        Arrays.stream(frame.columns())
            .map(column -> column.toLowerCase(Locale.ROOT))
            .collect(Collectors.toSet());
    var unused = "javatorch_" + name;
    while (taken.contains(unused)) {
      unused += "_";
    }
    return unused;
  }
}
