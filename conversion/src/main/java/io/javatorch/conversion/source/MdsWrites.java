package io.javatorch.conversion.source;

import io.javatorch.auth.CredentialsSource;
import io.javatorch.conversion.ConversionException;
import io.javatorch.conversion.ConversionProgress;
import io.javatorch.conversion.commit.Published;
import io.javatorch.conversion.commit.TargetJob;
import io.javatorch.conversion.layout.LaidOut;
import io.javatorch.conversion.progress.StageProgress;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SQLContext;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.sources.BaseRelation;
import org.apache.spark.sql.types.StructType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes DataFrames in any of Spark's save modes, and says what was written. */
public final class MdsWrites {
  private static final Logger LOG = LoggerFactory.getLogger(MdsWrites.class);

  /** Spark's own name for what partitionBy was given. */
  private static final String PARTITION_COLUMNS = "__partition_columns";

  /**
   * The metadata of a binary column that holds whole samples, as {@code SampleEncoder} encodes
   * them: a JSON object of column names and MDS encodings.
   */
  public static final String ENCODED_COLUMNS = PreparedWrite.ENCODED_COLUMNS;

  private MdsWrites() {}

  /**
   * What a write can have beside options, which are texts.
   *
   * @param credentials where to find those for a volume; empty to look where {@code DatabricksAuth}
   *     does
   * @param layout turns the DataFrame into what is written, of the columns that are to be written
   *     and perhaps others; called once all is checked, before anything is written
   * @param interval time between two reports of progress
   * @param progress gets them; empty for what the option {@code progress} says
   */
  public record Extras(
      Optional<CredentialsSource> credentials,
      Function<Dataset<Row>, LaidOut> layout,
      Duration interval,
      Optional<Consumer<ConversionProgress>> progress) {}

  /**
   * Writes a DataFrame as one Spark job, and waits for it.
   *
   * @param options as {@link WriteOptions} describes them
   * @return what was written; empty if the mode is {@link SaveMode#Ignore} and there is a data set
   * @throws IllegalArgumentException if an option is wrong, or a column cannot be written; no task
   *     has run then
   * @throws ConversionException if the target may not be written, a row cannot be, or the store or
   *     Spark fails; what was there is there still
   */
  public static Optional<Published> write(
      Dataset<Row> frame, SaveMode mode, Map<String, String> options) {
    return write(
        frame,
        mode,
        options,
        new Extras(Optional.empty(), LaidOut::of, Duration.ZERO, Optional.empty()));
  }

  /** As {@link #write(Dataset, SaveMode, Map)}, with what texts cannot say. */
  public static Optional<Published> write(
      Dataset<Row> frame, SaveMode mode, Map<String, String> options, Extras extras) {
    var parsed = WriteOptions.of(options);
    var prepared =
        PreparedWrite.of(
            frame.sparkSession(),
            frame.schema(),
            parsed,
            mode(mode),
            extras.credentials(),
            Set.of());
    try {
      if (mode == SaveMode.Ignore && TargetJob.hasDataSet(prepared.destination())) {
        return Optional.empty();
      }
      prepared.checkTarget();
    } catch (IOException e) {
      throw new ConversionException(
          "Cannot write to " + prepared.destination().uri() + ": " + e.getMessage(), e);
    }
    var ready = extras.layout().apply(frame);
    var laidOut = ready.rows();
    // Columns may have gone or moved.
    prepared =
        PreparedWrite.of(
            frame.sparkSession(),
            laidOut.schema(),
            parsed,
            mode(mode),
            extras.credentials(),
            Set.of());
    prepared.checkBeforeCommit(ready.check());
    if (extras.progress().isPresent()) {
      followed(laidOut, prepared, extras.interval(), extras.progress().get());
    } else if (!parsed.progress().isZero()) {
      var target = prepared.destination().uri();
      followed(
          laidOut, prepared, parsed.progress(), state -> LOG.info("Writing {}: {}", target, state));
    } else {
      run(laidOut, prepared);
    }
    return prepared.published();
  }

  /** As Spark calls it for {@code df.write().format("mds").save()}. */
  static BaseRelation save(
      SQLContext context, SaveMode mode, Map<String, String> options, Dataset<Row> frame) {
    if (options.containsKey(PARTITION_COLUMNS)) {
      throw new IllegalArgumentException(
          "Shards cannot be partitioned by columns: leave out partitionBy");
    }
    var unused = write(frame, mode, options);
    return new Written(context, frame.schema());
  }

  /** What Spark wants to get for a write, of which it uses the schema. */
  private static final class Written extends BaseRelation {
    private final SQLContext context;
    private final StructType schema;

    Written(SQLContext context, StructType schema) {
      this.context = context;
      this.schema = schema;
    }

    @Override
    public SQLContext sqlContext() {
      return context;
    }

    @Override
    public StructType schema() {
      return schema;
    }
  }

  private static TargetJob.Mode mode(SaveMode mode) {
    return switch (mode) {
      case Append -> TargetJob.Mode.APPEND;
      case Overwrite -> TargetJob.Mode.OVERWRITE;
      case ErrorIfExists, Ignore -> TargetJob.Mode.ERROR;
    };
  }

  private static void followed(
      Dataset<Row> frame,
      PreparedWrite prepared,
      Duration interval,
      Consumer<ConversionProgress> consumer) {
    var context = frame.sparkSession().sparkContext();
    try (var progress =
        StageProgress.follow(
            context, interval, figures -> consumer.accept(ConversionProgress.of(figures)))) {
      run(frame, prepared);
      var partitions = prepared.partitions();
      prepared
          .published()
          .ifPresent(done -> progress.finish(partitions, done.samples(), done.storedBytes()));
    }
  }

  private static void run(Dataset<Row> frame, PreparedWrite prepared) {
    var write = new MdsBatchWrite(prepared);
    var key = PreparedWrites.add(write);
    RuntimeException failure = null;
    try {
      frame
          .write()
          .format(PreparedWrites.class.getName())
          .option(PreparedWrites.KEY, key)
          .mode(SaveMode.Append)
          .save();
    } catch (RuntimeException e) {
      failure = explain(e);
    } catch (Exception e) {
      // Spark is written in Scala, which throws checked exceptions without declaring them.
      failure = explain(e);
    } finally {
      PreparedWrites.remove(key);
      failure = aborted(write, failure);
    }
    if (failure != null) {
      throw failure;
    }
  }

  /** Spark has done so itself, unless it failed where it does not expect to. */
  private static RuntimeException aborted(MdsBatchWrite write, RuntimeException failure) {
    try {
      write.abort();
    } catch (ConversionException e) {
      if (failure == null) {
        return e;
      }
      failure.addSuppressed(e);
    }
    return failure;
  }

  /** Finds the task's own words below Spark's account of the failed stage. */
  private static RuntimeException explain(Exception failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof ConversionException own) {
        return cause == failure ? own : new ConversionException(own.getMessage(), failure);
      }
    }
    return new ConversionException(
        "The Spark job that writes the shards failed: " + failure.getMessage(), failure);
  }
}
