package io.javatorch.conversion.layout;

import static org.apache.spark.sql.functions.rand;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.javatorch.conversion.ConversionException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RowLayoutTest {
  /** Tasks run in this process. */
  private static final AtomicInteger READS = new AtomicInteger();

  private static SparkSession session;
  private static JavaSparkContext context;

  @BeforeAll
  static void startSpark() {
    session =
        SparkSession.builder()
            .master("local[2]")
            .config("spark.ui.enabled", false)
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.sql.shuffle.partitions", 4)
            .getOrCreate();
    context = JavaSparkContext.fromSparkContext(session.sparkContext());
  }

  @AfterAll
  static void stopSpark() {
    session.stop();
  }

  @Test
  void aShuffleFollowsFromTheRowsAlone() {
    var frame = rich(500).persist();
    var first = partitions(RowLayout.shuffle(frame, 7, 5));

    var others = new ArrayList<List<List<Row>>>();
    others.add(partitions(RowLayout.shuffle(frame.orderBy(rand(1)).coalesce(1), 7, 5)));
    with(
        Map.of("spark.sql.shuffle.partitions", "13", "spark.sql.adaptive.enabled", "false"),
        () -> others.add(partitions(RowLayout.shuffle(frame.repartition(8), 7, 5))));

    assertThat(others).allSatisfy(other -> assertThat(other).isEqualTo(first));
    assertThat(first.stream().flatMap(List::stream).toList())
        .hasSize(550)
        .containsExactlyInAnyOrderElementsOf(frame.collectAsList());
    frame.unpersist();
  }

  @Test
  void rowsOfOneHashAreOrderedByWhatTheyHold() {
    // Spark's own hash passes over nulls, the grouping of nested arrays and the sign of zero.
    var schema = StructType.fromDDL("a int, b int, c array<array<int>>, d double");
    var rows = new ArrayList<Row>();
    for (var c : List.of(new Integer[][] {{1, 2}}, new Integer[][] {{1}, {2}})) {
      for (double d : new double[] {0.0, -0.0}) {
        rows.add(RowFactory.create(1, null, c, d));
        rows.add(RowFactory.create(null, 1, c, d));
      }
    }
    var first = text(RowLayout.shuffle(frame(rows, schema, 1), 7, 2));

    for (int seed = 0; seed < 4; seed++) {
      Collections.shuffle(rows, new Random(seed));
      assertThat(text(RowLayout.shuffle(frame(rows, schema, 3), 7, 2))).isEqualTo(first);
    }
    assertThat(new HashSet<>(first)).hasSize(8);
  }

  @Test
  void aShuffleKeepsEveryRowOnceInSharesOfOneSize() {
    var shuffled = numbers(RowLayout.shuffle(session.range(0, 100_000, 1, 3).toDF("n"), 1, 7));

    assertThat(shuffled.stream().flatMap(List::stream).sorted())
        .containsExactlyElementsOf(LongStream.range(0, 100_000).boxed().toList());
    assertThat(shuffled)
        .hasSize(7)
        .allSatisfy(share -> assertThat(share.size()).isCloseTo(100_000 / 7, within(2)));
  }

  @Test
  void aShuffleLooksRandom() {
    int count = 20_000;
    var order =
        numbers(RowLayout.shuffle(session.range(0, count, 1, 3).toDF("n"), 1, 4)).stream()
            .flatMap(List::stream)
            .toList();

    // For a random order: 0 +- 0.007, and a third of the range +- 0.2 % of it.
    double middle = (count - 1) / 2.0;
    double product = 0;
    double distance = 0;
    for (int i = 0; i < count; i++) {
      product += (i - middle) * (order.get(i) - middle);
      distance += i == 0 ? 0 : Math.abs(order.get(i) - order.get(i - 1));
    }
    double correlation = product / ((double) count * count * count / 12);
    assertThat(correlation).isCloseTo(0, within(0.04));
    assertThat(distance / (count - 1) / count).isCloseTo(1 / 3.0, within(0.01));
  }

  @Test
  void copiesOfARowAreSpreadAsOthersAre() {
    // A thousand copies each of ten rows.
    var frame = session.range(0, 10_000, 1, 3).selectExpr("id % 10 as n");
    var shuffled = numbers(RowLayout.shuffle(frame, 1, 4));

    assertThat(shuffled)
        .allSatisfy(share -> assertThat(share.size()).isCloseTo(2500, within(2)))
        .allSatisfy(
            share ->
                assertThat(share.stream().collect(Collectors.groupingBy(n -> n)).values())
                    .hasSize(10)
                    .allSatisfy(copies -> assertThat(copies.size()).isBetween(170, 330)));
    var order = shuffled.stream().flatMap(List::stream).toList();
    long runs =
        IntStream.range(1, order.size()).filter(i -> order.get(i).equals(order.get(i - 1))).count();
    assertThat(runs).isBetween(850L, 1150L);
    assertThat(order.stream().filter(n -> n == 3)).hasSize(1000);
  }

  @Test
  void anotherSeedGivesAnotherOrder() {
    var frame = session.range(0, 100, 1, 2).toDF("n");

    assertThat(numbers(RowLayout.shuffle(frame, Long.MIN_VALUE, 2)))
        .isNotEqualTo(numbers(RowLayout.shuffle(frame, Long.MIN_VALUE + 1, 2)));
  }

  @Test
  void theOrderIsTheSameHoweverManySharesThereAre() {
    var frame = session.range(0, 1000, 1, 3).toDF("n");

    var kept = numbers(RowLayout.shuffle(frame, 5));

    assertThat(kept).hasSize(3);
    assertThat(kept.stream().flatMap(List::stream))
        .containsExactlyElementsOf(
            numbers(RowLayout.shuffle(frame, 5, 11)).stream().flatMap(List::stream).toList());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 10})
  void aDivisionKeepsTheOrderInSharesOfOneSize(int partitions) {
    var divided =
        numbers(RowLayout.divide(session.range(0, 1003, 1, partitions).toDF("n"), 4).rows());

    assertThat(divided.stream().flatMap(List::stream))
        .containsExactlyElementsOf(LongStream.range(0, 1003).boxed().toList());
    assertThat(divided.stream().map(List::size)).containsExactly(251, 251, 251, 250);
  }

  @Test
  void aDivisionKeepsTheOrderOfASortedFrame() {
    var sorted = rich(300).filter("n is not null").orderBy("n", "s");

    var divided = partitions(RowLayout.divide(sorted, 7).rows());

    assertThat(divided.stream().flatMap(List::stream).map(row -> row.getLong(0)))
        .hasSizeGreaterThan(200)
        .isSorted();
    assertThat(divided).hasSize(7);
  }

  @Test
  void aDivisionNoticesThatAPartitionWasReadAgainInAnotherOrder() {
    var fixed = RowLayout.divide(reread(false), 2);
    var moving = RowLayout.divide(reread(true), 2);

    // A frame of its own makes Spark read the input anew, as it does where an executor is lost.
    for (var laidOut : List.of(fixed, moving)) {
      assertThat(laidOut.rows().count()).isEqualTo(20);
      laidOut.check().run();
      assertThat(laidOut.rows().selectExpr("n + 1").count()).isEqualTo(20);
    }

    fixed.check().run();
    assertThatThrownBy(() -> moving.check().run())
        .isInstanceOf(ConversionException.class)
        .hasMessageContaining("partition 1 of the DataFrame again")
        .hasMessageContaining("Write the DataFrame out first");
  }

  /** Two partitions, of which the second may come in another order each time. */
  private static Dataset<Row> reread(boolean moving) {
    return session
        .range(0, 20, 1, 2)
        .mapPartitions(
            (MapPartitionsFunction<Long, Long>)
                rows -> {
                  var order = new ArrayList<Long>();
                  rows.forEachRemaining(order::add);
                  if (moving && TaskContext.getPartitionId() == 1) {
                    Collections.rotate(order, READS.incrementAndGet());
                  }
                  return order.iterator();
                },
            Encoders.LONG())
        .toDF("n");
  }

  @Test
  void aFrameWithoutRowsOrWithFewerThanSharesIsFine() {
    var few = session.range(0, 3, 1, 2).toDF("n");

    assertThat(numbers(RowLayout.shuffle(few, 1, 8)).stream().map(List::size))
        .hasSize(8)
        .allMatch(size -> size <= 1)
        .filteredOn(size -> size == 1)
        .hasSize(3);
    assertThat(numbers(RowLayout.divide(few, 8).rows()).stream().flatMap(List::stream))
        .containsExactly(0L, 1L, 2L);
    assertThat(RowLayout.shuffle(few.filter("n > 5"), 1, 4).count()).isZero();
    assertThat(RowLayout.shuffle(few.filter("n > 5"), 1).count()).isZero();
    assertThat(RowLayout.divide(few.filter("n > 5"), 4).rows().count()).isZero();
  }

  @Test
  void columnsKeepTheirNamesAndTypes() {
    var taken = rich(20).withColumnRenamed("s", "javatorch_PLACE");

    assertThat(RowLayout.shuffle(taken, 1, 2).schema()).isEqualTo(taken.schema());
    assertThat(RowLayout.divide(taken, 2).rows().schema()).isEqualTo(taken.schema());
  }

  @Test
  void refusesLessThanOneShare() {
    assertThatThrownBy(() -> RowLayout.shuffle(session.range(3).toDF(), 1, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("at least 1, but is 0");
  }

  /**
   * Rows with nulls, maps and nested columns in an order of their own, every tenth of which is
   * there twice.
   */
  private static Dataset<Row> rich(int count) {
    var rows = session.range(0, count, 1, 3);
    return rows.union(rows.filter("id % 10 = 0"))
        .selectExpr(
            "if(id % 6 = 0, null, id div 2) as n",
            "concat('s', id) as s",
            "if(id % 4 = 0, null, array(id, null, 3L)) as a",
            "if(id % 5 = 0, null, map(concat('k', id % 3), id % 7)) as `m.x`",
            "named_struct('d', id / 3, 'mm', if(id % 3 = 0, null,"
                + " map('z', array(map(1, 'one'), map(2, concat('n', id % 11)))))) as t")
        .repartition(3);
  }

  private static Dataset<Row> frame(List<Row> rows, StructType schema, int partitions) {
    return session.createDataFrame(context.parallelize(rows, partitions), schema);
  }

  private static List<List<Row>> partitions(Dataset<Row> frame) {
    return frame.javaRDD().glom().collect().stream().map(List::copyOf).toList();
  }

  private static List<List<Long>> numbers(Dataset<Row> frame) {
    return partitions(frame).stream()
        .map(rows -> rows.stream().map(row -> row.getLong(0)).toList())
        .toList();
  }

  /** Rows as JSON, in which every difference can be seen. */
  private static List<String> text(Dataset<Row> frame) {
    return frame.toJSON().collectAsList();
  }

  private static void with(Map<String, String> settings, Runnable body) {
    var before = new java.util.HashMap<String, String>();
    settings.forEach(
        (name, value) -> {
          before.put(name, session.conf().get(name));
          session.conf().set(name, value);
        });
    try {
      body.run();
    } finally {
      before.forEach((name, value) -> session.conf().set(name, value));
    }
  }
}
