package io.javatorch.streaming.tool;

import static org.assertj.core.api.Assertions.assertThat;

import io.javatorch.auth.DatabricksAuth;
import io.javatorch.auth.fake.FakeDatabricks;
import io.javatorch.streaming.LauncherOfTest;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OrderCommandTest {
  @TempDir private Path root;

  record Result(int code, String out, String err) {}

  static Result run(String... arguments) {
    var out = new StringWriter();
    var err = new StringWriter();
    var command = MdsTool.commandLine().setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    int code = command.execute(arguments);
    command.getOut().flush();
    command.getErr().flush();
    return new Result(code, out.toString(), err.toString());
  }

  /** Writes an index without shards: nothing else is needed. */
  static Path index(Path directory, long... samples) throws IOException {
    var json = new StringBuilder("{\"version\": 2, \"shards\": [");
    for (int i = 0; i < samples.length; i++) {
      json.append(i == 0 ? "" : ", ")
          .append(
              """
              {"column_encodings": ["int"], "column_names": ["id"], "column_sizes": [8],
               "compression": null, "format": "mds", "hashes": [],
               "raw_data": {"basename": "shard.%05d.mds", "bytes": %d, "hashes": {}},
               "samples": %d, "size_limit": 67108864, "version": 2, "zip_data": null}"""
                  .formatted(i, 200 + 12 * samples[i], samples[i]));
    }
    Files.createDirectories(directory);
    Files.writeString(directory.resolve("index.json"), json + "]}");
    return directory;
  }

  /** Expected: get_partitions(..., 10 samples, 2, 2, 1, 2, 2) of mosaicml-streaming 0.13.0. */
  @Test
  void printsBatchesInTheOrderOfTheRun() throws IOException {
    String data = index(root, 4, 6).toString();
    var result =
        run("order", data, "--no-shuffle", "--nodes", "2", "--workers", "2", "--batch-size", "2");
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(result.out())
        .isEqualTo(
            """
            node 0 rank 0 worker 0: 0 1
            node 1 rank 1 worker 0: 5 6
            node 0 rank 0 worker 1: 2 3
            node 1 rank 1 worker 1: 7 8
            node 0 rank 0 worker 0: 4
            node 1 rank 1 worker 0: 9
            """);
    assertThat(run("order", data, "--no-shuffle", "--ids", "--sample-in-epoch", "7").out())
        .isEqualTo("7\n8\n9\n");
  }

  @ParameterizedTest
  @CsvSource({"naive", "py1s", "py2s", "py1b", "py1br", "py1e"})
  void everySampleComesOnceWhereAllDivides(String algorithm) throws IOException {
    String data = index(root, 40, 60, 28).toString();
    String[] arguments = {
      "order",
      data,
      "--ids",
      "--shuffle-algo",
      algorithm,
      "--nodes",
      "2",
      "--ranks-per-node",
      "2",
      "--workers",
      "2",
      "--batch-size",
      "4",
      "--epoch",
      "3",
      "--shuffle-block-size",
      "32"
    };
    long[] ids = run(arguments).out().lines().mapToLong(Long::parseLong).toArray();
    assertThat(ids).hasSize(128).doesNotHaveDuplicates();
    assertThat(ids).isNotEqualTo(LongStream.range(0, 128).toArray());
    assertThat(run(arguments).out().lines().mapToLong(Long::parseLong)).hasSize(128);
  }

  @Test
  void ranksThatReadTheSameComeOnce() throws IOException {
    String data = index(root, 8).toString();
    var result =
        run(
            "order",
            data,
            "--no-shuffle",
            "--ranks-per-node",
            "4",
            "--replication",
            "2",
            "--batch-size",
            "2");
    assertThat(result.out())
        .isEqualTo(
            """
            node 0 rank 0 worker 0: 0 2
            node 0 rank 1 worker 0: 1 3
            node 0 rank 0 worker 0: 4 6
            node 0 rank 1 worker 0: 5 7
            """);
  }

  @Test
  void mixesStreams() throws IOException {
    String one = index(root.resolve("one"), 10).toString();
    String two = index(root.resolve("two"), 30).toString();
    var result = run("order", one, two, "--ids", "--choose", "5,12", "--seed", "1");
    long[] ids = result.out().lines().mapToLong(Long::parseLong).toArray();
    assertThat(ids).hasSize(17);
    assertThat(IntStream.range(0, 17).filter(i -> ids[i] < 10).count()).isEqualTo(5);
    assertThat(run("order", one, two, "--choose", "5").err())
        .contains("1 values")
        .contains("2 dir");
    assertThat(run("order", one, two, "--choose", "5,5", "--repeat", "1,1").err())
        .contains("at most one");
  }

  @Test
  void readsTheIndexOfAVolume() throws IOException {
    var local = index(root.resolve("data"), 4, 6);
    var volume = "/Volumes/main/default/data/numbers";
    try (var workspace = FakeDatabricks.start().withServicePrincipal("app", "app-secret")) {
      workspace.putAll(local, volume);
      var config =
          Files.writeString(
              root.resolve("config"),
              "[sp]%nhost=%s/%nclient_id=app%nclient_secret=app-secret%n"
                  .formatted(workspace.url()));
      LauncherOfTest.give(
          DatabricksAuth.builder().configFile(config.toString()).profile("sp").build().source());
      for (var location : List.of(volume, "dbfs:" + volume)) {
        var result = run("order", location);
        assertThat(result.err()).isEmpty();
        assertThat(result.out()).isEqualTo(run("order", local.toString()).out()).isNotEmpty();
      }
    } finally {
      LauncherOfTest.give(null);
    }
  }

  @Test
  void saysWhatIsWrong() throws IOException {
    String data = index(root, 8).toString();
    assertThat(run("order", data, "--shuffle-algo", "py3"))
        .matches(r -> r.code() == 2)
        .matches(r -> r.err().contains("py3") && r.err().contains("py1e"));
    assertThat(run("order", data, "--sample-in-epoch", "10"))
        .matches(r -> r.code() == 1)
        .matches(r -> r.err().contains("after sample 10"));
    assertThat(run("order", data, "--nodes", "0").err()).contains("node");
    assertThat(run("order", data, "--replication", "3").err()).contains("replication of 3");
    assertThat(run("order", root.resolve("none").toString()).err()).contains("none");
    assertThat(run("order", "nosuch://bucket/x").err()).contains("no storage for nosuch:");
    assertThat(run("order").code()).isEqualTo(2);
  }
}
