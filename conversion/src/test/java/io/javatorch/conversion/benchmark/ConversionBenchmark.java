package io.javatorch.conversion.benchmark;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.spark.launcher.JavaModuleOptions;

/**
 * What {@code bin/benchmark conversion} runs: the same Parquet table converted by this library and
 * by the Python library's {@code dataframe_to_mds}, each with a driver of its own in local mode, of
 * the same heap, one after the other, and a table of both.
 *
 * <p>Arguments: the directory to work in, the count of rows, the runs of each pass, and the Python
 * interpreter, which may be missing.
 */
public final class ConversionBenchmark {
  private static final String HEAP = "2g";

  /** The least that Spark starts with. */
  private static final String SMALL_HEAP = "512m";

  private final Path work;
  private final int rows;
  private final int runs;

  private ConversionBenchmark(Path work, int rows, int runs) {
    this.work = work;
    this.rows = rows;
    this.runs = runs;
  }

  /** What a side printed: names and numbers; and the most memory that it had. */
  private record Side(Map<String, String> found, long mostBytes) {
    double number(String name) {
      return Double.parseDouble(found.get(name));
    }
  }

  /** Runs it. */
  public static void main(String[] arguments) throws Exception {
    var benchmark =
        new ConversionBenchmark(
            Path.of(arguments[0]), Integer.parseInt(arguments[1]), Integer.parseInt(arguments[2]));
    benchmark.run(arguments.length > 3 ? arguments[3] : null);
  }

  private void run(String python) throws IOException, InterruptedException {
    double bytes = java(HEAP, 1, "table").number("bytes");
    // Each by itself, for the sake of the memory.
    Side theirs = python == null ? null : python(python, "plain,zstd");
    Side java = java(HEAP, runs, "noop,plain,zstd");
    Side small = java(SMALL_HEAP, 1, "small-shards");

    System.out.printf(
        Locale.ROOT,
        "%n%,d rows, %.0f MB of values, local[2], heap %s, median of %d%s%n%n",
        rows,
        bytes / 1e6,
        HEAP,
        runs,
        theirs == null ? "" : ", mosaicml-streaming " + theirs.found().get("version"));
    System.out.println("| pass | Python, rows/s | Java, rows/s | ratio | Java, MB/s | of noop |");
    System.out.println("|---|---:|---:|---:|---:|---:|");
    for (String pass : List.of("noop", "plain", "zstd")) {
      double ours = java.number(pass);
      boolean both = theirs != null && theirs.found().containsKey(pass);
      System.out.printf(
          Locale.ROOT,
          "| %s | %s | %,.0f | %s | %,.0f | %.0f %% |%n",
          switch (pass) {
            case "noop" -> "read the table only";
            case "plain" -> "convert";
            default -> "convert, zstd";
          },
          both ? "%,.0f".formatted(rows / theirs.number(pass) * 1e3) : "",
          rows / ours * 1e3,
          both ? "%.1f×".formatted(theirs.number(pass) / ours) : "",
          bytes / ours / 1e3,
          100 * java.number("noop") / ours);
    }
    System.out.printf(
        Locale.ROOT,
        "%nMost memory, all processes: Java %,d MiB%s; Java with a heap of %s and shards of 16 MiB: %,d MiB, zstd at %,.0f rows/s%n",
        java.mostBytes() >> 20,
        theirs == null ? "" : ", Python %,d MiB".formatted(theirs.mostBytes() >> 20),
        SMALL_HEAP,
        small.mostBytes() >> 20,
        rows / small.number("small-shards") * 1e3);
  }

  private Side java(String heap, int times, String passes)
      throws IOException, InterruptedException {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-Xmx" + heap);
    command.addAll(Arrays.asList(JavaModuleOptions.defaultModuleOptionArray()));
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add(ConversionPasses.class.getName());
    command.addAll(List.of(work.toString(), String.valueOf(rows), String.valueOf(times), passes));
    return side("java", command);
  }

  private Side python(String python, String passes) throws IOException, InterruptedException {
    return side(
        "python",
        List.of(
            python,
            "-W",
            "ignore",
            "bin/conversion_peer.py",
            work.toString(),
            String.valueOf(rows),
            String.valueOf(runs),
            HEAP,
            passes));
  }

  private static Side side(String name, List<String> command)
      throws IOException, InterruptedException {
    var builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
    builder.environment().keySet().removeIf(variable -> variable.startsWith("SPARK_"));
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    Process process = builder.start();
    var found = new HashMap<String, String>();
    try (var watch = MemoryWatch.start(process)) {
      try (var lines =
          new BufferedReader(
              new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
          System.err.println(name + ": " + line);
          String[] words = line.split(" ");
          if (words.length == 2) {
            found.put(words[0], words[1]);
          }
        }
      }
      if (process.waitFor() != 0) {
        throw new IOException("the side of " + name + " failed; see above");
      }
      return new Side(found, watch.mostBytes());
    }
  }
}
