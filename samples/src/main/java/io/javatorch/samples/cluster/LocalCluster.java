package io.javatorch.samples.cluster;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.spark.SparkConf;
import org.apache.spark.launcher.JavaModuleOptions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A Spark standalone cluster on this machine: Spark's own master and workers as processes, started
 * from the jars in this program's class path. Executors are processes of the workers, so tasks run
 * in other JVMs than the driver, as they do on a real cluster.
 *
 * <pre>{@code
 * try (var cluster = LocalCluster.builder().workers(2).start();
 *     var spark = new JavaSparkContext(cluster.sparkConf().setAppName("me"))) { … }
 * }</pre>
 *
 * <p>All of it listens on loopback addresses only, and ends with this program, however that ends.
 */
public final class LocalCluster implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(LocalCluster.class);
  private static final Duration START_TIMEOUT = Duration.ofSeconds(60);
  private static final Pattern MASTER_URL =
      Pattern.compile("Starting Spark master at (spark://[^\\s\"]+)");
  private static final Pattern SCALA_LIBRARY =
      Pattern.compile("scala-library-([0-9]+\\.[0-9]+)\\..*\\.jar");
  private static final Pattern WORKER_READY =
      Pattern.compile("Successfully registered with master");

  private final Builder settings;
  private final Path sparkHome;
  private final List<Process> processes = new ArrayList<>();

  /**
   * For Ctrl-C; a driver that is killed leaves its cluster's files, though none of its processes.
   */
  private final Thread cleanUp = new Thread(this::end, "end-local-cluster");

  private String masterUrl;

  private LocalCluster(Builder settings, Path sparkHome) {
    this.settings = settings;
    this.sparkHome = sparkHome;
    Runtime.getRuntime().addShutdownHook(cleanUp);
  }

  /** A cluster of two workers with one core each, unless set otherwise. */
  public static Builder builder() {
    return new Builder();
  }

  /** The master, as {@code --master} takes it. */
  public String masterUrl() {
    return masterUrl;
  }

  /** What a worker runs from: {@code jars} holds what its executors can load. */
  public Path sparkHome() {
    return sparkHome;
  }

  /**
   * Settings for a driver in this program: the master, the driver on a loopback address, executors
   * that fill the workers, and on their class path whatever directories this program loads classes
   * from.
   */
  public SparkConf sparkConf() {
    return new SparkConf()
        .setMaster(masterUrl)
        .set("spark.driver.host", settings.hosts.get(0))
        .set("spark.driver.bindAddress", settings.hosts.get(0))
        .set("spark.executor.memory", settings.executorMemory)
        .set("spark.ui.enabled", "false")
        .set(
            "spark.executor.extraClassPath",
            settings.classPath.stream()
                .filter(Files::isDirectory)
                .map(Path::toString)
                .collect(Collectors.joining(File.pathSeparator)));
  }

  private void start() throws IOException, InterruptedException {
    var jars = Files.createDirectories(sparkHome.resolve("jars"));
    for (var entry : settings.classPath) {
      if (Files.isRegularFile(entry)) {
        Files.createSymbolicLink(jars.resolve(entry.getFileName()), entry.toAbsolutePath());
      }
    }
    Files.createDirectories(sparkHome.resolve("conf"));
    masterUrl =
        launch(
            "master",
            MASTER_URL,
            List.of("org.apache.spark.deploy.master.Master", "--host", settings.hosts.get(0)),
            settings.hosts.get(0));
    for (int i = 0; i < settings.workers; i++) {
      var host = settings.hosts.get(i % settings.hosts.size());
      var arguments = new ArrayList<>(List.of("org.apache.spark.deploy.worker.Worker"));
      arguments.addAll(List.of("--host", host));
      arguments.addAll(List.of("--cores", Integer.toString(settings.coresPerWorker)));
      arguments.addAll(List.of("--memory", settings.memoryPerWorker));
      arguments.addAll(List.of("--work-dir", sparkHome.resolve("work-" + i).toString()));
      arguments.add(masterUrl);
      launch("worker-" + i, WORKER_READY, arguments, host);
    }
  }

  /** Starts a process and waits until its log says that it is ready. */
  private String launch(String name, Pattern ready, List<String> arguments, String host)
      throws IOException, InterruptedException {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-Xmx512m");
    // Not as an array, which Spark 3.5 does not give.
    command.addAll(List.of(JavaModuleOptions.defaultModuleOptions().split(" ")));
    command.add("-cp");
    command.add(locationOf(ClusterNode.class) + File.pathSeparator + sparkHome.resolve("jars/*"));
    command.add(ClusterNode.class.getName());
    command.addAll(arguments.subList(0, 1));
    command.addAll(List.of("--port", "0", "--webui-port", "0"));
    command.addAll(arguments.subList(1, arguments.size()));
    var log = sparkHome.resolve(name + ".log");
    var builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .directory(sparkHome.toFile());
    // Settings of another Spark on this machine are not for this one.
    builder.environment().keySet().removeIf(variable -> variable.startsWith("SPARK_"));
    builder
        .environment()
        .putAll(
            Map.of(
                "SPARK_HOME", sparkHome.toString(),
                // Where executors keep blocks: deleted with the rest.
                "SPARK_LOCAL_DIRS", sparkHome.resolve("local").toString(),
                // Spark looks for its jars in a source tree unless it is told its Scala version.
                "SPARK_SCALA_VERSION", scalaVersion(),
                "SPARK_LOCAL_IP", host));
    var process = builder.start();
    processes.add(process);
    long deadline = System.nanoTime() + START_TIMEOUT.toNanos();
    while (true) {
      var text = Files.exists(log) ? Files.readString(log, StandardCharsets.UTF_8) : "";
      var matcher = ready.matcher(text);
      if (matcher.find()) {
        return matcher.groupCount() > 0 ? matcher.group(1) : "";
      }
      if (!process.isAlive() || System.nanoTime() > deadline) {
        throw new IOException(
            "Spark's "
                + name
                + (process.isAlive()
                    ? " is not ready after " + START_TIMEOUT
                    : " ended with code " + process.exitValue())
                + ". Its log:\n"
                + text);
      }
      Thread.sleep(50);
    }
  }

  /** The Scala that the cluster's Spark is for, such as {@code 2.13}; this program's by default. */
  public String scalaVersion() {
    return settings.classPath.stream()
        .map(entry -> SCALA_LIBRARY.matcher(entry.getFileName().toString()))
        .filter(Matcher::matches)
        .map(matcher -> matcher.group(1))
        .findFirst()
        .orElseGet(
            () -> {
              var parts = scala.util.Properties$.MODULE$.versionNumberString().split("\\.");
              return parts[0] + "." + parts[1];
            });
  }

  private static Path locationOf(Class<?> type) {
    return Path.of(
        java.net.URI.create(type.getProtectionDomain().getCodeSource().getLocation().toString()));
  }

  /** Ends all processes, executors included, and deletes the cluster's files. */
  @Override
  public void close() {
    try {
      Runtime.getRuntime().removeShutdownHook(cleanUp);
    } catch (IllegalStateException e) {
      return; // The JVM ends already, and the hook does this.
    }
    end();
  }

  private void end() {
    var all = new ArrayList<ProcessHandle>();
    for (var process : processes) {
      process.descendants().forEach(all::add);
      all.add(process.toHandle());
    }
    all.forEach(ProcessHandle::destroy);
    for (var process : all) {
      if (!hasExited(process)) {
        process.destroyForcibly();
        hasExited(process);
      }
    }
    deleteRecursively(sparkHome);
  }

  /** Waits up to five seconds. Keeps an interrupt for later. */
  private static boolean hasExited(ProcessHandle process) {
    try {
      process.onExit().get(5, TimeUnit.SECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } catch (ExecutionException e) {
      throw new IllegalStateException("Waiting for a process cannot fail", e);
    }
  }

  private static void deleteRecursively(Path directory) {
    try (var paths = Files.walk(directory)) {
      for (var path : paths.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    } catch (IOException | UncheckedIOException e) {
      // A job that went well is not to fail for it.
      LOG.warn("Some files of the cluster are left in {}", directory, e);
    }
  }

  /** What the cluster is made of. Not thread-safe. */
  public static final class Builder {
    private int workers = 2;
    private int coresPerWorker = 1;
    private String memoryPerWorker = "4g";
    private String executorMemory = "1g";
    private List<String> hosts = List.of("127.0.0.1");
    private List<Path> classPath =
        Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
            .map(Path::of)
            .toList();

    private Builder() {}

    /** How many workers; default 2. */
    public Builder workers(int workers) {
      this.workers = atLeastOne("workers", workers);
      return this;
    }

    /** How many tasks a worker runs at once; default 1. */
    public Builder coresPerWorker(int coresPerWorker) {
      this.coresPerWorker = atLeastOne("coresPerWorker", coresPerWorker);
      return this;
    }

    /** The memory of each executor, of which a worker has one; default {@code 1g}. */
    public Builder executorMemory(String executorMemory) {
      this.executorMemory = Objects.requireNonNull(executorMemory, "executorMemory");
      return this;
    }

    /**
     * The loopback addresses that the workers take in turn, the driver and the master the first;
     * default {@code 127.0.0.1} alone. With several the cluster looks like several machines.
     */
    public Builder hosts(String... hosts) {
      this.hosts = List.of(hosts);
      return this;
    }

    /** What executors can load; default all that this program can. */
    public Builder classPath(List<Path> classPath) {
      this.classPath = List.copyOf(classPath);
      return this;
    }

    /**
     * Starts the cluster and returns when all workers are with their master.
     *
     * @throws IOException if a process does not come up; the message holds its log
     */
    public LocalCluster start() throws IOException, InterruptedException {
      var cluster = new LocalCluster(this, Files.createTempDirectory("javatorch-spark"));
      try {
        cluster.start();
        return cluster;
      } catch (IOException | InterruptedException | RuntimeException e) {
        cluster.close();
        throw e;
      }
    }

    private static int atLeastOne(String name, int value) {
      if (value < 1) {
        throw new IllegalArgumentException(name + " must be at least 1, got " + value);
      }
      return value;
    }
  }
}
