package io.javatorch.integration;

import io.javatorch.streaming.BatchCollector;
import io.javatorch.streaming.StreamingDataLoader;
import io.javatorch.streaming.StreamingDataset;
import io.javatorch.streaming.format.FilePair;
import io.javatorch.streaming.format.MdsWriter;
import io.javatorch.streaming.format.Sample;
import io.javatorch.streaming.format.ShardIndex;
import io.javatorch.streaming.storage.Storage;
import io.javatorch.streaming.storage.Storages;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * What {@code bin/benchmark streaming} runs: epochs into batches, from the local disk and from an
 * S3 server on the loopback, by this library and by Python's over the same files, and a table.
 *
 * <p>Arguments: the directory to work in, the count of samples, the runs of each pass here and in
 * Python, whose epochs take far longer, and the Python interpreter, which may be missing.
 */
public final class StreamingBenchmark {
  private static final String BUCKET = "bucket";
  private static final int BATCH = 256;
  private static final int CONNECTIONS = 8;

  private final Path work;
  private final int samples;
  private final int runs;
  private final int peerRuns;
  private final Path local;

  private StreamingBenchmark(Path work, int samples, int runs, int peerRuns) {
    this.work = work;
    this.samples = samples;
    this.runs = runs;
    this.peerRuns = peerRuns;
    this.local = work.resolve("java-local");
  }

  /** A batch as training takes it: numbers in one array, the rest in lists. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Batch(long[] numbers, List<String> texts, List<byte[]> blobs) {}

  private static BatchCollector.Filler<Batch> begin(int size) {
    var batch = new Batch(new long[size], new ArrayList<>(size), new ArrayList<>(size));
    return new BatchCollector.Filler<>() {
      @Override
      public void add(Sample sample) {
        batch.numbers()[batch.texts().size()] = sample.getLong(1);
        batch.blobs().add(sample.getBytes(0));
        batch.texts().add(sample.getString(2));
      }

      @Override
      public Batch finish() {
        return batch;
      }
    };
  }

  /** Runs it. */
  public static void main(String[] arguments) throws Exception {
    var work = Path.of(arguments[0]);
    var benchmark =
        new StreamingBenchmark(
            work,
            Integer.parseInt(arguments[1]),
            Integer.parseInt(arguments[2]),
            Integer.parseInt(arguments[3]));
    try (var server = S3Server.startOpen(work.resolve("server"), BUCKET)) {
      server
          .hadoopSettings()
          .forEach((name, value) -> System.setProperty("spark.hadoop." + name, value));
      benchmark.run(server, arguments.length > 4 ? arguments[4] : null);
    }
  }

  private void run(S3Server server, String python) throws Exception {
    System.err.println("writing the data sets");
    Path sets = work.resolve("sets");
    write(sets.resolve("plain"), null);
    write(sets.resolve("zstd"), "zstd");
    upload(sets);
    Map<String, Double> theirs = python == null ? Map.of() : python(python, server, sets);
    var ours = new HashMap<String, Double>();
    var raw = new HashMap<String, Double>();
    String root = "s3a://" + BUCKET + "/";
    ours.put("local", median(() -> {}, () -> epoch(null, sets.resolve("plain"))));
    for (String set : List.of("plain", "zstd")) {
      raw.put(set, median(this::clear, () -> download(server, sets, set)));
      ours.put(set + "Cold", median(this::clear, () -> epoch(root + set, local)));
      ours.put(set + "Warm", median(() -> {}, () -> epoch(root + set, local)));
    }
    clear();
    print(theirs, ours, raw);
  }

  private void write(Path directory, String compression) throws IOException {
    var random = new SplittableRandom(1);
    var builder =
        MdsWriter.builder(directory)
            .column("blob", "bytes")
            .column("number", "int")
            .column("text", "str")
            .sizeLimit(1 << 24);
    if (compression != null) {
      builder.compression(compression);
    }
    try (var writer = builder.open()) {
      for (long i = 0; i < samples; i++) {
        var blob = new byte[random.nextInt(512, 1537)];
        for (int at = 0; at < blob.length; at += 2) {
          blob[at] = (byte) random.nextInt();
        }
        var text = new StringBuilder();
        for (int n = random.nextInt(64, 137); text.length() < n; ) {
          text.append((char) random.nextInt('a', 'z' + 1));
        }
        writer.row().set(0, blob).set(1, i).set(2, text.toString()).write();
      }
      writer.finish();
    }
  }

