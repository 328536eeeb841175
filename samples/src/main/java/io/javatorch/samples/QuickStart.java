package io.javatorch.samples;

import io.javatorch.conversion.ConversionSummary;
import io.javatorch.conversion.DataFrameToMds;
import io.javatorch.distributor.JavaTorchDistributor;
import io.javatorch.samples.digits.DigitClassifier;
import io.javatorch.samples.digits.DigitTable;
import io.javatorch.samples.digits.LabelledImages;
import io.javatorch.samples.digits.TrainingReport;
import io.javatorch.samples.digits.TrainingSettings;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * The main job from end to end: a table of images becomes MDS shards, several processes train a
 * small network on them under Spark, and training is resumed in the middle of an epoch to show that
 * it goes on exactly as it would have.
 *
 * <p>Exit codes: 0 if all went well, 1 if the job failed or a check at the end did not hold, 2 if
 * an option is wrong.
 */
@Command(
    name = "quickstart",
    sortOptions = false,
    description = {
      "Trains a digit classifier on Spark: images in a DataFrame -> MDS shards -> data-parallel"
          + " training in worker JVMs -> evaluation -> resuming from a checkpoint.",
      ""
    },
    footer = {
      "",
      "Images may be PNG, JPEG, GIF, BMP or TIFF, of any size: they are scaled to 28 by 28 grey"
          + " pixels.",
      "One image in ten, by the hash of its bytes, is held out for the evaluation."
    })
public final class QuickStart implements Callable<Integer> {
  private static final String LOG_CONFIGURATION = "log4j2.configurationFile";
  private static final long DATA_SEED = 2026;
  private static final long TRAINING_SEED = 17;
  private static final float LEARNING_RATE = 0.005f;

  @Spec private CommandSpec command;

  @Option(
      names = "--input",
      paramLabel = "PATH",
      description = {
        "Parquet table of your own images and labels, instead of generated digits.",
        "Labels are whole numbers from 0 on."
      })
  private Optional<String> input;

  @Option(
      names = "--image-column",
      paramLabel = "NAME",
      defaultValue = "image",
      description = "Column of the encoded images (binary). Default: ${DEFAULT-VALUE}.")
  private String imageColumn;

  @Option(
      names = "--label-column",
      paramLabel = "NAME",
      defaultValue = "label",
      description = "Column of the labels. Default: ${DEFAULT-VALUE}.")
  private String labelColumn;

  @Option(
      names = "--images",
      paramLabel = "N",
      defaultValue = "30000",
      description = "How many digits to generate. Default: ${DEFAULT-VALUE}.")
  private long images;

  @Option(
      names = "--num-processes",
      paramLabel = "N",
      defaultValue = "2",
      description = "How many processes train together. Default: ${DEFAULT-VALUE}.")
  private int processes;

  @Option(
      names = "--epochs",
      paramLabel = "N",
      defaultValue = "3",
      description = "How often to go through the training set. Default: ${DEFAULT-VALUE}.")
  private int epochs;

  @Option(
      names = "--batch-size",
      paramLabel = "N",
      defaultValue = "64",
      description = {
        "Samples in a step over all processes together; a multiple of --num-processes.",
        "Default: ${DEFAULT-VALUE}."
      })
  private int batchSize;

  @Option(
      names = "--min-accuracy",
      paramLabel = "SHARE",
      description = {
        "Fail if the held-out accuracy is below this, from 0 to 1.",
        "Default: 0.97 for the generated digits, 0 for --input."
      })
  private Optional<Double> minAccuracy;

  @Option(
      names = "--master",
      paramLabel = "URL",
      description = {
        "Spark master, such as spark://host:7077.",
        "Default: a cluster of its own on this machine."
      })
  private Optional<String> master;

  @Option(
      names = "--output",
      paramLabel = "PATH",
      description = {
        "Directory for the table, shards, checkpoints and the picture of the losses; must be new or"
            + " empty, and the same on all machines of the cluster.",
        "Default: a new one, named after the time, in quickstart-output."
      })
  private Path output;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Shows this and ends.")
  @SuppressWarnings("UnusedVariable") // picocli reads it.
  private boolean help;

  private QuickStart() {}

  /** Runs the job and ends the JVM with its exit code. */
  public static void main(String[] arguments) {
    // Before the first logger is made; a user's own choice stands.
    if (System.getProperty(LOG_CONFIGURATION) == null) {
      System.setProperty(
          LOG_CONFIGURATION, "classpath:io/javatorch/samples/log4j2-quickstart.properties");
    }
    System.exit(commandLine().execute(arguments));
  }

