package io.javatorch.conversion.progress;

import static org.apache.spark.sql.functions.col;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.apache.spark.SparkContext;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StageProgressTest {
  /** What tasks wait for; they run in this process. */
  private static final AtomicReference<CountDownLatch> TWICE = new AtomicReference<>();

  private static SparkSession session;
  private static SparkContext context;

  @TempDir private Path directory;

  @BeforeAll
  static void startSpark() {
    session =
        SparkSession.builder()
            .master("local[2,3]")
            .config("spark.ui.enabled", false)
            .config("spark.driver.host", "127.0.0.1")
            .getOrCreate();
    context = session.sparkContext();
  }

  @AfterAll
  static void stopSpark() {
    session.stop();
  }

  @Test
  void reportsUpToTheEndOfTheStageThatWrites() {
    // A sort samples in a job of its own, and shuffles, before anything is written.
    var frame = session.range(0, 1000, 1, 3).toDF("n").orderBy("n").repartitionByRange(5, col("n"));

    var seen = follow(Duration.ofMillis(1), 5, 1000, frame);

    var last = seen.get(seen.size() - 1);
    assertThat(last.partitions()).isEqualTo(5);
    assertThat(last.partitionsDone()).isEqualTo(5);
    assertThat(last.rows()).isEqualTo(1000);
    assertThat(last.bytes()).isEqualTo(1234);
    assertThat(last.elapsed()).isPositive();
  }

  @Test
  void countsNoRowsOfAttemptsThatFail() {
    var seen =
        follow(
            Duration.ofMillis(20),
            2,
            20,
            slow(
                2,
                10,
                row -> {
                  if (row == 8 && TaskContext.get().attemptNumber() == 0) {
                    throw new IllegalStateException("once");
                  }
                }));

    assertThat(seen.get(seen.size() - 1).rows()).isEqualTo(20);
    assertThat(seen).allSatisfy(figures -> assertThat(figures.rows()).isLessThanOrEqualTo(20));
  }

  @Test
  void theLastFiguresNeedNoEventsOfSparks() {
    var seen = new ArrayList<StageFigures>();

    try (var progress = StageProgress.follow(context, Duration.ofDays(1), seen::add)) {
      progress.finish(3, 10, 99);
    }

    assertThat(seen).hasSize(1);
    assertThat(seen.get(0).partitionsDone()).isEqualTo(3);
    assertThat(seen.get(0).partitions()).isEqualTo(3);
    assertThat(seen.get(0).rows()).isEqualTo(10);
    assertThat(seen.get(0).bytes()).isEqualTo(99);
    assertThat(seen.get(0).elapsed()).isPositive();
  }

  @Test
  void aConsumerThatThrowsDisturbsNothing() {
    var calls = Collections.synchronizedList(new ArrayList<StageFigures>());
    TWICE.set(new CountDownLatch(2));

    try (var progress =
        StageProgress.follow(
            context,
            Duration.ofMillis(1),
            figures -> {
              calls.add(figures);
              TWICE.get().countDown();
              throw new IllegalStateException("not interested");
            })) {
      write(slow(2, 5, row -> await(TWICE.get())));
      progress.finish(2, 10, 99);
    }

    assertThat(calls).hasSizeGreaterThan(2);
    assertThat(calls.get(calls.size() - 1).rows()).isEqualTo(10);
  }

  @Test
  void leavesNothingBehindEvenIfTheJobFails() {
    follow(Duration.ofMillis(5), 2, 10, session.range(10).toDF("n"));
    var failing =
        slow(
            1,
            1,
            row -> {
              throw new IllegalStateException("always");
            });

    var calls = Collections.synchronizedList(new ArrayList<StageFigures>());
    context.setLocalProperty(StageProgress.PROPERTY, "outer");
    assertThatThrownBy(
            () -> {
              try (var progress = StageProgress.follow(context, Duration.ofMillis(5), calls::add)) {
                assertThat(context.getLocalProperty(StageProgress.PROPERTY)).isNotEqualTo("outer");
                write(failing);
                progress.finish(1, 1, 1);
              }
            })
        .hasStackTraceContaining("always");

    assertThat(context.getLocalProperty(StageProgress.PROPERTY)).isEqualTo("outer");
    context.setLocalProperty(StageProgress.PROPERTY, null);
    assertThat(Thread.getAllStackTraces().keySet())
        .noneMatch(thread -> thread.getName().equals("mds-progress"));
    var before = List.copyOf(calls);
    write(session.range(10).toDF("n"));
    assertThat(calls).isEqualTo(before);
  }

  @Test
  void refusesAnIntervalOfNothing() {
    assertThatThrownBy(() -> StageProgress.follow(context, Duration.ZERO, figures -> {}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("at least 1 ms");
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(1, TimeUnit.MINUTES)).isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private interface Check extends java.io.Serializable {
    void row(long number);
  }

  /** A frame whose rows take 20 ms each. */
  private static Dataset<Row> slow(int partitions, int rows, Check check) {
    return session
        .range(0, (long) partitions * rows, 1, partitions)
        .mapPartitions(
            (MapPartitionsFunction<Long, Long>)
                values -> {
                  var number = new long[1];
                  return new java.util.Iterator<>() {
                    @Override
                    public boolean hasNext() {
                      return values.hasNext();
                    }

                    @Override
                    public Long next() {
                      check.row(number[0]++);
                      try {
                        Thread.sleep(20);
                      } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                      }
                      return values.next();
                    }
                  };
                },
            Encoders.LONG())
        .toDF("n");
  }

  private List<StageFigures> follow(
      Duration interval, int partitions, long rows, Dataset<Row> frame) {
    var seen = Collections.synchronizedList(new ArrayList<StageFigures>());
    Consumer<StageFigures> consumer = seen::add;
    try (var progress = StageProgress.follow(context, interval, consumer)) {
      write(frame);
      progress.finish(partitions, rows, 1234);
    }
    return List.copyOf(seen);
  }

  private void write(Dataset<Row> frame) {
    frame.write().mode(SaveMode.Overwrite).json(directory.resolve("out").toString());
  }
}
