package io.javatorch.conversion.progress;

import java.time.Duration;
import java.util.BitSet;
import java.util.NoSuchElementException;
import org.apache.spark.SparkContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerStageSubmitted;
import org.apache.spark.scheduler.SparkListenerTaskEnd;

/**
 * Adds up what the tasks of a job's last stage have written. Called by Spark's thread for listeners
 * and by the one that reports.
 */
final class StageListener extends SparkListener {
  private final String id;
  private final SparkContext context;

  private int stage = -1;
  private int attempt;

  /** When the stage was submitted, or when this was made. */
  private long startNanos = System.nanoTime();

  private int partitions;
  private final BitSet done = new BitSet();

  /** Written by the accepted attempts. */
  private long doneRows;

  private long doneBytes;

  /** Attempts at tasks, of the stage's last attempt, that have ended, however they did. */
  private int endedTasks;

  private long endedRows;

  private long endedBytes;

  /** The most that was ever reported. */
  private long topRows;

  private long topBytes;

  StageListener(String id, SparkContext context) {
    this.id = id;
    this.context = context;
  }

  @Override
  public synchronized void onStageSubmitted(SparkListenerStageSubmitted event) {
    var properties = event.properties();
    if (properties == null || !id.equals(properties.getProperty(StageProgress.PROPERTY))) {
      return;
    }
    var info = event.stageInfo();
    // Stages before the last one write for a shuffle. Jobs that prepare (a sample for a sort, a
    // table to broadcast) come before the one that writes.
    if (info.shuffleDepId().isDefined()) {
      return;
    }
    attempt = info.attemptNumber();
    endedTasks = 0;
    endedRows = 0;
    endedBytes = 0;
    if (info.stageId() == stage) {
      return;
    }
    stage = info.stageId();
    startNanos = System.nanoTime();
    partitions = info.numTasks();
    done.clear();
    doneRows = 0;
    doneBytes = 0;
    topRows = 0;
    topBytes = 0;
  }

  @Override
  public synchronized void onTaskEnd(SparkListenerTaskEnd event) {
    if (event.stageId() != stage) {
      return;
    }
    // There are none of an attempt whose executor is gone.
    var metrics = event.taskMetrics();
    long rows = metrics == null ? 0 : metrics.outputMetrics().recordsWritten();
    long bytes = metrics == null ? 0 : metrics.outputMetrics().bytesWritten();
    if (event.stageAttemptId() == attempt) {
      endedTasks++;
      endedRows += rows;
      endedBytes += bytes;
    }
    // Of two attempts that both succeed Spark takes the first.
    if (event.taskInfo().successful() && !done.get(event.taskInfo().index())) {
      done.set(event.taskInfo().index());
      doneRows += rows;
      doneBytes += bytes;
    }
  }

  /** The figures of a job that has ended well, which tasks do not know until after their last. */
  synchronized StageFigures total(int written, long rows, long bytes) {
    return new StageFigures(
        written, written, rows, bytes, Duration.ofNanos(System.nanoTime() - startNanos));
  }

  synchronized StageFigures figures() {
    if (stage < 0) {
      return new StageFigures(0, 0, 0, 0, Duration.ZERO);
    }
    long runningRows = 0;
    long runningBytes = 0;
    if (done.cardinality() < partitions) {
      try {
        var data = context.statusStore().lastStageAttempt(stage);
        int ended = data.numCompleteTasks() + data.numFailedTasks() + data.numKilledTasks();
        // Otherwise one of us knows of an attempt's end and the other does not yet.
        if (data.attemptId() == attempt && ended == endedTasks) {
          runningRows = Math.max(0, data.outputRecords() - endedRows);
          runningBytes = Math.max(0, data.outputBytes() - endedBytes);
        }
      } catch (NoSuchElementException e) {
        // The store gets the same events on a thread of its own, and forgets old stages.
      }
    }
    topRows = Math.max(topRows, doneRows + runningRows);
    topBytes = Math.max(topBytes, doneBytes + runningBytes);
    return new StageFigures(
        done.cardinality(),
        partitions,
        topRows,
        topBytes,
        Duration.ofNanos(System.nanoTime() - startNanos));
  }
}
