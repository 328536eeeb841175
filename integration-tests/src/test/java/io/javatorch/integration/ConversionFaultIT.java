package io.javatorch.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.javatorch.auth.fake.FakeDatabricks;
import io.javatorch.auth.fake.FakeRequest;
import io.javatorch.conversion.ConversionException;
import io.javatorch.integration.Fault.Kind;
import io.javatorch.samples.cluster.LocalCluster;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.spark.launcher.JavaModuleOptions;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Conversions on a standalone cluster of two hosts whose tasks, executors, workers, drivers, disks
 * and stores fail: the result is that of a run in which nothing failed, byte for byte, or the job
 * fails and its target is what it was.
 */
@Timeout(180)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ConversionFaultIT {
  /**
   * No other test's: Hadoop keeps one file system for each name in this JVM, with the server of the
   * first.
   */
  private static final String BUCKET = "faults";

  private static final String VOLUME = "/Volumes/main/default/sets";
  private static final String TOKEN = "dapi-of-the-fault-test";
  private static final int PARTITIONS = 4;
  private static final int ROWS = 8000;

  /** In the middle of partition 1, and of one of its shards. */
  private static final long FAULTY_ROW = ROWS / PARTITIONS * 3L / 2 + 7;

  private static final int SHARD_BYTES = 200_000;
  private static final Duration PATIENCE = Duration.ofSeconds(90);

  @TempDir private static Path shared;
  private static Path temporary;
  private static S3Server server;
  private static LocalCluster cluster;
  private static SparkSession spark;
  private static Map<String, String> undisturbed;

  @TempDir private Path scratch;

  @BeforeAll
  static void start() throws IOException, InterruptedException {
    server = S3Server.start(shared.resolve("server"), BUCKET);
    cluster = LocalCluster.builder().hosts("127.0.0.1", "127.0.0.2").coresPerWorker(2).start();
    temporary = Files.createDirectory(shared.resolve("temporary"));
    var conf = cluster.sparkConf();
    server.hadoopSettings().forEach((name, value) -> conf.set("spark.hadoop." + name, value));
    spark =
        SparkSession.builder()
            .config(
                conf.setAppName("ConversionFaultIT")
                    // One core of each worker: the rest is for the driver that gets killed.
                    .set("spark.cores.max", "2")
                    .set("spark.executor.cores", "1")
                    .set("spark.executor.extraJavaOptions", "-Djava.io.tmpdir=" + temporary)
                    .set("spark.speculation", "true")
                    .set("spark.speculation.interval", "100ms")
                    .set("spark.speculation.quantile", "0.5")
                    .set("spark.speculation.multiplier", "2")
                    .set("spark.speculation.minTaskRuntime", "1s"))
            .getOrCreate();
    var out = shared.resolve("undisturbed");
    convert(spark, Kind.NONE, shared, out.toString());
    undisturbed = files(out);
    frame(spark, Kind.NONE, shared)
        .limit(100)
        .write()
        .format("mds")
        .save(shared.resolve("small").toString());
    assertThat(undisturbed).hasSizeGreaterThan(PARTITIONS * 5).containsKey("index.json");
  }

  @AfterAll
  static void stop() throws IOException, InterruptedException {
    if (spark != null) {
      spark.close();
    }
    if (cluster != null) {
      cluster.close();
    }
    if (server != null) {
      server.close();
    }
  }

  private static Dataset<Row> frame(SparkSession session, Kind kind, Path notes) {
    var fault =
        functions
            .udf(new Fault(kind, FAULTY_ROW, notes), DataTypes.LongType)
            .asNondeterministic()
            .asNonNullable();
    return session
        .range(0, ROWS, 1, PARTITIONS)
        .select(fault.apply(functions.col("id")).as("id"))
        .selectExpr(
            "id",
            "concat_ws(' ', transform(sequence(1, 8), n -> sha2(concat(id, n), 256))) as text");
  }

  private static void convert(SparkSession session, Kind kind, Path notes, String out) {
    frame(session, kind, notes)
        .write()
        .format("mds")
        .option("sizeLimit", SHARD_BYTES)
        .option("hashes", "xxh64")
        .mode(SaveMode.Overwrite)
        .save(out);
  }

  /** All files below a directory, and what is in them. */
  private static Map<String, String> files(Path directory) throws IOException {
    var found = new TreeMap<String, String>();
    try (var paths = Files.walk(directory)) {
      for (Path path : paths.filter(Files::isRegularFile).toList()) {
        found.put(directory.relativize(path).toString(), sha256(Files.readAllBytes(path)));
      }
    }
    return found;
  }

  private static String sha256(byte[] content) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    } catch (java.security.NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void await(Path note) throws InterruptedException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!Files.exists(note)) {
      assertThat(System.nanoTime()).as("the time until %s is there", note).isLessThan(deadline);
      Thread.sleep(20);
    }
  }

  private static ProcessHandle process(Path note) throws IOException {
    return ProcessHandle.of(Long.parseLong(Files.readString(note))).orElseThrow();
  }

  private interface Blow {
    void fall(ProcessHandle executor) throws Exception;
  }

  /** Does something to the executor that waits, as soon as it does, and converts the while. */
  private void convertUnder(Blow blow, String out) throws Exception {
    var failure = new Throwable[1];
    var striker =
        new Thread(
            () -> {
              try {
                await(scratch.resolve("waits"));
                blow.fall(process(scratch.resolve("waits")));
              } catch (Exception | AssertionError e) {
                failure[0] = e;
              }
            });
    striker.start();
    convert(spark, Kind.WAIT_ONCE, scratch, out);
    striker.join();
    assertThat(failure[0]).isNull();
  }

  private Path out() {
    return scratch.resolve("out");
  }

  @Test
  @Order(1)
  void attemptsThatFailLeaveNothing() throws Exception {
    convert(spark, Kind.THROW_ONCE, scratch, out().toString());
    assertThat(scratch.resolve("thrown")).exists();
    assertThat(files(out())).isEqualTo(undisturbed);
  }

  @Test
  @Order(2)
  void aJobThatFailsLeavesTheOldDataSetAsItWas() throws Exception {
    frame(spark, Kind.NONE, scratch).limit(100).write().format("mds").save(out().toString());
    var before = files(out());
    assertThatThrownBy(() -> convert(spark, Kind.THROW, scratch, out().toString()))
        .isInstanceOf(ConversionException.class)
        .hasStackTraceContaining("every attempt fails");
    assertThat(files(out())).isEqualTo(before);
  }

  @Test
  @Order(3)
  void aJobThatFailsLeavesNothingWhereNothingWas() throws Exception {
    assertThatThrownBy(() -> convert(spark, Kind.THROW, scratch, out().toString()))
        .isInstanceOf(ConversionException.class);
    assertThat(Files.exists(out()) ? files(out()) : Map.of()).isEmpty();
  }

  @Test
  @Order(4)
  void anExecutorThatIsKilledInMidShardChangesNothing() throws Exception {
    convertUnder(ProcessHandle::destroyForcibly, out().toString());
    assertThat(files(out())).isEqualTo(undisturbed);
  }

  @Test
  @Order(5)
  void aStragglerThatIsOvertakenAndGoesOnChangesNothing() throws Exception {
    convert(spark, Kind.STRAGGLE_ONCE, scratch, out().toString());
    assertThat(scratch.resolve("straggles")).exists();
    assertThat(scratch.resolve("straggler-ended")).doesNotExist();
    assertThat(files(out())).isEqualTo(undisturbed);
    Files.createFile(scratch.resolve("job-is-over"));
    await(scratch.resolve("straggler-ended"));
    assertThat(files(out())).isEqualTo(undisturbed);
  }

  @Test
  @Order(6)
  void aDriverThatIsKilledLeavesAPlaceInWhichTheJobCanRunAgain() throws Exception {
    var driver = driver(Map.of(), Kind.WAIT_ONCE, out().toString());
    try {
      long deadline = System.nanoTime() + PATIENCE.toNanos();
      while (!Files.exists(scratch.resolve("waits"))) {
        assertThat(driver.isAlive() && System.nanoTime() < deadline)
            .as(() -> "the driver goes on: " + read(scratch.resolve("driver.log")))
            .isTrue();
        Thread.sleep(20);
      }
    } finally {
      driver.destroyForcibly().waitFor();
    }
    assertThat(files(out())).as("what is there in the middle of the job").isNotEmpty();
    assertThat(out().resolve("index.json")).doesNotExist();
    convert(spark, Kind.NONE, scratch, out().toString());
    assertThat(files(out())).isEqualTo(undisturbed);
    var executor = ProcessHandle.of(Long.parseLong(Files.readString(scratch.resolve("waits"))));
    if (executor.isPresent()) {
      executor.get().onExit().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }
    assertThat(files(out())).isEqualTo(undisturbed);
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A driver in a process of its own that converts into each of these, one after the other. */
  private Process driver(Map<String, String> environment, Kind kind, String... outs)
      throws IOException {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-Xmx512m");
    command.addAll(Arrays.asList(JavaModuleOptions.defaultModuleOptionArray()));
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(
        List.of(
            LonelyDriver.class.getName(), cluster.masterUrl(), scratch.toString(), kind.name()));
    command.addAll(List.of(outs));
    var builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(scratch.resolve("driver.log").toFile());
    builder.environment().putAll(environment);
    return builder.start();
  }

  /** The main class of such a driver. */
  static final class LonelyDriver {
    private LonelyDriver() {}

    public static void main(String[] arguments) throws IOException {
      try (var session =
          SparkSession.builder()
              .master(arguments[0])
              .appName("LonelyDriver")
              .config("spark.driver.host", "127.0.0.1")
              .config("spark.driver.bindAddress", "127.0.0.1")
              .config("spark.ui.enabled", "false")
              .config("spark.cores.max", "2")
              .config("spark.executor.cores", "1")
              .config("spark.executor.memory", "512m")
              .config("spark.executor.extraClassPath", directories())
              .getOrCreate()) {
        for (var out : List.of(arguments).subList(3, arguments.length)) {
          convert(session, Kind.valueOf(arguments[2]), Path.of(arguments[1]), out);
        }
      }
    }

    private static String directories() {
      return String.join(
          java.io.File.pathSeparator,
          Arrays.stream(System.getProperty("java.class.path").split(java.io.File.pathSeparator))
              .filter(entry -> Files.isDirectory(Path.of(entry)))
              .toList());
    }
  }

  @Test
  @Order(7)
  void aDiskThatIsFullFailsTheJobAndNothingElse() throws Exception {
    Path disk = mount(3 << 20);
    try {
      Path out = disk.resolve("out");
      frame(spark, Kind.NONE, scratch).limit(100).write().format("mds").save(out.toString());
      var before = files(out);
      Files.write(disk.resolve("filler"), new byte[2 << 20]);
      assertThatThrownBy(() -> convert(spark, Kind.NONE, scratch, out.toString()))
          .isInstanceOf(ConversionException.class)
          .hasStackTraceContaining("No space left on device");
      assertThat(files(out)).isEqualTo(before);
    } finally {
      unmount(disk);
    }
  }

  @Test
  @Order(8)
  void aDiskThatIsFullForAWhileChangesNothing() throws Exception {
    Path disk = mount(64 << 20);
    try {
      // The last row of partition 1 is not reached before there is room.
      Files.write(disk.resolve("filler"), new byte[(64 << 20) - (1 << 20)]);
      convert(spark, Kind.MAKE_ROOM, disk, disk.resolve("out").toString());
      assertThat(disk.resolve("filler")).doesNotExist();
      assertThat(files(disk.resolve("out"))).isEqualTo(undisturbed);
    } finally {
      unmount(disk);
    }
  }

  @Test
  @Order(9)
  void executorsWriteIntoABucketAndOneThatIsKilledChangesNothing() throws Exception {
    convertUnder(ProcessHandle::destroyForcibly, "s3a://" + BUCKET + "/set");
    assertThat(files(server.data().resolve(BUCKET + "/set"))).isEqualTo(undisturbed);
    try (var left = Files.newDirectoryStream(temporary, "mds-*")) {
      assertThat(left).as("what is left where nobody cleans up").isEmpty();
    }
  }

  @Test
  @Order(10)
  void aVolumeWhoseStoreFailsAtRandomGetsAllOrKeepsWhatItHas() throws Exception {
    var busy = new Chance(5);
    var dropped = new Chance(6);
    try (var workspace = FakeDatabricks.start().withToken(TOKEN)) {
      workspace.putAll(shared.resolve("small"), VOLUME + "/old");
      workspace.makeDirectory(VOLUME);
      var before = files(workspace, VOLUME + "/old");
      workspace.fault(
          Integer.MAX_VALUE,
          request -> request.method().equals("PUT") && request.concerns("/old/part-00002/"),
          io.javatorch.auth.fake.Fault.status(403));
      workspace.fault(Integer.MAX_VALUE, busy::hits, io.javatorch.auth.fake.Fault.status(503));
      workspace.fault(
          Integer.MAX_VALUE,
          request -> request.method().equals("PUT") && dropped.hits(request),
          new io.javatorch.auth.fake.Fault.Drop(1000));
      var driver =
          driver(
              Map.of("DATABRICKS_HOST", workspace.url(), "DATABRICKS_TOKEN", TOKEN),
              Kind.NONE,
              VOLUME + "/new",
              VOLUME + "/old");
      assertThat(driver.waitFor(150, TimeUnit.SECONDS)).as("the driver ended").isTrue();
      var log = read(scratch.resolve("driver.log"));
      assertThat(files(workspace, VOLUME + "/new")).as(log).isEqualTo(undisturbed);
      assertThat(driver.exitValue()).as("the second job fails").isEqualTo(1);
      assertThat(files(workspace, VOLUME + "/old")).isEqualTo(before);
      assertThat(log).contains("ConversionException").doesNotContain(TOKEN);
      assertThat(workspace.violations()).isEmpty();
    }
  }

  /**
   * One in twelve requests, and never one after the other of the same kind for the same file, which
   * is tried three times. Which of them are hit does not hang on the order in which they come.
   */
  private static final class Chance {
    private final long seed;
    private final Map<String, Integer> seen = new HashMap<>();

    Chance(long seed) {
      this.seed = seed;
    }

    synchronized boolean hits(FakeRequest request) {
      var what = request.method() + " " + request.path();
      int number = seen.merge(what, 1, Integer::sum);
      return isHit(what, number) && !isHit(what, number - 1);
    }

    private boolean isHit(String what, int number) {
      return new SplittableRandom(31 * (31 * seed + what.hashCode()) + number).nextInt(12) == 0;
    }
  }

  private static Map<String, String> files(FakeDatabricks workspace, String directory) {
    return new TreeMap<>(
        workspace.below(directory).stream()
            .collect(
                Collectors.toMap(
                    path -> path.substring(directory.length() + 1),
                    path -> sha256(workspace.get(path).orElseThrow()))));
  }

  /** A small disk of its own, which only root can have. */
  private Path mount(int bytes) throws IOException, InterruptedException {
    Path disk = Files.createDirectory(scratch.resolve("disk"));
    int exitCode =
        new ProcessBuilder("mount", "-t", "tmpfs", "-o", "size=" + bytes, "tmpfs", disk.toString())
            .inheritIO()
            .start()
            .waitFor();
    assumeThat(exitCode).as("NOT TESTED: full disks, for mount needs root").isZero();
    return disk;
  }

  private static void unmount(Path disk) throws IOException, InterruptedException {
    assertThat(new ProcessBuilder("umount", "-l", disk.toString()).inheritIO().start().waitFor())
        .isZero();
  }

  /** Last: the cluster has but one worker then. */
  @Test
  @Order(Integer.MAX_VALUE)
  void aWorkerThatIsKilledWithItsExecutorChangesNothing() throws Exception {
    convertUnder(
        executor -> {
          var worker = executor.parent().orElseThrow();
          worker.destroyForcibly();
          executor.destroyForcibly();
        },
        out().toString());
    assertThat(files(out())).isEqualTo(undisturbed);
  }
}
