package io.javatorch.streaming;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.javatorch.auth.CredentialsSource;
import io.javatorch.auth.DatabricksAuth;
import io.javatorch.auth.WorkerCredentials;
import io.javatorch.auth.fake.FakeDatabricks;
import io.javatorch.auth.fake.Fault;
import io.javatorch.streaming.format.MdsWriter;
import io.javatorch.streaming.storage.ParallelRanges;
import io.javatorch.streaming.storage.RetryPolicy;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Data sets in a volume of a workspace that expires tokens and fails. */
@Timeout(120)
class VolumeDatasetTest {
  private static final String ROOT = "/Volumes/main/default/data/numbers é+1";
  private static final int[] SIZES = IntStream.range(0, 12).map(i -> 100 + i).toArray();
  private static final int SAMPLES = IntStream.of(SIZES).sum();

  /** More than there are at once, so that none is refused twice. */
  private static final int REQUESTS_EACH = 16;

  @TempDir private Path host;
  private final FakeDatabricks workspace =
      FakeDatabricks.start().withServicePrincipal("app", "app-secret");

  @AfterEach
  void stop() {
    LauncherOfTest.give(null);
    workspace.close();
    assertThat(workspace.violations()).isEmpty();
  }

  private CredentialsSource servicePrincipal() throws IOException {
    var file =
        Files.writeString(
            host.resolve("config"),
            "[sp]\nhost=%s/\nclient_id=app\nclient_secret=app-secret\n".formatted(workspace.url()));
    return DatabricksAuth.builder().configFile(file.toString()).profile("sp").build().source();
  }

  private StreamingDataset.Builder dataset(String remote) {
    return StreamingDataset.builder()
        .remote(remote)
        .local(host.resolve("local"))
        .batchSize(8)
        .shuffle(true)
        .validateHash("sha1")
        .parallelRanges(new ParallelRanges(400, 2))
        .retries(new RetryPolicy(4, Duration.ofSeconds(20), Duration.ofMillis(1)));
  }

  private static List<Long> epoch(StreamingDataset dataset) {
    try (var loader =
        StreamingDataLoader.builder(dataset).workers(2).build(sample -> sample.getLong("id"))) {
      var ids = new ArrayList<Long>();
      loader.forEach(ids::addAll);
      return ids;
    }
  }

  private List<Long> expectedOrder(Path shards) {
    try (var local = StreamingDataset.builder().local(shards).batchSize(8).shuffle(true).build()) {
      return epoch(local);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "dbfs:"})
  void losesNothingWhereTheTokenExpiresAgainAndAgainInAnEpoch(String scheme) throws IOException {
    Path shards = TestShards.write(host.resolve("shards"), "zstd", SIZES);
    workspace.putAll(shards, ROOT);
    workspace.goodForRequests(REQUESTS_EACH);
    var log = new ByteArrayOutputStream();
    var err = System.err;
    System.setErr(new PrintStream(log, true, StandardCharsets.UTF_8));
    try (var dataset = dataset(scheme + ROOT).credentials(servicePrincipal()).build()) {
      int before = workspace.tokensIssued();
      var ids = epoch(dataset);
      assertThat(ids).isEqualTo(expectedOrder(shards)).hasSize(SAMPLES).doesNotHaveDuplicates();
      assertThat(workspace.tokensIssued() - before).isGreaterThanOrEqualTo(2);
      assertThat(dataset.metrics().retries()).isZero();
    } finally {
      System.setErr(err);
    }
    assertThat(workspace.refusedRequests()).isGreaterThanOrEqualTo(2);
    assertThat(workspace.isSecretIn(log.toString(StandardCharsets.UTF_8))).isFalse();
  }

  @Test
  void aTokenThatIsRefreshedInTimeIsNeverRefused() throws IOException {
    Path shards = TestShards.write(host.resolve("shards"), null, SIZES);
    workspace.putAll(shards, ROOT);
    // The SDK takes one for expired that has 40 s left.
    workspace.claimLifetime(Duration.ofSeconds(40));
    try (var dataset = dataset(ROOT).credentials(servicePrincipal()).build()) {
      assertThat(epoch(dataset)).isEqualTo(expectedOrder(shards));
    }
    assertThat(workspace.tokensIssued()).isGreaterThan(SIZES.length);
    assertThat(workspace.refusedRequests()).isZero();
  }

