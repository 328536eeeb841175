package io.javatorch.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.javatorch.distributor.JavaTorchDistributor;
import io.javatorch.streaming.StreamingDataLoader;
import io.javatorch.streaming.StreamingDataset;
import io.javatorch.streaming.format.MdsWriter;
import io.javatorch.streaming.storage.RetryPolicy;
import io.javatorch.streaming.storage.Storage;
import io.javatorch.streaming.storage.Storages;
import io.javatorch.streaming.storage.StoredFile;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** An S3 store, by Hadoop's S3A and over HTTP. */
@Timeout(180)
class S3IT {
  private static final int SAMPLES = 2_000;

  @TempDir private static Path serverDirectory;
  private static S3Server server;

  @TempDir private Path scratch;

  @BeforeAll
  static void start() throws IOException, InterruptedException {
    server = S3Server.start(serverDirectory, "bucket");
    server
        .hadoopSettings()
        .forEach((name, value) -> System.setProperty("spark.hadoop." + name, value));
  }

  @AfterAll
  static void stop() throws InterruptedException {
    server.hadoopSettings().keySet().forEach(name -> System.clearProperty("spark.hadoop." + name));
    server.close();
  }

  private Path file(String text) throws IOException {
    return Files.writeString(scratch.resolve("file"), text);
  }

  /** Writes a data set of several compressed shards straight to the store. */
  private static void write(String location) throws IOException {
    try (var writer =
        MdsWriter.builder(location)
            .column("number", "int")
            .column("text", "str")
            .compression("zstd")
            .hashes("xxh64")
            .sizeLimit(1 << 13)
            .open()) {
      for (long i = 0; i < SAMPLES; i++) {
        writer.write(Map.of("number", i, "text", "sample " + i));
      }
      assertThat(writer.finish().shards()).hasSizeGreaterThan(5);
    }
  }

  @Test
  void holdsFilesAsTheInterfaceOfStoresSays() throws IOException {
    try (Storage storage = Storages.connect("s3a://bucket/contract")) {
      storage.put(file("0123456789"), "a/b");
      storage.put(file("abcdefghij"), "a/b");
      storage.put(file("x"), "c");

      assertThat(storage.size("a/b")).isEqualTo(10);
      try (var in = storage.open("a/b", 7)) {
        assertThat(in.readAllBytes()).asString().isEqualTo("hij");
      }
      try (var in = storage.open("a/b", 2, 3)) {
        assertThat(in.readNBytes(3)).asString().isEqualTo("cde");
      }
      assertThat(storage.list(""))
          .containsExactly(new StoredFile("a", true, 0), new StoredFile("c", false, 1));
      storage.delete("c");
      storage.delete("c");
      assertThat(storage.list("")).containsExactly(new StoredFile("a", true, 0));
      assertThat(storage.list("absent")).isEmpty();
      assertThatThrownBy(() -> storage.open("absent", 0).close())
          .isInstanceOf(NoSuchFileException.class);
      assertThatThrownBy(() -> storage.size("absent")).isInstanceOf(NoSuchFileException.class);
    }
  }

  @Test
  void aWrongKeyIsDeniedAccessAndNotTriedAgain() throws IOException {
    System.setProperty("spark.hadoop.fs.s3a.bucket.locked.secret.key", "a wrong one");
    try (Storage storage = Storages.connect("s3a://locked/x")) {
      Throwable failure = catchThrowable(() -> storage.size("file"));
      assertThat(failure).isInstanceOf(AccessDeniedException.class);
      assertThat(failure.toString()).doesNotContain("a wrong one");
    } finally {
      System.clearProperty("spark.hadoop.fs.s3a.bucket.locked.secret.key");
    }
  }

  @Test
  void aDataSetIsWrittenToTheStoreAndStreamedFromIt() throws IOException {
    write("s3a://bucket/streamed");
    try (var dataset =
            StreamingDataset.builder()
                .remote("s3a://bucket/streamed")
                .local(scratch.resolve("local"))
                .validateHash("xxh64")
                .batchSize(64)
                .shuffle(true)
                .build();
        var loader = StreamingDataLoader.builder(dataset).build()) {
      var seen = new ArrayList<Long>();
      for (var batch : loader) {
        for (var sample : batch) {
          seen.add(sample.getLong("number"));
          assertThat(sample.getString("text")).isEqualTo("sample " + sample.getLong("number"));
        }
      }
      assertThat(seen)
          .containsExactlyInAnyOrderElementsOf(LongStream.range(0, SAMPLES).boxed().toList());
    }
  }

