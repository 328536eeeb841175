package io.javatorch.conversion;

import static org.apache.spark.sql.functions.col;

import io.javatorch.auth.CredentialsSource;
import io.javatorch.conversion.commit.Published;
import io.javatorch.conversion.layout.LaidOut;
import io.javatorch.conversion.layout.RowLayout;
import io.javatorch.conversion.schema.MdsSchema;
import io.javatorch.conversion.schema.NullPolicy;
import io.javatorch.conversion.source.MdsWrites;
import io.javatorch.conversion.source.WriteOptions;
import io.javatorch.streaming.codec.Compression;
import io.javatorch.streaming.codec.HashAlgorithm;
import io.javatorch.streaming.format.MdsWriter;
import io.javatorch.streaming.storage.Locations;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes a Spark DataFrame as MDS shards that {@code StreamingDataset} and the Python library read.
 *
 * <pre>{@code
 * var summary = DataFrameToMds.builder(df).out("/data/digits-mds").shuffle(17).shards(64).convert();
 * }</pre>
 *
 * <p>It is {@code df.write().format("mds")} with more to it: a global shuffle, shards of equal
 * size, a function that makes samples of rows, progress, and a summary.
 *
 * <p>Each partition that has rows becomes a directory {@code part-00000}, {@code part-00001}, ...
 * (named by the partition's number), in which shards are named after their content: a run over the
 * same DataFrame gives the same names and the same bytes. {@link MdsSchema} says which column types
 * can be written.
 *
 * <p>The data set appears whole or not at all: tasks write shards, which no reader sees, and the
 * driver writes the index last. A failed job leaves what was in the target as it was, and removes
 * what it added. Only one job at a time can write into a target: a file {@code _conversion-owner}
 * names it.
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
    private final Map<String, String> options = new LinkedHashMap<>();
    private Map<String, String> columns = Map.of();
    private Optional<RowFunction> function = Optional.empty();
    private SaveMode mode = SaveMode.ErrorIfExists;
    private OptionalLong seed = OptionalLong.empty();
    private OptionalInt shards = OptionalInt.empty();
    private Optional<CredentialsSource> credentials = Optional.empty();
    private Duration progressInterval = Duration.ofSeconds(5);
    private Optional<Consumer<ConversionProgress>> progress =
        Optional.of(state -> LOG.info("Writing MDS shards: {}", state));

    private Builder(Dataset<Row> frame) {
      this.frame = Objects.requireNonNull(frame, "frame");
      // The listener below sees it.
      options.put(WriteOptions.PROGRESS, "0");
    }

    /**
     * Sets the target directory: a path of the local file system, which the driver and all
     * executors must share, or a location such as {@code hdfs://…}, {@code s3a://…}, any other that
     * Hadoop knows, or {@code /Volumes/…} of Databricks. Required.
     */
    public Builder out(String directory) {
      options.put(WriteOptions.PATH, Objects.requireNonNull(directory, "directory"));
      options.remove(WriteOptions.LOCAL);
      return this;
    }

    /**
     * Sets the target directory, and where on each executor shards are made before they are
     * uploaded to it.
     *
     * @param local a directory of each executor, such as one on a fast disk; see {@link #keepLocal}
     * @param remote as in {@link #out(String)}, but not a path of the local file system
     */
    public Builder out(String local, String remote) {
      out(remote);
      options.put(WriteOptions.LOCAL, Objects.requireNonNull(local, "local"));
      return this;
    }

    /**
     * Whether shards stay in the local directory of {@link #out(String, String)} once they are
     * uploaded; by default they do not.
     */
    public Builder keepLocal(boolean keep) {
      options.put(WriteOptions.KEEP_LOCAL, Boolean.toString(keep));
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
      function = Optional.empty();
      return this;
    }

    /**
     * Writes the samples that a function makes of rows, instead of the rows.
     *
     * @param rowFunction is serialised and runs in tasks
     * @param encodings all columns of the samples, with their MDS encodings
     * @throws IllegalArgumentException if there are no columns, or an encoding is missing
     */
    public Builder rows(RowFunction rowFunction, Map<String, String> encodings) {
      if (encodings.isEmpty()) {
        throw new IllegalArgumentException(
            "Samples need columns: give rows(function, encodings) a name and an encoding for each");
      }
      encodings.forEach(
          (name, encoding) -> {
            if (encoding.isBlank()) {
              throw new IllegalArgumentException(
                  "Column '%s' of a row function needs an encoding, such as int32 or str"
                      .formatted(name));
            }
          });
      columns = new LinkedHashMap<>(encodings);
      function = Optional.of(rowFunction);
      return this;
    }

    /**
     * Compresses shards; the default is {@code zstd}.
     *
     * @param name a name that MDS knows, such as {@code zstd} or {@code zstd:7}
     * @throws IllegalArgumentException if there is no such compression
     */
    public Builder compression(String name) {
      options.put(WriteOptions.COMPRESSION, Compression.parse(name).spec());
      return this;
    }

    /** Writes shards as they are. */
    public Builder noCompression() {
      options.put(WriteOptions.COMPRESSION, "none");
      return this;
    }

    /**
     * Puts hashes of every shard into the index; the default is none.
     *
     * @param names such as {@code sha1} or {@code xxh64}
     * @throws IllegalArgumentException if there is no such hash
     */
    public Builder hashes(String... names) {
      var known = new TreeSet<String>();
      for (var name : names) {
        known.add(new HashAlgorithm(name).name());
      }
      options.put(WriteOptions.HASHES, String.join(",", known));
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
      options.put(WriteOptions.SIZE_LIMIT, Long.toString(bytes));
      return this;
    }

    /**
     * Whether one {@code index.json} in the target names all shards, which is the default. Without,
     * each {@code part-} directory has an index of its own and is a data set by itself; parts then
     * appear one after the other at the end of the job.
     */
    public Builder mergeIndex(boolean merge) {
      options.put(WriteOptions.MERGE_INDEX, Boolean.toString(merge));
      return this;
    }

    /**
     * Says what becomes of nulls, which MDS does not have; by default the conversion fails at the
     * first one. Rows that are dropped are so while they are written, after {@link #shards} has
     * divided them. Has no effect on the samples of {@link #rows}, in which nothing may be null.
     */
    public Builder nullPolicy(NullPolicy policy) {
      options.put(WriteOptions.NULL_POLICY, policy.toString());
      return this;
    }

    /**
     * Shuffles all rows globally before they are written (those that {@link #rows} made, where
     * there is a function). The order follows from the rows and the seed alone. Without {@link
     * #shards} there are as many parts as the DataFrame has partitions. {@link RowLayout} says what
     * it costs: the DataFrame is read twice.
     *
     * @param seed another seed gives another order
     */
    public Builder shuffle(long seed) {
      this.seed = OptionalLong.of(seed);
      return this;
    }

    /**
     * Divides the rows into so many parts of equal size, each of which is one shard, or several if
     * it is larger than the size limit. Without {@link #shuffle} the rows keep their order. {@link
     * RowLayout} says what it costs: the DataFrame is read twice.
     *
     * @throws IllegalArgumentException if {@code count} is below 1
     */
    public Builder shards(int count) {
      if (count < 1) {
        throw new IllegalArgumentException("shards must be at least 1, not " + count);
      }
      shards = OptionalInt.of(count);
      return this;
    }

    /**
     * Says what to do if there is a data set in the target: refuse it, which is the default, add to
     * it, replace it, or leave it and write nothing. A target with files in it that belong to no
     * data set is always refused. While a data set is replaced, readers see the old one until the
     * new one is there; its files are removed after that.
     */
    public Builder mode(SaveMode saveMode) {
      mode = Objects.requireNonNull(saveMode, "saveMode");
      return this;
    }

    /** Short for {@link #mode} with {@code Overwrite}, or with {@code ErrorIfExists}. */
    public Builder overwrite(boolean replace) {
      return mode(replace ? SaveMode.Overwrite : SaveMode.ErrorIfExists);
    }

    /**
     * Where to find credentials for {@code /Volumes/…}; by default where {@code DatabricksAuth}
     * looks. Asked on the driver; tasks get the credentials of the job's start, inside what Spark
     * serialises for them.
     */
    public Builder credentials(CredentialsSource source) {
      credentials = Optional.of(source);
      return this;
    }

    /**
     * Where to report progress, from a thread of its own; by default a log line every 5 s. There is
     * a last report at the end. A listener that throws does not disturb the conversion.
     *
     * @param interval time between reports, at least 1 ms
     */
    public Builder progress(Duration interval, Consumer<ConversionProgress> listener) {
      if (interval.toMillis() < 1) {
        throw new IllegalArgumentException("interval must be at least 1 ms, not " + interval);
      }
      progressInterval = interval;
      progress = Optional.of(listener);
      return this;
    }

    /** Reports no progress. */
    public Builder noProgress() {
      progress = Optional.empty();
      return this;
    }

    /**
     * Runs the conversion and waits for it: one Spark job, and one before it that counts rows for
     * {@link #shuffle} or {@link #shards}.
     *
     * @throws IllegalStateException if no target was set
     * @throws IllegalArgumentException if a column is missing or of a type that MDS cannot hold, or
     *     options do not go together; no task has run then
     * @throws ConversionException if the target may not be written, which is said before any task
     *     runs; if a value is null or cannot be written, or writing fails
     */
    public ConversionSummary convert() {
      var target = options.getOrDefault(WriteOptions.PATH, "");
      if (target.isBlank()) {
        throw new IllegalStateException("Say where the shards go, with out(directory)");
      }
      long start = System.nanoTime();
      var written = new LinkedHashMap<>(options);
      var samples = frame;
      if (function.isPresent()) {
        samples = EncodedRows.of(frame, function.get(), columns);
      } else if (!columns.isEmpty()) {
        written.put(WriteOptions.COLUMNS, WriteOptions.json(columns));
      }
      var published =
          MdsWrites.write(
              samples,
              mode,
              written,
              new MdsWrites.Extras(credentials, this::layOut, progressInterval, progress));
      var summary = summary(target, published, Duration.ofNanos(System.nanoTime() - start));
      LOG.info("{}", summary);
      return summary;
    }

    /** Brings rows into their order and their parts. */
    private LaidOut layOut(Dataset<Row> rows) {
      if (seed.isEmpty() && shards.isEmpty()) {
        return LaidOut.of(rows);
      }
      var chosen = function.isPresent() || columns.isEmpty() ? rows : rows.select(chosenColumns());
      if (seed.isEmpty()) {
        return RowLayout.divide(chosen, shards.getAsInt());
      }
      return LaidOut.of(
          shards.isPresent()
              ? RowLayout.shuffle(chosen, seed.getAsLong(), shards.getAsInt())
              : RowLayout.shuffle(chosen, seed.getAsLong()));
    }

    private Column[] chosenColumns() {
      return Arrays.stream(frame.columns())
          .filter(columns::containsKey)
          .map(name -> col("`" + name.replace("`", "``") + "`"))
          .toArray(Column[]::new);
    }

    private ConversionSummary summary(
        String target, Optional<Published> published, Duration elapsed) {
      var local =
          Boolean.parseBoolean(options.get(WriteOptions.KEEP_LOCAL))
              ? options.getOrDefault(WriteOptions.LOCAL, "")
              : "";
      return published
          .map(
              done ->
                  new ConversionSummary(
                      done.location(),
                      local,
                      done.parts(),
                      done.shards(),
                      done.samples(),
                      done.droppedRows(),
                      done.rawBytes(),
                      done.storedBytes(),
                      elapsed,
                      true))
          .orElseGet(
              () ->
                  new ConversionSummary(
                      Locations.forMessages(target), "", 0, 0, 0, 0, 0, 0, elapsed, false));
    }
  }
}