  @Test
  void getsOverEveryFaultInOneEpoch() throws IOException {
    Path shards = TestShards.write(host.resolve("shards"), "zstd", SIZES);
    workspace.putAll(shards, ROOT);
    var faults =
        List.of(
            Fault.tooManyRequests(0),
            Fault.status(500),
            Fault.status(502),
            Fault.status(503),
            new Fault.Drop(40),
            new Fault.Drip(50, Duration.ofMillis(5)),
            new Fault.IgnoreRange(),
            new Fault.OtherRange(),
            new Fault.UnnamedRange(),
            new Fault.WrongLength(5),
            new Fault.WrongLength(-5),
            new Fault.Corrupt(),
            new Fault.NoContentType(),
            new Fault.Redirect());
    for (int i = 0; i < SIZES.length; i++) {
      workspace.failDownload("%05d/shard".formatted(i), faults.get(i));
      workspace.failDownload("%05d/shard".formatted(i), faults.get((i + 5) % faults.size()));
    }
    workspace.goodForRequests(REQUESTS_EACH);
    try (var dataset = dataset(ROOT).credentials(servicePrincipal()).build()) {
      assertThat(epoch(dataset)).isEqualTo(expectedOrder(shards));
      assertThat(dataset.metrics().retries()).isPositive();
    }
  }

  @Test
  void aTokenThatNobodyRenewsEndsTheEpochWithItsReason() throws IOException {
    Path shards = TestShards.write(host.resolve("shards"), "zstd", SIZES);
    workspace.putAll(shards, ROOT);
    var fixed = CredentialsSource.of(servicePrincipal().current());
    try (var dataset = dataset(ROOT).credentials(fixed).build()) {
      workspace.revokeTokens();
      assertThatThrownBy(() -> epoch(dataset))
          .hasStackTraceContaining("refuses the token")
          .hasStackTraceContaining("DATABRICKS_TOKEN")
          .satisfies(
              e -> {
                var text = new StringWriter();
                e.printStackTrace(new PrintWriter(text));
                assertThat(workspace.isSecretIn(text.toString())).isFalse();
              });
    }
  }

  @Test
  void saysWhatToSetWhereThereAreNoCredentials() {
    var none =
        DatabricksAuth.builder().configFile(host.resolve("none").toString()).build().source();
    assertThatThrownBy(() -> dataset(ROOT).credentials(none).build())
        .hasMessageContaining(ROOT)
        .hasMessageContaining("Looked for: ")
        .hasMessageContaining("DATABRICKS_HOST in the environment: not found")
        .hasMessageContaining("Set DATABRICKS_HOST and DATABRICKS_TOKEN");
  }

  @Test
  void streamsOfTwoWorkspacesHaveTheirOwnCredentials() throws IOException {
    Path shards = TestShards.write(host.resolve("shards"), "zstd", 5, 6);
    workspace.putAll(shards, ROOT);
    try (var other = FakeDatabricks.start().withToken("other-secret")) {
      other.putAll(shards, ROOT);
      var streams =
          List.of(
              Stream.builder().remote("dbfs:" + ROOT).local(host.resolve("one")).build(),
              Stream.builder()
                  .remote(ROOT)
                  .local(host.resolve("two"))
                  .credentials(
                      CredentialsSource.of(WorkerCredentials.of(other.url(), "other-secret")))
                  .build());
      try (var dataset =
          StreamingDataset.builder()
              .streams(streams)
              .credentials(servicePrincipal())
              .batchSize(4)
              .build()) {
        assertThat(epoch(dataset)).hasSize(22);
      }
      assertThat(other.requests()).isNotEmpty();
      assertThat(other.violations()).isEmpty();
    }
  }

  @Test
  void aWriterPutsADataSetIntoAVolumeThatIsThenRead() throws IOException {
    LauncherOfTest.give(servicePrincipal());
    workspace.makeDirectory("/Volumes/main/default/data");
    workspace.goodForRequests(8);
    try (var writer =
        MdsWriter.builder("dbfs:" + ROOT)
            .column("id", "int")
            .hashes("sha1")
            .sizeLimit(400)
            .open()) {
      for (long id = 0; id < 200; id++) {
        writer.row().set("id", id).write();
      }
      writer.finish();
    }
    assertThat(workspace.get(ROOT + "/index.json")).isPresent();
    assertThat(workspace.count("PUT", "shard")).isGreaterThan(3);
    try (var dataset = dataset("dbfs:" + ROOT).shuffle(false).build()) {
      assertThat(epoch(dataset)).isEqualTo(LongStream.range(0, 200).boxed().toList());
    }
    assertThat(workspace.tokensIssued()).isGreaterThan(2);
  }
}