  @Test
  void aDataFrameComesBackFromTheStore() throws IOException {
    var location = "s3a://bucket/frame";
    try (var spark =
        SparkSession.builder()
            .master("local[2]")
            .appName("S3IT")
            .config("spark.ui.enabled", false)
            .getOrCreate()) {
      var frame =
          spark
              .range(0, SAMPLES, 1, 3)
              .selectExpr(
                  "id",
                  "date_add(date'2024-01-01', cast(id as int)) as day",
                  "named_struct('text', 'sample ' || id) as parts");
      frame.write().format("mds").option("hashes", "xxh64").save(location);
      frame.limit(5).write().format("mds").option("hashes", "xxh64").mode("append").save(location);

      var read = spark.read().format("mds").option("validateHash", "xxh64").load(location);

      assertThat(read.schema().simpleString()).isEqualTo(frame.schema().simpleString());
      assertThat(read.count()).isEqualTo(SAMPLES + 5);
      assertThat(read.distinct().exceptAll(frame).isEmpty()).isTrue();
      assertThat(frame.exceptAll(read).isEmpty()).isTrue();
      assertThat(read.where("parts.text = 'sample 7'").select("day").first().getDate(0))
          .hasToString("2024-01-08");
    }
  }

  @Test
  void aServerThatDiesIsAnErrorThatNamesTheStoreAndTheShard() throws Exception {
    Path other = Files.createDirectories(scratch.resolve("server"));
    try (var dying = S3Server.start(other, "mortal")) {
      String prefix = "spark.hadoop.fs.s3a.bucket.mortal.";
      System.setProperty(prefix + "endpoint", dying.endpoint());
      System.setProperty(prefix + "attempts.maximum", "1");
      System.setProperty(prefix + "retry.limit", "1");
      try {
        write("s3a://mortal/set");
        try (var dataset =
            StreamingDataset.builder()
                .remote("s3a://mortal/set")
                .local(scratch.resolve("local"))
                .retries(new RetryPolicy(2, Duration.ofSeconds(20), Duration.ofMillis(10)))
                .batchSize(64)
                .build()) {
          dataset.get(0);
          dying.kill();
          assertThatThrownBy(() -> dataset.get(SAMPLES - 1))
              .hasMessageContaining("s3a://mortal/set")
              .hasMessageContaining("shard.");
        }
      } finally {
        for (var name : List.of("endpoint", "attempts.maximum", "retry.limit")) {
          System.clearProperty(prefix + name);
        }
      }
    }
  }

  @Test
  void ranksStreamWithTheSettingsThatSparkHas() throws Exception {
    write("s3a://bucket/ranks");
    var conf =
        new SparkConf().setMaster("local[2]").setAppName("S3IT").set("spark.ui.enabled", "false");
    try (var spark = new JavaSparkContext(conf)) {
      String local = scratch.resolve("shared").toString();
      List<ArrayList<Long>> seen =
          JavaTorchDistributor.builder(spark)
              .numProcesses(2)
              .workerHeap("256m")
              .withoutCredentials()
              .build()
              .runAll(
                  context -> {
                    var numbers = new ArrayList<Long>();
                    try (var dataset =
                            StreamingDataset.builder()
                                .remote("s3a://bucket/ranks")
                                .local(Path.of(local))
                                .world(context.world())
                                .batchSize(50)
                                .shuffle(true)
                                .build();
                        var loader = StreamingDataLoader.builder(dataset).build()) {
                      for (var batch : loader) {
                        batch.forEach(sample -> numbers.add(sample.getLong("number")));
                      }
                    }
                    return numbers;
                  });
      assertThat(seen.get(0)).hasSameSizeAs(seen.get(1));
      var all = new ArrayList<>(seen.get(0));
      all.addAll(seen.get(1));
      assertThat(all)
          .containsExactlyInAnyOrderElementsOf(LongStream.range(0, SAMPLES).boxed().toList());
    }
  }
}
