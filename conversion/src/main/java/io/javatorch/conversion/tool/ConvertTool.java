package io.javatorch.conversion.tool;

import io.javatorch.conversion.ConversionException;
import io.javatorch.conversion.ConversionProgress;
import io.javatorch.conversion.DataFrameToMds;
import io.javatorch.conversion.schema.NullPolicy;
import io.javatorch.conversion.source.WriteOptions;
import io.javatorch.streaming.format.SizeLimit;
import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.AnalysisException;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Converts a table, files or the result of a query into MDS shards. Exits with 0, with 1 if the
 * conversion failed, and with 2 for wrong arguments.
 */
@Command(
    name = "convert",
    description = "Writes a table, files or the result of a query as MDS shards.",
    sortOptions = false,
    mixinStandardHelpOptions = true)
public final class ConvertTool implements Callable<Integer> {
  @ArgGroup(exclusive = true, multiplicity = "1")
  private Source source;

  private static final class Source {
    @Option(
        names = "--input",
        paramLabel = "PATH|TABLE",
        description = "Files to read, or, without --format, the name of a table.")
    private String input;

    @Option(names = "--query", paramLabel = "SQL", description = "A query to run instead.")
    private String query;
  }

  @Option(
      names = "--format",
      paramLabel = "NAME",
      description =
          "Format of the files: parquet, orc, json, csv, delta, mds, … (default: parquet if the"
              + " input has a slash in it).")
  private Optional<String> format;

  @Option(
      names = "--read-option",
      paramLabel = "KEY=VALUE",
      description = "An option of the format, such as header=true; may be repeated.")
  private final Map<String, String> readOptions = new LinkedHashMap<>();

  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIRECTORY",
      description = "Where the shards go: a shared directory, hdfs://…, s3a://…, /Volumes/….")
  private String out;

  @Option(
      names = "--local",
      paramLabel = "DIRECTORY",
      description = "Where executors make shards that are to be uploaded.")
  private Optional<String> local;

  @Option(names = "--keep-local", description = "Leave shards in --local, too.")
  private boolean keepLocal;

  @Option(
      names = "--columns",
      paramLabel = "NAME[=ENCODING],…",
      description = "Columns to write and their MDS encodings, or a JSON object (default: all).")
  private Optional<String> columns;

  @Option(
      names = "--compression",
      paramLabel = "NAME",
      description = "none, br, bz2, gz, snappy or zstd, with :LEVEL if wanted (default: zstd).")
  private Optional<String> compression;

  @Option(
      names = "--hashes",
      paramLabel = "NAME",
      split = ",",
      description = "Hashes of the shards, such as xxh64 or sha1.")
  private String[] hashes = {};

  @Option(
      names = "--size-limit",
      paramLabel = "SIZE",
      description = "Of a shard before compression (default: 64mb).")
  private Optional<String> sizeLimit;

  @Option(
      names = "--null-policy",
      paramLabel = "NAME",
      description = "fail, drop, zero or json (default: fail).")
  private Optional<String> nullPolicy;

  @Option(
      names = "--shuffle",
      paramLabel = "SEED",
      description = "Shuffle all rows, by a number of your choice.")
  private Optional<Long> shuffle;

  @Option(
      names = "--shards",
      paramLabel = "N",
      description = "Divide the rows into so many parts of one size.")
  private Optional<Integer> shards;

  @Option(
      names = "--mode",
      paramLabel = "NAME",
      description = "If there is a data set: error, append, overwrite or ignore (default: error).")
  private String mode = "error";

  @Option(names = "--no-merge-index", description = "Give each part an index of its own.")
  private boolean noMergeIndex;

  @Option(
      names = "--master",
      paramLabel = "URL",
      description = "Spark's master (default: that of spark-submit, or else local[*]).")
  private Optional<String> master;

  @Option(names = "--quiet", description = "Show no progress.")
  private boolean quiet;

  @Option(names = "--live", description = "Show progress as one line that changes, for a terminal.")
  private boolean live;

  private ConvertTool() {}

  /** Runs the program. */
  public static void main(String[] arguments) {
    System.exit(commandLine().execute(arguments));
  }

  static CommandLine commandLine() {
    return new CommandLine(new ConvertTool())
        .setExecutionExceptionHandler(
            (failure, command, result) -> {
              if (failure instanceof ConversionException
                  || failure instanceof IllegalArgumentException
                  || failure instanceof AnalysisException) {
                command.getErr().println("convert: " + failure.getMessage());
                return 1;
              }
              throw failure;
            })
        .setUsageHelpAutoWidth(true);
  }

  @Override
  public Integer call() throws IOException {
    // What can be wrong without Spark is said before it starts.
    var saveMode = saveMode();
    var policy = nullPolicy.map(NullPolicy::parse);
    var limit = sizeLimit.map(SizeLimit::parse);
    var chosen = columns.map(WriteOptions::parseColumns);
    var conf = new SparkConf();
    master.ifPresent(conf::setMaster);
    conf.setIfMissing("spark.master", "local[*]");
    conf.setIfMissing("spark.app.name", "convert to MDS");
    conf.setIfMissing("spark.ui.showConsoleProgress", "false");
    try (var spark = SparkSession.builder().config(conf).getOrCreate()) {
      var builder = DataFrameToMds.builder(read(spark)).mode(saveMode).mergeIndex(!noMergeIndex);
      if (local.isPresent()) {
        builder.out(local.get(), out).keepLocal(keepLocal);
      } else {
        builder.out(out);
      }
      chosen.ifPresent(builder::columns);
      policy.ifPresent(builder::nullPolicy);
      limit.ifPresent(builder::sizeLimitBytes);
      compression.ifPresent(
          name -> {
            if (name.equals("none")) {
              builder.noCompression();
            } else {
              builder.compression(name);
            }
          });
      builder.hashes(hashes);
      shuffle.ifPresent(builder::shuffle);
      shards.ifPresent(builder::shards);
      if (quiet) {
        builder.noProgress();
      } else {
        builder.progress(Duration.ofSeconds(1), line());
      }
      System.out.println(builder.convert());
      return 0;
    }
  }

  private Dataset<Row> read(SparkSession spark) {
    if (source.query != null) {
      return spark.sql(source.query);
    }
    if (format.isEmpty() && !source.input.contains("/")) {
      return spark.table(source.input);
    }
    return spark.read().format(format.orElse("parquet")).options(readOptions).load(source.input);
  }

  private SaveMode saveMode() {
    return switch (mode.toLowerCase(Locale.ROOT)) {
      case "error" -> SaveMode.ErrorIfExists;
      case "append" -> SaveMode.Append;
      case "overwrite" -> SaveMode.Overwrite;
      case "ignore" -> SaveMode.Ignore;
      default ->
          throw new IllegalArgumentException(
              "there is no mode '" + mode + "': use error, append, overwrite or ignore");
    };
  }

  /** One line that changes, or a line now and then. */
  private Consumer<ConversionProgress> line() {
    if (!live) {
      return new Consumer<>() {
        private long reports;

        @Override
        public void accept(ConversionProgress state) {
          if (reports++ % 10 == 0 || state.partitionsDone() == state.partitions()) {
            System.err.println("convert: " + state);
          }
        }
      };
    }
    return state ->
        System.err.print(
            "\r\u001b[K"
                + state
                + (state.partitionsDone() == state.partitions() ? System.lineSeparator() : ""));
  }
}
