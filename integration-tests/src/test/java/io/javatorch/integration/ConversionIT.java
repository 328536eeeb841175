package io.javatorch.integration;

import java.nio.file.Path;
import org.apache.spark.SparkBuildInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What {@link Spark35IT} does on the oldest Spark, on the one that we build with. */
@Timeout(480)
class ConversionIT {
  @TempDir private Path scratch;

  @Test
  void dataFramesOfEveryTypeGoTheirWayOnAClusterOfTwoWorkers() throws Exception {
    try (var cluster = BareCluster.start()) {
      RoundTrip.submit(cluster, SparkBuildInfo.spark_version(), scratch);
    }
  }
}
