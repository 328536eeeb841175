package io.javatorch.streaming.benchmark;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

/**
 * What {@code bin/benchmark mds} runs: {@link MdsPasses} under JMH and the same passes by the
 * Python library over the same files, one after the other, and a table of both.
 *
 * <p>Arguments: the directory to work in, the count of samples, the runs of each pass, a filter of
 * passes for JMH, and the Python interpreter, which may be missing.
 */
public final class MdsBenchmark {
  private static final Map<String, String> PASSES =
      Map.of(
          "writePlain", "write",
          "writeZstd", "write, zstd",
          "readSequentially", "read in order",
          "readRandomly", "read at random",
          "readZstd", "read in order, zstd, cold",
          "streamPlain", "epoch of a streaming data set",
          "streamZstd", "epoch of a streaming data set, zstd, cold");
  private static final List<String> ORDER =
      List.of(
          "writePlain",
          "writeZstd",
          "readSequentially",
          "readRandomly",
          "readZstd",
          "streamPlain",
          "streamZstd");

  private MdsBenchmark() {}

  /** Runs it. */
  public static void main(String[] arguments) throws Exception {
    var work = Path.of(arguments[0]);
    int samples = Integer.parseInt(arguments[1]);
    int runs = Integer.parseInt(arguments[2]);
    String filter = arguments[3];
    var data = new BenchmarkData();
    System.err.println("writing the data sets into " + work);
    data.write(work.resolve("plain"), samples, "");
    data.write(work.resolve("zstd"), samples, "zstd");
    long bytes = 0;
    for (int i = 0; i < samples; i++) {
      bytes += data.blob(i).length + data.text(i).length() + 8;
    }
    double copyRate = memoryCopyRate();
    double fileRate = fileReadRate(work.resolve("plain"));
    Map<String, String> python =
        arguments.length > 4 ? python(arguments[4], work, samples, runs) : Map.of();
    Map<String, Double> java = java(work, samples, runs, filter);
    print(System.out, samples, bytes, copyRate, fileRate, python, java);
  }

  private static Map<String, Double> java(Path work, int samples, int runs, String filter)
      throws Exception {
    var options =
        new OptionsBuilder()
            .include(MdsPasses.class.getName() + "\\." + filter)
            .measurementIterations(runs)
            .warmupTime(TimeValue.NONE)
            .jvmArgsAppend(
                "-Xmx1g",
                "-Dbenchmark.directory=" + work,
                "-Dbenchmark.samples=" + samples,
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=error")
            .build();
    // JMH writes its progress to the standard output, which is the table's.
    PrintStream out = System.out;
    System.setOut(System.err);
    try {
      var times = new HashMap<String, Double>();
      for (RunResult result : new Runner(options).run()) {
        String name = result.getPrimaryResult().getLabel();
        times.put(name, result.getPrimaryResult().getStatistics().getPercentile(50));
      }
      return times;
    } finally {
      System.setOut(out);
    }
  }

  private static Map<String, String> python(String python, Path work, int samples, int runs)
      throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                python,
                "-W",
                "ignore",
                "bin/mds_peer.py",
                work.toString(),
                String.valueOf(samples),
                String.valueOf(runs))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    var found = new HashMap<String, String>();
    try (var lines =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        System.err.println("python: " + line);
        String[] words = line.split(" ");
        if (words.length == 2) {
          found.put(words[0], words[1]);
        }
      }
    }
    if (process.waitFor() != 0) {
      throw new IOException("bin/mds_peer.py failed; see above");
    }
    return found;
  }

  /** Bytes copied per second by one thread from array to array, in GB/s. */
  private static double memoryCopyRate() {
    var from = new byte[1 << 28];
    var to = new byte[1 << 28];
    double best = 0;
    for (int run = 0; run < 8; run++) {
      long start = System.nanoTime();
      System.arraycopy(from, 0, to, 0, from.length);
      best = Math.max(best, from.length / (double) (System.nanoTime() - start));
    }
    return best;
  }

  /** Bytes per second that one thread reads of files in the page cache, in GB/s. */
  private static double fileReadRate(Path directory) throws IOException {
    var buffer = ByteBuffer.allocateDirect(1 << 20);
    double best = 0;
    for (int run = 0; run < 5; run++) {
      long bytes = 0;
      long start = System.nanoTime();
      try (var files = Files.newDirectoryStream(directory, "*.mds")) {
        for (Path file : files) {
          try (var channel = FileChannel.open(file)) {
            for (int n = channel.read(buffer); n >= 0; n = channel.read(buffer)) {
              bytes += n;
              buffer.clear();
            }
          }
        }
      }
      best = Math.max(best, bytes / (double) (System.nanoTime() - start));
    }
    return best;
  }

  private static void print(
      PrintStream out,
      int samples,
      long bytes,
      double copyRate,
      double fileRate,
      Map<String, String> python,
      Map<String, Double> java) {
    String version = python.get("version");
    out.printf(
        Locale.ROOT,
        "%,d samples (int, str ~100 B, bytes ~1 KB), %,d bytes of values; medians of whole passes;"
            + " one reading or writing thread%n",
        samples,
        bytes);
    out.printf(
        Locale.ROOT,
        "this machine: %d cores, copies %.1f GB/s in memory, reads %.1f GB/s of cached files;"
            + " Java %s; Python %s%n%n",
        Runtime.getRuntime().availableProcessors(),
        copyRate,
        fileRate,
        System.getProperty("java.version"),
        version == null ? "not measured" : "mosaicml-streaming " + version);
    out.println(
        "| pass | Python, samples/s | Java, samples/s | ratio | Java, MB/s | of file read rate |");
    out.println("|---|---:|---:|---:|---:|---:|");
    for (String pass : ORDER) {
      Double millis = java.get(pass);
      if (millis == null) {
        continue;
      }
      double ours = samples / millis * 1e3;
      double theirs =
          python.containsKey(pass) ? samples / Double.parseDouble(python.get(pass)) * 1e3 : 0;
      double rate = bytes / millis / 1e3;
      out.printf(
          Locale.ROOT,
          "| %s | %s | %,.0f | %s | %,.0f | %.0f %% |%n",
          PASSES.get(pass),
          theirs == 0 ? "–" : String.format(Locale.ROOT, "%,.0f", theirs),
          ours,
          theirs == 0 ? "–" : String.format(Locale.ROOT, "%.1f×", ours / theirs),
          rate,
          rate / fileRate / 10);
    }
    out.println();
  }
}