  /** Through the server, which keeps an ETag of what it was given itself. */
  private static void upload(Path sets) throws IOException {
    try (Storage bucket = Storages.connect("s3a://" + BUCKET);
        var files = Files.walk(sets)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        bucket.put(file, sets.relativize(file).toString());
      }
    }
  }

  private void epoch(String remote, Path directory) throws IOException {
    var builder = StreamingDataset.builder().local(directory).batchSize(BATCH).shuffle(true);
    if (remote != null) {
      builder.remote(remote);
    }
    long seen = 0;
    try (var dataset = builder.build();
        var loader = StreamingDataLoader.builder(dataset).collect(StreamingBenchmark::begin)) {
      for (Batch batch : loader) {
        if (batch.texts().size() != batch.blobs().size()) {
          throw new IllegalStateException("a ragged batch");
        }
        seen += batch.numbers().length;
      }
    }
    if (seen != samples) {
      throw new IllegalStateException(seen + " of " + samples + " samples came");
    }
  }

  /** Gets the shards' files as fast as plain HTTP goes, several at a time. */
  private void download(S3Server server, Path sets, String set) throws Exception {
    var client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    Files.createDirectories(local);
    var threads = Executors.newFixedThreadPool(CONNECTIONS);
    try {
      var pending = new ArrayList<Future<?>>();
      for (var shard : ShardIndex.read(sets.resolve(set)).shards()) {
        for (FilePair files : shard.files()) {
          String name = files.stored().basename();
          var request =
              HttpRequest.newBuilder(
                      URI.create(server.endpoint() + "/" + BUCKET + "/" + set + "/" + name))
                  .build();
          Callable<Void> get =
              () -> {
                var response = client.send(request, BodyHandlers.ofFile(local.resolve(name)));
                if (response.statusCode() != 200
                    || Files.size(local.resolve(name)) != files.stored().bytes()) {
                  throw new IOException("raw download: " + response);
                }
                return null;
              };
          pending.add(threads.submit(get));
        }
      }
      for (var one : pending) {
        one.get();
      }
    } finally {
      threads.shutdown();
    }
  }

  private void clear() throws IOException {
    if (Files.exists(local)) {
      try (var paths = Files.walk(local)) {
        for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(path);
        }
      }
    }
  }

  private interface Step {
    void run() throws Exception;
  }

  /** Milliseconds; two runs before are not counted. */
  private double median(Step prepare, Step step) throws Exception {
    var times = new double[runs];
    for (int run = -2; run < runs; run++) {
      prepare.run();
      long start = System.nanoTime();
      step.run();
      if (run >= 0) {
        times[run] = (System.nanoTime() - start) / 1e6;
      }
    }
    Arrays.sort(times);
    return times[runs / 2];
  }

  private Map<String, Double> python(String python, S3Server server, Path sets)
      throws IOException, InterruptedException {
    var builder =
        new ProcessBuilder(
            python,
            "-W",
            "ignore",
            "bin/streaming_peer.py",
            work.resolve("python-local").toString(),
            sets.resolve("plain").toString(),
            "s3://" + BUCKET,
            String.valueOf(samples),
            String.valueOf(peerRuns));
    builder.environment().put("S3_ENDPOINT_URL", server.endpoint());
    builder.environment().put("AWS_ACCESS_KEY_ID", S3Server.ACCESS_KEY);
    builder.environment().put("AWS_SECRET_ACCESS_KEY", S3Server.SECRET_KEY);
    builder.environment().put("AWS_DEFAULT_REGION", "us-east-1");
    // The server knows nothing of the checksums that newer clients ask for.
    builder.environment().put("AWS_RESPONSE_CHECKSUM_VALIDATION", "when_required");
    Process process = builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
    var found = new HashMap<String, Double>();
    try (var lines =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        System.err.println("python: " + line);
        String[] words = line.split(" ");
        if (words.length == 2) {
          found.put(words[0], Double.parseDouble(words[1]));
        }
      }
    }
    if (process.waitFor() != 0) {
      throw new IOException("bin/streaming_peer.py failed; see above");
    }
    return found;
  }

  private void print(
      Map<String, Double> theirs, Map<String, Double> ours, Map<String, Double> raw) {
    System.out.printf(
        Locale.ROOT,
        "%,d samples (int, str ~100 B, bytes ~1 KB), shuffled, into batches of %d; medians of %d"
            + " epochs (Python: %d); %d cores; S3 server on the loopback, shards of 16 MB%n%n",
        samples,
        BATCH,
        runs,
        peerRuns,
        Runtime.getRuntime().availableProcessors());
    System.out.println(
        "| epoch | Java, samples/s | Python, samples/s | ratio | Java, ms | raw download, ms |"
            + " Java/raw |");
    System.out.println("|---|---:|---:|---:|---:|---:|---:|");
    var names = new LinkedHashMap<String, String>();
    names.put("local", "local disk");
    names.put("plainCold", "S3, cold");
    names.put("plainWarm", "S3, warm");
    names.put("zstdCold", "S3, zstd, cold");
    names.put("zstdWarm", "S3, zstd, warm");
    names.forEach(
        (pass, name) -> {
          double millis = ours.get(pass);
          Double their = theirs.get(pass);
          Double least = pass.endsWith("Cold") ? raw.get(pass.replace("Cold", "")) : null;
          System.out.printf(
              Locale.ROOT,
              "| %s | %,.0f | %s | %s | %,.0f | %s | %s |%n",
              name,
              samples / millis * 1e3,
              their == null ? "–" : String.format(Locale.ROOT, "%,.0f", samples / their * 1e3),
              their == null ? "–" : String.format(Locale.ROOT, "%.1f×", their / millis),
              millis,
              least == null ? "–" : String.format(Locale.ROOT, "%,.0f", least),
              least == null ? "–" : String.format(Locale.ROOT, "%.2f×", millis / least));
        });
  }
}
