package io.javatorch.distributor.launch;

import io.javatorch.distributor.TrainingFailedException;
import java.time.Duration;
import org.apache.spark.SparkContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether the cluster can hold a stage of so many tasks at once. Spark finds out too, by waiting
 * for ten minutes without a word.
 */
final class ClusterSlots {
  private static final Logger LOG = LoggerFactory.getLogger(ClusterSlots.class);
  private static final long POLL_MILLIS = 100;
  private static final long SAY_EVERY_MILLIS = 5_000;

  private ClusterSlots() {}

  /**
   * Returns once there are slots for all ranks, or after a while for as many as there have to be.
   *
   * @param least how many ranks are enough after {@code grace}
   * @return how many ranks there are slots for, at most {@code numProcesses}
   * @throws TrainingFailedException if there never can be, or are not within the timeout
   */
  static int await(
      JavaSparkContext spark, int numProcesses, int least, Duration grace, Duration timeout)
      throws InterruptedException {
    if (spark.getConf().getBoolean("spark.dynamicAllocation.enabled", false)) {
      throw new TrainingFailedException(
          "A training job needs all its executors at once, which Spark's dynamic allocation does"
              + " not give a barrier stage (SPARK-24942). Set spark.dynamicAllocation.enabled=false"
              + " and ask for a fixed number of executors.",
          null);
    }
    long started = System.nanoTime();
    long saidMillis = 0;
    while (true) {
      int slots = slots(spark.sc());
      if (slots >= numProcesses) {
        return numProcesses;
      }
      long waitedMillis = (System.nanoTime() - started) / 1_000_000;
      if (slots >= least && waitedMillis >= Math.min(grace.toMillis(), timeout.toMillis())) {
        return slots;
      }
      if (spark.isLocal() || waitedMillis >= timeout.toMillis()) {
        throw new TrainingFailedException(tooFew(spark, least, slots, waitedMillis), null);
      }
      if (waitedMillis - saidMillis >= SAY_EVERY_MILLIS) {
        saidMillis = waitedMillis;
        LOG.warn(
            "Waiting for slots: {} of {} after {} s", slots, numProcesses, waitedMillis / 1000);
      }
      Thread.sleep(POLL_MILLIS);
    }
  }

  /** What Spark itself asks before it submits a barrier stage. */
  private static int slots(SparkContext spark) {
    return spark.maxNumConcurrentTasks(spark.resourceProfileManager().defaultResourceProfile());
  }

  private static String tooFew(
      JavaSparkContext spark, int numProcesses, int slots, long waitedMillis) {
    var conf = spark.getConf();
    return "The job needs "
        + numProcesses
        + " slots at once, one a rank, and the cluster "
        + spark.master()
        + " has "
        + slots
        + (spark.isLocal() ? "" : " after " + waitedMillis / 1000 + " s")
        + " (spark.task.cpus="
        + conf.get("spark.task.cpus", "1")
        + ", spark.executor.cores="
        + conf.get("spark.executor.cores", "all of a worker")
        + ", spark.cores.max="
        + conf.get("spark.cores.max", "no limit")
        + "). "
        + (spark.isLocal()
            ? "Use a master such as local[" + numProcesses + "]"
            : "Add executors or cores, raise spark.cores.max, or free the cluster of other"
                + " applications")
        + ", or lower numProcesses.";
  }
}
