package io.javatorch.integration;

import io.javatorch.samples.cluster.LocalCluster;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.spark.launcher.JavaModuleOptions;

/**
 * A cluster that knows Spark and nothing of ours, as a user's does, and {@code spark-submit} to it:
 * Spark's own SparkSubmit class in a process of its own, with the built application jar.
 */
final class BareCluster implements AutoCloseable {
  private final LocalCluster cluster;

  private BareCluster(LocalCluster cluster) {
    this.cluster = cluster;
  }

  /** Two workers of one core, which look like two machines, of the Spark that we build with. */
  static BareCluster start() throws IOException, InterruptedException {
    return start(paths(System.getProperty("bare.cluster.class.path")));
  }

  /** The same of Spark 3.5 with Scala 2.12, the oldest that our jars are to run on. */
  static BareCluster startSpark35() throws IOException, InterruptedException {
    return start(spark35());
  }

  private static BareCluster start(List<Path> jars) throws IOException, InterruptedException {
    return new BareCluster(
        LocalCluster.builder().hosts("127.0.0.1", "127.0.0.2").classPath(jars).start());
  }

  /** All that a cluster of Spark 3.5 has in its class path. */
  static List<Path> spark35() throws IOException {
    return paths(Files.readString(Path.of(System.getProperty("spark35.class.path"))).strip());
  }

  private static List<Path> paths(String classPath) {
    return Arrays.stream(classPath.split(File.pathSeparator)).map(Path::of).toList();
  }

  /** Where workers and executors keep their files and logs. */
  Path home() {
    return cluster.sparkHome();
  }

  /**
   * Submits the application jar and waits for its end.
   *
   * @param jars what is to be there besides it
   * @param confs Spark properties, as {@code key=value}
   * @param log where all it prints goes
   * @return its exit code
   */
  int submit(
      List<Path> jars,
      List<String> confs,
      Map<String, String> environment,
      String mainClass,
      List<String> arguments,
      Path log)
      throws IOException, InterruptedException {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-Xmx1g");
    command.addAll(Arrays.asList(JavaModuleOptions.defaultModuleOptionArray()));
    command.addAll(List.of("-cp", home().resolve("jars/*").toString()));
    command.add("org.apache.spark.deploy.SparkSubmit");
    command.addAll(List.of("--master", cluster.masterUrl()));
    command.addAll(List.of("--class", mainClass));
    if (!jars.isEmpty()) {
      command.addAll(
          List.of("--jars", jars.stream().map(Path::toString).collect(Collectors.joining(","))));
    }
    for (var conf : confs) {
      command.addAll(List.of("--conf", conf));
    }
    command.add(System.getProperty("application.jar"));
    command.addAll(arguments);
    return run(command, environment, log);
  }

  /** Runs the quick start as bin/quickstart does, with this cluster for {@code --master}. */
  int runQuickStart(List<String> arguments, Path log) throws IOException, InterruptedException {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("@" + System.getProperty("launch.arguments"));
    // Spark reads these as it reads the properties of spark-submit.
    command.add("-Dspark.driver.host=127.0.0.1");
    command.add("-Dspark.driver.bindAddress=127.0.0.1");
    command.add("-Dspark.executor.extraJavaOptions=-XX:ActiveProcessorCount=1");
    command.add("io.javatorch.samples.QuickStart");
    command.addAll(List.of("--master", cluster.masterUrl()));
    command.addAll(arguments);
    return run(command, Map.of(), log);
  }

  private int run(List<String> command, Map<String, String> environment, Path log)
      throws IOException, InterruptedException {
    var builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
    builder.environment().put("SPARK_HOME", home().toString());
    builder.environment().put("SPARK_SCALA_VERSION", cluster.scalaVersion());
    builder.environment().put("SPARK_LOCAL_IP", "127.0.0.1");
    builder.environment().putAll(environment);
    var process = builder.start();
    if (!process.waitFor(8, TimeUnit.MINUTES)) {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
      throw new IOException(
          "The application did not end:\n" + Files.readString(log, StandardCharsets.UTF_8));
    }
    return process.exitValue();
  }

  /** The jar with libtorch, which a cluster without a GPU needs. */
  static Path nativeLibraryJar() {
    return paths(System.getProperty("java.class.path")).stream()
        .filter(path -> path.getFileName().toString().startsWith("pytorch-native-cpu"))
        .findFirst()
        .orElseThrow();
  }

  @Override
  public void close() {
    cluster.close();
  }
}
