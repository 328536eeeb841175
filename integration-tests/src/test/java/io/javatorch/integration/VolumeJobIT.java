package io.javatorch.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.javatorch.auth.CredentialsSource;
import io.javatorch.auth.DatabricksAuth;
import io.javatorch.auth.fake.FakeDatabricks;
import io.javatorch.distributor.JavaTorchDistributor;
import io.javatorch.distributor.TrainingContext;
import io.javatorch.distributor.TrainingFailedException;
import io.javatorch.samples.cluster.LocalCluster;
import io.javatorch.streaming.StreamingDataLoader;
import io.javatorch.streaming.StreamingDataset;
import io.javatorch.streaming.World;
import io.javatorch.streaming.format.MdsWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Ranks on a standalone cluster of two hosts that stream from a Unity Catalog volume, with OAuth
 * tokens that only the driver can get and that expire under way.
 */
@Timeout(180)
class VolumeJobIT {
  private static final String VOLUME = "/Volumes/main/default/training/set";
  private static final int SAMPLES = 12_000;
  private static final int BATCH = 25;

  /** Each rank makes dozens of requests, so tokens expire several times in the epoch. */
  private static final int REQUESTS_OF_A_TOKEN = 16;

  private static LocalCluster cluster;
  private static JavaSparkContext spark;

  @TempDir private Path scratch;
  private final List<String> lines = Collections.synchronizedList(new ArrayList<>());
  private final FakeDatabricks workspace =
      FakeDatabricks.start().withServicePrincipal("app", "secret-of-the-app");

  @BeforeAll
  static void start() throws IOException, InterruptedException {
    cluster = LocalCluster.builder().hosts("127.0.0.1", "127.0.0.2").start();
    spark = new JavaSparkContext(cluster.sparkConf().setAppName("VolumeJobIT"));
  }

  @AfterAll
  static void stop() {
    spark.close();
    cluster.close();
  }

  @AfterEach
  void closeWorkspace() {
    workspace.close();
    assertThat(workspace.violations()).isEmpty();
  }

  /** OAuth of a service principal, whose secret the driver alone knows. */
  private CredentialsSource servicePrincipal() throws IOException {
    var file =
        Files.writeString(
            scratch.resolve("databrickscfg"),
            """
            [training]
            host = %s
            client_id = app
            client_secret = secret-of-the-app
            """
                .formatted(workspace.url()));
    return DatabricksAuth.builder()
        .configFile(file.toString())
        .profile("training")
        .build()
        .source();
  }

  private Path writeShards() throws IOException {
    Path directory = scratch.resolve("shards");
    try (var writer =
        MdsWriter.builder(directory)
            .column("number", "int")
            .compression("zstd")
            .hashes("sha256")
            .sizeLimit(1 << 11)
            .open()) {
      for (long i = 0; i < SAMPLES; i++) {
        writer.row().set(0, i).write();
      }
      assertThat(writer.finish().shards()).hasSizeGreaterThan(30);
    }
    return directory;
  }

  private static StreamingDataset.Builder dataset(World world) {
    return StreamingDataset.builder()
        .world(world)
        .batchSize(BATCH)
        .shuffle(true)
        .validateHash("sha256");
  }

  @SuppressWarnings("NonApiType") // a result must be Serializable
  private static ArrayList<Long> epoch(StreamingDataset.Builder builder) {
    var numbers = new ArrayList<Long>();
    try (var dataset = builder.build();
        var loader = StreamingDataLoader.builder(dataset).build()) {
      for (var batch : loader) {
        batch.forEach(sample -> numbers.add(sample.getLong("number")));
      }
    }
    return numbers;
  }

  @SuppressWarnings("NonApiType") // a result must be Serializable
  private static ArrayList<Long> epochOfVolume(TrainingContext context, String root) {
    var local = Path.of(root, "host-" + context.world().nodeRank());
    return epoch(dataset(context.world()).remote(VOLUME).local(local));
  }

  private JavaTorchDistributor distributor() throws IOException {
    return JavaTorchDistributor.builder(spark)
        .numProcesses(2)
        .workerHeap("256m")
        .credentials(servicePrincipal())
        .logs(line -> lines.add(line.toString()))
        .build();
  }

  @Test
  void nothingIsLostWhereTheTokenExpiresAgainAndAgainInAnEpoch() throws Exception {
    Path shards = writeShards();
    workspace.putAll(shards, VOLUME);
    workspace.goodForRequests(REQUESTS_OF_A_TOKEN);
    String root = scratch.toString();

    List<ArrayList<Long>> seen = distributor().runAll(context -> epochOfVolume(context, root));

    for (int rank = 0; rank < 2; rank++) {
      assertThat(seen.get(rank))
          .as("rank " + rank)
          .isEqualTo(epoch(dataset(new World(rank, 2, 0, 1, rank, 2)).local(shards)));
    }
    var all = new ArrayList<>(seen.get(0));
    all.addAll(seen.get(1));
    assertThat(all)
        .containsExactlyInAnyOrderElementsOf(LongStream.range(0, SAMPLES).boxed().toList());
    assertThat(workspace.tokensIssued()).isGreaterThanOrEqualTo(4);
    assertThat(workspace.refusedRequests()).isGreaterThanOrEqualTo(2);
    assertThatNoSecretIsInAnyLog();
  }

  @Test
  void ranksKeepATokenOfTheirEnvironmentThatTheDriverKnowsNothingOf() throws Exception {
    workspace.withToken("a-personal-token");
    workspace.putAll(writeShards(), VOLUME);
    String root = scratch.toString();

    List<Integer> seen =
        JavaTorchDistributor.builder(spark)
            .numProcesses(2)
            .workerHeap("256m")
            .withoutCredentials()
            .environment(
                Map.of("DATABRICKS_HOST", workspace.url(), "DATABRICKS_TOKEN", "a-personal-token"))
            .logs(line -> lines.add(line.toString()))
            .build()
            .runAll(
                context -> {
                  var source = DatabricksAuth.builder().build().source();
                  var first = source.current();
                  // Past the time for which a rank that has a driver to ask takes them for fresh.
                  Thread.sleep(21_000);
                  assertThat(source.current()).isEqualTo(first);
                  assertThat(context.credentials()).contains(first);
                  return epochOfVolume(context, root).size();
                });

    assertThat(seen).containsExactly(SAMPLES / 2, SAMPLES / 2);
    assertThatNoSecretIsInAnyLog();
  }

  @Test
  void aPrincipalThatLosesItsRightsFailsTheJobWithWhatToDo() throws Exception {
    workspace.putAll(writeShards(), VOLUME);
    String root = scratch.toString();
    var source = servicePrincipal();
    source.current();
    workspace.revokeTokens();
    workspace.refuseWith(403, "User does not have READ VOLUME on Volume 'main.default.training'.");
    workspace.goodForRequests(0);

    var failure =
        catchThrowableOfType(
            TrainingFailedException.class,
            () -> distributor().runAll(context -> epochOfVolume(context, root)));

    assertThat(failure).hasMessageContaining("READ VOLUME").hasMessageContaining(VOLUME);
    assertThatNoSecretIsInAnyLog();
  }

  private void assertThatNoSecretIsInAnyLog() throws IOException {
    assertThat(workspace.isSecretIn(String.join("\n", lines))).isFalse();
    try (var files = Files.walk(cluster.sparkHome())) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        var text = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
        assertThat(workspace.isSecretIn(text)).as(file.toString()).isFalse();
      }
    }
  }
}
