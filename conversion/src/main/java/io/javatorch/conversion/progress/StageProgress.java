package io.javatorch.conversion.progress;

import java.time.Duration;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.spark.SparkContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reports how far the writing stage is of the job that the calling thread starts next.
 *
 * <pre>{@code
 * try (var progress = StageProgress.follow(context, Duration.ofSeconds(5), System.out::println)) {
 *   frame.write()....save(path);
 *   progress.finish(partitions, rows, bytes);
 * }
 * }</pre>
 *
 * <p>The job is known by a local property of the thread. Reports come from a thread of their own; a
 * consumer that throws is logged once and called again. After {@link #close}, which the following
 * thread must call, neither thread, listener nor property is left.
 *
 * <p>Rows and bytes are the output metrics of the stage's tasks: those of tasks that ended well are
 * exact; those of running ones come with the executors' heartbeats ({@code
 * spark.executor.heartbeatInterval}, by default 10 s), but not in local mode, where Spark loses
 * them on the way. The figures never go back before the last ones, so that rows of a running
 * attempt that fails later can be counted until others make up for them.
 */
public final class StageProgress implements AutoCloseable {
  /** The local property that names the job. A job that has it already is followed by another. */
  public static final String PROPERTY = "io.javatorch.conversion.id";

  private static final Logger LOG = LoggerFactory.getLogger(StageProgress.class);

  /** How long a report that is under way may hold up the last one. */
  private static final Duration LAST_REPORT = Duration.ofSeconds(30);

  private final SparkContext context;
  private final StageListener listener;
  private final Consumer<StageFigures> consumer;
  private final String outer;
  private final ScheduledExecutorService ticker;
  private boolean complained;

  private StageProgress(
      SparkContext context, StageListener listener, Consumer<StageFigures> consumer) {
    this.context = context;
    this.listener = listener;
    this.consumer = consumer;
    outer = context.getLocalProperty(PROPERTY);
    ticker =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              var thread = new Thread(task, "mds-progress");
              thread.setDaemon(true);
              return thread;
            });
  }

  /**
   * Starts to follow.
   *
   * @param interval time between reports, at least 1 ms
   * @param consumer gets a report in every interval once the stage runs, and a last one from {@link
   *     #finish}; never two at a time
   * @throws IllegalArgumentException if the interval is too short
   */
  public static StageProgress follow(
      SparkContext context, Duration interval, Consumer<StageFigures> consumer) {
    Objects.requireNonNull(consumer, "consumer");
    if (interval.toMillis() < 1) {
      throw new IllegalArgumentException("interval must be at least 1 ms, not " + interval);
    }
    var id = UUID.randomUUID().toString();
    var progress = new StageProgress(context, new StageListener(id, context), consumer);
    context.addSparkListener(progress.listener);
    context.setLocalProperty(PROPERTY, id);
    var unused =
        progress.ticker.scheduleWithFixedDelay(
            progress::report, interval.toMillis(), interval.toMillis(), TimeUnit.MILLISECONDS);
    return progress;
  }

  /**
   * Makes a last report, of the whole stage, once the job has ended well. Its figures are exact:
   * they do not come from Spark's events, of which the last may not have come yet.
   *
   * @param partitions how many it has written
   * @param rows how many it has written
   * @param bytes how much it has written
   */
  public void finish(int partitions, long rows, long bytes) {
    ticker.shutdown();
    try {
      if (ticker.awaitTermination(LAST_REPORT.toMillis(), TimeUnit.MILLISECONDS)) {
        tell(listener.total(partitions, rows, bytes));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    ticker.shutdownNow();
    context.removeSparkListener(listener);
    context.setLocalProperty(PROPERTY, outer);
    try {
      // A report may be under way. It is short, unless the consumer does something else.
      if (!ticker.awaitTermination(5, TimeUnit.SECONDS)) {
        LOG.warn("A listener of progress has not returned for 5 s, and is left behind");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void report() {
    var figures = listener.figures();
    if (figures.partitions() > 0) {
      tell(figures);
    }
  }

  private void tell(StageFigures figures) {
    try {
      consumer.accept(figures);
    } catch (RuntimeException e) {
      if (!complained) {
        complained = true;
        LOG.warn("A listener of progress failed; the conversion goes on without minding it", e);
      }
    }
  }
}