  /** The program as picocli runs it. */
  static CommandLine commandLine() {
    return new CommandLine(new QuickStart()).setExecutionExceptionHandler(QuickStart::explain);
  }

  private static int explain(
      Exception failure, CommandLine commandLine, CommandLine.ParseResult arguments)
      throws Exception {
    if (failure instanceof QuickStartInputException) {
      commandLine.getErr().println("quickstart: " + failure.getMessage());
      return CommandLine.ExitCode.USAGE;
    }
    throw failure;
  }

  @Override
  public Integer call() throws Exception {
    checkOptions();
    Files.createDirectories(output);
    long start = System.nanoTime();
    try (var spark = QuickStartSession.open(master, processes)) {
      boolean ok = train(spark.session());
      say("Done in %s.", clock(Duration.ofNanos(System.nanoTime() - start)));
      return ok ? CommandLine.ExitCode.OK : CommandLine.ExitCode.SOFTWARE;
    }
  }

  private void checkOptions() throws IOException {
    atLeast("--num-processes", processes, 1);
    atLeast("--epochs", epochs, 1);
    atLeast("--batch-size", batchSize, 1);
    atLeast("--images", images, 1000);
    if (batchSize % processes != 0) {
      throw new ParameterException(
          command.commandLine(),
          "--batch-size %d is not a multiple of --num-processes %d: every process takes the same share"
              .formatted(batchSize, processes));
    }
    if (output == null) {
      var now = LocalDateTime.now(ZoneId.systemDefault());
      output =
          Path.of("quickstart-output", now.format(DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss")));
    }
    output = output.toAbsolutePath().normalize();
    if (Files.isRegularFile(output)) {
      throw new ParameterException(
          command.commandLine(), "--output " + output + " is a file, not a directory");
    }
    if (Files.isDirectory(output)) {
      try (var entries = Files.list(output)) {
        if (entries.findAny().isPresent()) {
          throw new ParameterException(
              command.commandLine(),
              "--output " + output + " is not empty: remove it, or name another directory");
        }
      }
    }
  }

  private void atLeast(String option, long value, long least) {
    if (value < least) {
      throw new ParameterException(
          command.commandLine(), option + " must be at least " + least + ", not " + value);
    }
  }

  private boolean train(SparkSession session) throws Exception {
    var spark = JavaSparkContext.fromSparkContext(session.sparkContext());
    var frame = table(session);
    LabelledImages table;
    int classes;
    try {
      table = LabelledImages.of(frame, imageColumn, labelColumn);
      classes = table.classes();
    } catch (IllegalArgumentException e) {
      throw new QuickStartInputException(e.getMessage(), e);
    }

    title("2/5", "From DataFrame to MDS shards");
    var training = convert("training", table.training());
    var heldOut = convert("held out", table.heldOut());

    long samplesPerRank = (training.samples() + processes - 1) / processes;
    int stepsPerEpoch = (int) (samplesPerRank / (batchSize / processes));
    if (stepsPerEpoch < 2 || heldOut.samples() == 0) {
      throw new QuickStartInputException(
          ("%d images to train on and %d held out are too few for batches of %d: give more images or"
                  + " a smaller --batch-size")
              .formatted(training.samples(), heldOut.samples(), batchSize),
          null);
    }
    var plan = CheckpointPlan.of(stepsPerEpoch, epochs);
    var distributor = JavaTorchDistributor.builder(spark).numProcesses(processes).build();
    var settings =
        new TrainingSettings(
            shards("training").toString(),
            shards("held out").toString(),
            imageColumn,
            labelColumn,
            classes,
            epochs,
            batchSize / processes,
            LEARNING_RATE,
            TRAINING_SEED,
            output.resolve("checkpoints").toString(),
            plan.everySteps(),
            0);

    title(
        "3/5",
        "Training, uninterrupted: %d processes, %d epochs of %d steps of %d samples",
        processes,
        epochs,
        stepsPerEpoch,
        batchSize);
    var full = distributor.runAll(new DigitClassifier(settings));

    title(
        "4/5",
        "Training again from the checkpoint of step %d, in the middle of epoch %d",
        plan.resumeFrom(),
        plan.resumeFrom() / stepsPerEpoch + 1);
    var resumed = distributor.runAll(new DigitClassifier(settings.resumingFrom(plan.resumeFrom())));

    title("5/5", "Result");
    var picture = output.resolve("loss.png");
    new LossCurve(full.get(0).losses(), resumed.get(0).losses(), resumed.get(0).firstStep())
        .write(picture);
    say("Losses, drawn:        %s", picture);
    return conclude(full, resumed);
  }

  private Dataset<Row> table(SparkSession session) {
    if (input.isPresent()) {
      title("1/5", "Reading images from %s", input.get());
      return session.read().parquet(input.get());
    }
    long start = System.nanoTime();
    var path = output.resolve("digits.parquet").toUri().toString();
    title("1/5", "Drawing %,d digits", images);
    DigitTable.generate(session, images, DATA_SEED, 4 * processes).write().parquet(path);
    double seconds = (System.nanoTime() - start) / 1e9;
    say("%,.0f images/s into %s", images / seconds, path);
    return session.read().parquet(path);
  }

  private ConversionSummary convert(String part, Dataset<Row> frame) {
    var summary =
        DataFrameToMds.builder(frame)
            .out(shards(part).toString())
            .hashes("sha256")
            .progress(Duration.ofSeconds(2), progress -> say("%s: %s", part, progress))
            .convert();
    say(
        "%s: %,d samples in %d shards, %.1f MB, %s",
        part, summary.samples(), summary.shards(), summary.storedBytes() / 1e6, summary.location());
    return summary;
  }

  private Path shards(String part) {
    return output.resolve("mds").resolve(part.replace(' ', '-'));
  }

  /** Says what came out, and whether it is what it must be. */
  private boolean conclude(List<TrainingReport> full, List<TrainingReport> resumed) {
    var problems = new ArrayList<String>();
    var first = full.get(0);
    say("World size:           %d", first.worldSize());
    say("Throughput:           %,.0f samples/s", first.samplesPerSecond());
    say("Held-out accuracy:    %.2f %% of %,d images", 100 * first.accuracy(), first.heldOut());
    double wanted = minAccuracy.orElse(input.isEmpty() ? 0.97 : 0.0);
    if (first.accuracy() < wanted) {
      problems.add(String.format(Locale.ROOT, "the accuracy is below %.2f %%", 100 * wanted));
    }
    for (var report : full) {
      say("Parameters of rank %d: %s", report.rank(), report.parametersHash());
    }
    boolean sameOnAll =
        full.stream().allMatch(r -> r.parametersHash().equals(first.parametersHash()));
    say("Identical on all ranks: %s", sameOnAll ? "yes" : "NO");
    if (!sameOnAll) {
      problems.add("the ranks hold different parameters");
    }

    var again = resumed.get(0);
    int differing = differing(first, again);
    say(
        "Resumed after step %d: %d of %d losses equal the uninterrupted run's to the last bit",
        again.firstStep(), again.losses().length - differing, again.losses().length);
    boolean complete = again.firstStep() + again.losses().length == first.losses().length;
    if (differing > 0 || !complete) {
      problems.add("the resumed run's losses differ from the uninterrupted run's");
    }
    boolean sameEnd =
        resumed.stream().allMatch(r -> r.parametersHash().equals(first.parametersHash()));
    say("Same parameters at the end: %s", sameEnd ? "yes" : "NO");
    if (!sameEnd) {
      problems.add("the resumed run ends with other parameters");
    }
    problems.forEach(problem -> say("FAILED: %s", problem));
    return problems.isEmpty();
  }

  private static int differing(TrainingReport full, TrainingReport resumed) {
    int differing = 0;
    for (int i = 0; i < resumed.losses().length; i++) {
      int at = resumed.firstStep() + i;
      if (at >= full.losses().length
          || Double.doubleToRawLongBits(full.losses()[at])
              != Double.doubleToRawLongBits(resumed.losses()[i])) {
        differing++;
      }
    }
    return differing;
  }

  private void title(String number, String text, Object... values) {
    out().println();
    say("[" + number + "] " + text, values);
  }

  private void say(String text, Object... values) {
    out().println(String.format(Locale.ROOT, text, values));
    out().flush();
  }

  private PrintWriter out() {
    return command.commandLine().getOut();
  }

  private static String clock(Duration time) {
    return String.format(Locale.ROOT, "%d:%02d", time.toMinutes(), time.toSecondsPart());
  }
}
