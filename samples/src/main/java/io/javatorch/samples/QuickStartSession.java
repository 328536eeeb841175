package io.javatorch.samples;

import java.util.Optional;
import org.apache.spark.sql.SparkSession;

/** Where {@link QuickStart} gets its Spark session from. */
final class QuickStartSession implements AutoCloseable {
  private final SparkSession session;

  private QuickStartSession(SparkSession session) {
    this.session = session;
  }

  /**
   * Opens a session.
   *
   * @param master URL of a Spark master, or none for a cluster of its own on this machine
   * @param slots number of tasks that must be able to run at the same time
   */
  static QuickStartSession open(Optional<String> master, int slots) {
    var session =
        SparkSession.builder()
            .appName("JavaTorchDistributor quick start")
            .master(master.orElse("local[" + Math.max(2, slots) + "]"))
            .config("spark.ui.enabled", false)
            .getOrCreate();
    return new QuickStartSession(session);
  }

  SparkSession session() {
    return session;
  }

  @Override
  public void close() {
    session.stop();
  }
}
