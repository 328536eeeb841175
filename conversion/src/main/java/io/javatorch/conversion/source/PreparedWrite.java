package io.javatorch.conversion.source;

import io.javatorch.auth.CredentialsSource;
import io.javatorch.conversion.ConversionException;
import io.javatorch.conversion.commit.Destination;
import io.javatorch.conversion.commit.Published;
import io.javatorch.conversion.commit.ShardSettings;
import io.javatorch.conversion.commit.TargetJob;
import io.javatorch.conversion.schema.MdsSchema;
import io.javatorch.conversion.schema.SchemaSidecar;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.BinaryType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/** A write of which all is known but the rows. Its columns are mapped and its options checked. */
final class PreparedWrite {
  /**
   * The metadata of a binary column that holds whole samples, as {@code SampleEncoder} encodes
   * them: a JSON object of column names and MDS encodings.
   */
  static final String ENCODED_COLUMNS = "io.javatorch.mds.columns";

  private final Destination destination;
  private final TargetJob.Plan plan;
  private final ShardSettings settings;
  private final Optional<MdsSchema> schema;
  private Runnable check = () -> {};
  private int partitions;
  private Optional<Published> published = Optional.empty();

  private PreparedWrite(
      Destination destination,
      TargetJob.Plan plan,
      ShardSettings settings,
      Optional<MdsSchema> schema) {
    this.destination = destination;
    this.plan = plan;
    this.settings = settings;
    this.schema = schema;
  }

  /**
   * Prepares a write.
   *
   * @param credentials where to find those for a volume, if not where {@code DatabricksAuth} does
   * @param jsonStrings columns of text that are JSON strings where the options choose json for them
   * @throws IllegalArgumentException if the columns cannot be written, or there is a local
   *     directory for a target that is one
   */
  static PreparedWrite of(
      SparkSession spark,
      StructType rows,
      WriteOptions options,
      TargetJob.Mode mode,
      Optional<CredentialsSource> credentials,
      Set<String> jsonStrings) {
    var context = JavaSparkContext.fromSparkContext(spark.sparkContext());
    var encoded = encodedColumns(rows);
    Optional<MdsSchema> schema = Optional.empty();
    Map<String, String> columns;
    if (encoded.isPresent()) {
      if (!options.columns().isEmpty()) {
        throw new IllegalArgumentException(
            "The option columns is of no use for samples that are encoded already");
      }
      columns = WriteOptions.jsonColumns(encoded.get());
    } else {
      var mapped =
          options.columns().isEmpty()
              ? MdsSchema.of(rows, options.nullPolicy())
              : MdsSchema.of(rows, options.columns(), options.nullPolicy(), jsonStrings);
      schema = Optional.of(mapped);
      columns = new LinkedHashMap<>(mapped.encodings());
    }
    var destination = Destination.of(options.path(), context.hadoopConfiguration(), credentials);
    if (!options.local().isEmpty() && destination.localDirectory().isPresent()) {
      throw new IllegalArgumentException(
          ("The target %s is a directory of the local file system, in which shards are made at"
                  + " once: leave out the local directory %s")
              .formatted(destination.uri(), options.local()));
    }
    return new PreparedWrite(
        destination,
        new TargetJob.Plan(
            mode,
            columns,
            options.mergeIndex(),
            schema.map(SchemaSidecar::of),
            "Spark application %s with its driver on %s"
                .formatted(
                    context.sc().applicationId(),
                    context.getConf().get("spark.driver.host", "an unknown host"))),
        new ShardSettings(
            columns,
            options.compression(),
            options.hashes(),
            options.sizeLimitBytes(),
            options.local(),
            options.keepLocal()),
        schema);
  }

  private static Optional<String> encodedColumns(StructType rows) {
    StructField[] fields = rows.fields();
    if (fields.length == 1
        && fields[0].dataType() instanceof BinaryType
        && fields[0].metadata().contains(ENCODED_COLUMNS)) {
      return Optional.of(fields[0].metadata().getString(ENCODED_COLUMNS));
    }
    return Optional.empty();
  }

  Destination destination() {
    return destination;
  }

  /** Makes sure that the target may be written, before Spark runs anything. */
  void checkTarget() throws IOException {
    TargetJob.check(destination, plan);
  }

  TargetJob begin() throws IOException {
    return TargetJob.begin(destination, plan);
  }

  MdsDataWriterFactory factory(TargetJob job) {
    return new MdsDataWriterFactory(destination, settings, schema, job.id(), job.firstPart());
  }

  /** Sets what is to be asked when all tasks have ended, and throws if they went wrong. */
  void checkBeforeCommit(Runnable question) {
    check = question;
  }

  /**
   * Asks what was set.
   *
   * @throws ConversionException if the tasks went wrong, though none of them noticed
   */
  void checkTasks() {
    check.run();
  }

  /**
   * Keeps what was published.
   *
   * @param tasks how many partitions were written
   */
  void published(Published result, int tasks) {
    published = Optional.of(result);
    partitions = tasks;
  }

  /** How many partitions were written, those without rows included; 0 before it is published. */
  int partitions() {
    return partitions;
  }

  /** What was published, if something was. */
  Optional<Published> published() {
    return published;
  }

  @Override
  public String toString() {
    return "mds " + destination.uri() + " " + List.copyOf(plan.columns().keySet());
  }
}
