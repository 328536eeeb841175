package io.javatorch.samples;

import io.javatorch.samples.cluster.LocalCluster;
import java.io.IOException;
import java.util.Optional;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;

/**
 * Where {@link QuickStart} gets its Spark session from. Closing it also ends a cluster of its own.
 */
final class QuickStartSession implements AutoCloseable {
  private static final int WORKERS = 2;

  /** System property with the jars to ship to a cluster, separated by commas. */
  private static final String APPLICATION_JARS = "javatorch.application.jars";

  private final SparkSession session;
  private final Optional<LocalCluster> cluster;

  private QuickStartSession(SparkSession session, Optional<LocalCluster> cluster) {
    this.session = session;
    this.cluster = cluster;
  }

  /**
   * Opens a session.
   *
   * @param master URL of a Spark master; none for that of spark-submit, or else a standalone
   *     cluster of two workers on this machine
   * @param slots number of tasks that must be able to run at the same time
   * @throws IOException if the cluster does not come up; the message holds its log
   */
  static QuickStartSession open(Optional<String> master, int slots)
      throws IOException, InterruptedException {
    var given = new SparkConf(); // what spark-submit has set
    master.ifPresent(given::setMaster);
    if (given.contains("spark.master")) {
      shipJars(given);
      return new QuickStartSession(session(given), Optional.empty());
    }
    var cluster =
        LocalCluster.builder()
            .workers(WORKERS)
            .coresPerWorker(Math.max(1, (slots + WORKERS - 1) / WORKERS))
            .start();
    try {
      return new QuickStartSession(session(cluster.sparkConf()), Optional.of(cluster));
    } catch (RuntimeException e) {
      cluster.close();
      throw e;
    }
  }

  /**
   * Lets the executors of a cluster fetch this program, unless spark-submit sees to it.
   * bin/quickstart names the jars.
   */
  private static void shipJars(SparkConf conf) {
    var jars = System.getProperty(APPLICATION_JARS);
    boolean isLocal = conf.get("spark.master").startsWith("local");
    if (jars != null && !isLocal && !conf.contains("spark.jars")) {
      conf.set("spark.jars", jars);
    }
  }

  private static SparkSession session(SparkConf conf) {
    return SparkSession.builder()
        .appName("JavaTorchDistributor quick start")
        .config(conf)
        .config("spark.ui.enabled", false)
        .getOrCreate();
  }

  SparkSession session() {
    return session;
  }

  @Override
  public void close() {
    try {
      session.stop();
    } finally {
      cluster.ifPresent(LocalCluster::close);
    }
  }
}
