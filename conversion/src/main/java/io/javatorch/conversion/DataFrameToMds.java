package io.javatorch.conversion;

import io.javatorch.conversion.schema.MdsSchema;
import io.javatorch.streaming.codec.Compression;
import io.javatorch.streaming.codec.HashAlgorithm;
import io.javatorch.streaming.format.MdsWriter;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.util.LongAccumulator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes a Spark DataFrame as MDS shards that {@code StreamingDataset} and the Python library read.
 *
 * <pre>{@code
 * var summary = DataFrameToMds.builder(df).out("/data/digits-mds").convert();
 * }</pre>
 *
 * <p>Each partition that has rows becomes a directory {@code part-00000}, {@code part-00001}, ...
 * (named by the partition's number, so a run over the same DataFrame gives the same names) and the
 * merged {@code index.json} in the target covers them all. {@link MdsSchema} says which column
 * types can be written.
 *
 * <p>The target appears whole or not at all: attempts write into a staging directory in the target,
 * the driver moves the one attempt at each partition that Spark accepted, and writes the index
 * last. A failed job leaves the target as it was; failed and speculative attempts leave nothing.
 * Only one job at a time can write into a target: a file {@code _conversion-owner} names it.
 */
public final class DataFrameToMds {
  private static final Logger LOG = LoggerFactory.getLogger(DataFrameToMds.class);

  private DataFrameToMds() {}

  /** Starts the description of a conversion of {@code frame}. */
  public static Builder builder(Dataset<Row> frame) {
    return new Builder(frame);
  }

  /** What to write, and where. Not thread-safe. */
  public static final class Builder {
    private final Dataset<Row> frame;
    private String out = "";
    private Map<String, String> columns = Map.of();
    private String compression = "zstd";
    private final TreeSet<String> hashes = new TreeSet<>();
    private long sizeLimitBytes = MdsWriter.DEFAULT_SIZE_LIMIT_BYTES;
    private boolean overwrite;
    private Duration progressInterval = Duration.ofSeconds(5);
    private Consumer<ConversionProgress> progress =
        state -> LOG.info("Writing MDS shards: {}", state);

    private Builder(Dataset<Row> frame) {
      this.frame = Objects.requireNonNull(frame, "frame");
    }

    /**
     * Sets the target directory: a path of the local file system, or a URI ({@code file:}, {@code
     * hdfs:} or any other file system that Hadoop knows). The driver and all executors must share
     * it. Required.
     */
    public Builder out(String directory) {
      out = Objects.requireNonNull(directory, "directory");
      return this;
    }

    /**
     * Writes only these columns.
     *
     * @param encodings column name to MDS encoding, as in {@link MdsSchema}; an empty encoding
     *     means the default for the column's type
     */
    public Builder columns(Map<String, String> encodings) {
      columns = new LinkedHashMap<>(encodings);
      return this;
    }

    /**
     * Compresses shards; the default is {@code zstd}.
     *
     * @param name a name that MDS knows, such as {@code zstd} or {@code zstd:7}
     * @throws IllegalArgumentException if there is no such compression
     */
    public Builder compression(String name) {
      compression = Compression.parse(name).spec();
      return this;
    }

    /** Writes shards as they are. */
    public Builder noCompression() {
      compression = "";
      return this;
    }

    /**
     * Puts hashes of every shard into the index; the default is none.
     *
     * @param names such as {@code sha1} or {@code xxh64}
     * @throws IllegalArgumentException if there is no such hash
     */
    public Builder hashes(String... names) {
      hashes.clear();
      for (var name : names) {
        hashes.add(new HashAlgorithm(name).name());
      }
      return this;
    }

    /**
     * Limits a shard's size before compression; the default is {@link
     * MdsWriter#DEFAULT_SIZE_LIMIT_BYTES}. A task holds one shard in memory, and up to four times
     * as much while it compresses it.
     *
     * @param bytes above 0 and below 2^32
     */
    public Builder sizeLimitBytes(long bytes) {
      if (bytes <= 0 || bytes >= 1L << 32) {
        throw new IllegalArgumentException(
            "sizeLimitBytes must be above 0 and below 2^32, not " + bytes);
      }
      sizeLimitBytes = bytes;
      return this;
    }

    /**
     * Whether to replace an earlier conversion in the target; by default a target that is not empty
     * is refused. Only {@code index.json} and {@code part-*} directories are ever replaced, once
     * the new shards are all there: a target with anything else in it is refused even so. While
     * they are being replaced, a reader sees no data set; should the driver die in that moment,
     * they are in {@code _temporary-*}{@code /replaced} in the target.
     */
    public Builder overwrite(boolean replace) {
      overwrite = replace;
      return this;
    }

    /**
     * Where to report progress, from a thread of its own; by default a log line every 5 s.
     *
     * @param interval time between reports, at least 1 ms
     */
    public Builder progress(Duration interval, Consumer<ConversionProgress> listener) {
      if (interval.toMillis() < 1) {
        throw new IllegalArgumentException("interval must be at least 1 ms, not " + interval);
      }
      progressInterval = interval;
      progress = Objects.requireNonNull(listener, "listener");
      return this;
    }

    /**
     * Runs the conversion as one Spark job and waits for it.
     *
     * @throws IllegalStateException if no target was set
     * @throws IllegalArgumentException if a column is missing or of a type that MDS cannot hold; no
     *     task has run then
     * @throws ConversionException if the target is not empty or another conversion writes into it,
     *     a value is null or cannot be written, or writing fails
     */
    public ConversionSummary convert() {
      if (out.isBlank()) {
        throw new IllegalStateException("Say where the shards go, with out(directory)");
      }
      var schema =
          columns.isEmpty() ? MdsSchema.of(frame.schema()) : MdsSchema.of(frame.schema(), columns);
      var options = new ShardOptions(schema, compression, List.copyOf(hashes), sizeLimitBytes);
      var spark = JavaSparkContext.fromSparkContext(frame.sparkSession().sparkContext());
      var store = open(out, spark.hadoopConfiguration());
      try {
        return run(spark, store, options);
      } catch (IOException e) {
        throw new ConversionException(
            "Cannot write to " + store.location() + ": " + e.getMessage(), e);
      }
    }

    private ConversionSummary run(JavaSparkContext spark, OutputStore store, ShardOptions options)
        throws IOException {
      var commit =
          new ConversionCommit(
              store,
              overwrite,
              "Spark application %s with its driver on %s"
                  .formatted(
                      spark.sc().applicationId(),
                      spark.getConf().get("spark.driver.host", "an unknown host")));
      try {
        long start = System.nanoTime();
        var results = runJob(spark, new PartitionWriter(store, commit.staging(), options), start);
        commit.commit(results);
        var summary = summary(store, results, Duration.ofNanos(System.nanoTime() - start));
        LOG.info("{}", summary);
        return summary;
      } catch (IOException | RuntimeException | Error e) {
        commit.abortAfter(e);
        throw e;
      }
    }

    private List<PartitionResult> runJob(
        JavaSparkContext spark, PartitionWriter writer, long start) {
      var rows = frame.javaRDD();
      int partitions = rows.getNumPartitions();
      var rowsDone = spark.sc().longAccumulator("MDS rows");
      var partitionsDone = spark.sc().longAccumulator("MDS partitions");
      var ticker =
          Executors.newSingleThreadScheduledExecutor(
              task -> {
                var thread = new Thread(task, "mds-progress");
                thread.setDaemon(true);
                return thread;
              });
      try {
        var unused =
            ticker.scheduleWithFixedDelay(
                () -> progress.accept(state(rowsDone, partitionsDone, partitions, start)),
                progressInterval.toMillis(),
                progressInterval.toMillis(),
                TimeUnit.MILLISECONDS);
        var results = collect(rows, writer, rowsDone, partitionsDone);
        ticker.shutdownNow();
        progress.accept(state(rowsDone, partitionsDone, partitions, start));
        return results;
      } finally {
        ticker.shutdownNow();
      }
    }

    private static List<PartitionResult> collect(
        org.apache.spark.api.java.JavaRDD<Row> rows,
        PartitionWriter writer,
        LongAccumulator rowsDone,
        LongAccumulator partitionsDone) {
      try {
        return rows.mapPartitionsWithIndex(
                (partition, values) -> {
                  var task = TaskContext.get();
                  var result =
                      writer.write(partition, task.taskAttemptId(), values, task::isInterrupted);
                  rowsDone.add(result.samples());
                  partitionsDone.add(1);
                  return List.of(result).iterator();
                },
                true)
            .collect();
      } catch (RuntimeException e) {
        throw explain(e);
      } catch (Exception e) {
        // Spark is written in Scala, which throws checked exceptions without declaring them.
        throw explain(e);
      }
    }

    /** Finds the task's own words below Spark's account of the failed stage. */
    private static ConversionException explain(Exception failure) {
      for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
        if (cause instanceof ConversionException own) {
          return new ConversionException(own.getMessage(), failure);
        }
      }
      return new ConversionException(
          "The Spark job that writes the shards failed: " + failure.getMessage(), failure);
    }

    private static ConversionProgress state(
        LongAccumulator rows, LongAccumulator partitionsDone, int partitions, long start) {
      return new ConversionProgress(
          partitionsDone.value().intValue(),
          partitions,
          rows.value(),
          Duration.ofNanos(System.nanoTime() - start));
    }

    private static ConversionSummary summary(
        OutputStore store, List<PartitionResult> results, Duration elapsed) {
      return new ConversionSummary(
          store.location(),
          (int) results.stream().filter(result -> !result.isEmpty()).count(),
          results.stream().mapToInt(PartitionResult::shards).sum(),
          results.stream().mapToLong(PartitionResult::samples).sum(),
          results.stream().mapToLong(PartitionResult::rawBytes).sum(),
          results.stream().mapToLong(PartitionResult::storedBytes).sum(),
          elapsed);
    }
  }

  /** The store for a target; a path without a scheme is local, whatever Hadoop's default is. */
  static OutputStore open(String target, Configuration configuration) {
    URI uri;
    try {
      uri = new URI(target);
    } catch (URISyntaxException e) {
      // Spaces and the like: a plain path.
      return new LocalOutput(Path.of(target));
    }
    if (uri.getScheme() == null) {
      return new LocalOutput(Path.of(target));
    }
    if (uri.getScheme().equals("file")) {
      return new LocalOutput(Path.of(uri.getPath()));
    }
    return new HadoopOutput(target, configuration);
  }
}
