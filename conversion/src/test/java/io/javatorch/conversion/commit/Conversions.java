package io.javatorch.conversion.commit;

import io.javatorch.conversion.MdsFiles;
import io.javatorch.conversion.Trees;
import io.javatorch.conversion.schema.SchemaSidecar;
import io.javatorch.conversion.schema.SchemaSidecar.TypedColumn;
import io.javatorch.streaming.storage.RetryPolicy;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.LongStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;

/** Conversions of one column of numbers, without Spark. */
record Conversions(Destination destination, RetryPolicy retries, Claim.Timing timing) {
  static final RetryPolicy IMPATIENT =
      new RetryPolicy(2, Duration.ofSeconds(10), Duration.ofMillis(1));

  /** For jobs that are alone, or come after a dead one. */
  static final Claim.Timing QUICK =
      new Claim.Timing(Duration.ofMillis(40), Duration.ofMillis(400), Duration.ofSeconds(5));

  /** For jobs that meet living ones, which a busy machine can keep from a renewal for seconds. */
  static final Claim.Timing PATIENT =
      new Claim.Timing(Duration.ofMillis(40), Duration.ofSeconds(60), Duration.ofSeconds(5));

  /** The number of times that Spark tries a task. */
  private static final int ATTEMPTS = 4;

  static Conversions to(String location) {
    return new Conversions(Destination.of(location, new Configuration(false)), IMPATIENT, QUICK);
  }

  Conversions patient() {
    return new Conversions(destination, retries, PATIENT);
  }

  static TargetJob.Plan plan(TargetJob.Mode mode) {
    return plan(mode, true);
  }

  static TargetJob.Plan plan(TargetJob.Mode mode, boolean mergeIndex) {
    return new TargetJob.Plan(
        mode,
        Map.of("n", "int64"),
        mergeIndex,
        Optional.of(types(DataTypes.LongType, false)),
        "a test");
  }

  /** What is known of the column, of the encoding int64. */
  static SchemaSidecar types(DataType type, boolean nullable) {
    return new SchemaSidecar(List.of(new TypedColumn("n", type, nullable, "int64", false)));
  }

  static TargetJob.Plan plan(TargetJob.Mode mode, SchemaSidecar types) {
    return new TargetJob.Plan(mode, Map.of("n", "int64"), true, Optional.of(types), "a test");
  }

  TargetJob begin(TargetJob.Mode mode) throws IOException {
    return begin(plan(mode));
  }

  TargetJob begin(TargetJob.Plan plan) throws IOException {
    return TargetJob.begin(destination, plan, retries, timing);
  }

  static ShardSettings settings() {
    // Two shards of three numbers, and so on.
    return new ShardSettings(Map.of("n", "int64"), "zstd", List.of(), 450, "", false);
  }

  AttemptWriter attempt(TargetJob job, int partition) {
    return new AttemptWriter(
        destination, settings(), job.id(), job.firstPart() + partition, retries);
  }

  /** Writes one attempt at a partition. */
  PartShards writePart(TargetJob job, int partition, long from, long to) throws IOException {
    try (var attempt = attempt(job, partition)) {
      for (long n = from; n < to; n++) {
        var row = attempt.writer().row();
        row.setLong(0, n).write();
      }
      return attempt.finish(0);
    }
  }

  /** Writes a partition for each two bounds that follow each other, as often as Spark would. */
  List<PartShards> write(TargetJob job, long... bounds) throws IOException {
    var parts = new ArrayList<PartShards>();
    for (int i = 0; i + 1 < bounds.length; i++) {
      for (int attempt = 1; parts.size() == i; attempt++) {
        try {
          parts.add(writePart(job, i, bounds[i], bounds[i + 1]));
        } catch (IOException | RuntimeException e) {
          if (attempt == ATTEMPTS) {
            throw e;
          }
        }
      }
    }
    return parts;
  }

  Published convert(TargetJob.Mode mode, long... bounds) throws IOException {
    return convert(plan(mode), bounds);
  }

  /** Does all that Spark would do. */
  Published convert(TargetJob.Plan plan, long... bounds) throws IOException {
    var job = begin(plan);
    try {
      return job.publish(write(job, bounds));
    } catch (IOException | RuntimeException e) {
      try {
        job.abort();
      } catch (IOException | RuntimeException aborting) {
        e.addSuppressed(aborting);
      }
      throw e;
    }
  }

  static Map<String, String> files(Path root) throws IOException {
    return Trees.of(root);
  }

  static List<Object> values(Path root) throws IOException {
    return MdsFiles.samples(root).stream().map(sample -> sample.get("n")).toList();
  }

  static List<Object> longs(long from, long to) {
    return LongStream.range(from, to).mapToObj(n -> (Object) n).toList();
  }
}
