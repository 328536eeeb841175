package io.javatorch.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.javatorch.auth.fake.FakeDatabricks;
import io.javatorch.auth.fake.Fault;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CyclicBarrier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CredentialsSourceTest {
  @TempDir Path home;
  private final FakeDatabricks workspace = FakeDatabricks.start();

  @AfterEach
  void stop() {
    workspace.close();
    LauncherOfTest.source = null;
  }

  private CredentialsSource servicePrincipal() throws IOException {
    workspace.withServicePrincipal("app", "app-secret");
    return profile("client_id = app\nclient_secret = app-secret\n");
  }

  private CredentialsSource profile(String settings) throws IOException {
    var file =
        Files.writeString(
            home.resolve("config"), "[it]\nhost = " + workspace.url() + "\n" + settings);
    return DatabricksAuth.builder().configFile(file.toString()).profile("it").build().source();
  }

  @Test
  void keepsATokenThatLastsAndGetsNoneBeforeItIsAsked() throws IOException {
    var source = servicePrincipal();
    assertThat(workspace.requests()).isEmpty();
    var first = source.current();
    assertThat(source.current()).isEqualTo(first);
    assertThat(workspace.tokensIssued()).isOne();
  }

  @Test
  void refreshesATokenThatIsAboutToExpire() throws IOException {
    // The SDK takes one for expired that has 40 s left.
    workspace.claimLifetime(Duration.ofSeconds(30));
    var source = servicePrincipal();
    var first = source.current();
    var second = source.current();
    assertThat(second.token()).isNotEqualTo(first.token());
    assertThat(second.host()).isEqualTo(first.host());
  }

  @Test
  void renewsATokenThatWasRefusedBeforeItsTimeOnceForAllThreads() throws Exception {
    var source = servicePrincipal();
    var refused = source.current();
    Set<WorkerCredentials> renewed = ConcurrentHashMap.newKeySet();
    var together = new CyclicBarrier(8);
    var threads =
        IntStream.range(0, 8)
            .mapToObj(
                i ->
                    new Thread(
                        () -> {
                          try {
                            together.await();
                            renewed.add(source.renew(refused));
                          } catch (Exception e) {
                            throw new IllegalStateException(e);
                          }
                        }))
            .toList();
    threads.forEach(Thread::start);
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(renewed).hasSize(1).doesNotContain(refused);
    assertThat(source.current()).isEqualTo(renewed.iterator().next());
    assertThat(workspace.tokensIssued()).isEqualTo(2);
  }

  @Test
  void aPersonalTokenThatWasReplacedInTheProfileIsPickedUp() throws IOException {
    var source = profile("token = old\n");
    var old = source.current();
    assertThat(source.renew(old)).isEqualTo(old);
    profile("token = new\n");
    assertThat(source.renew(old)).isEqualTo(WorkerCredentials.of(workspace.url(), "new"));
  }

  @Test
  void aTokenEndpointThatIsDownIsNoLackOfCredentials() throws IOException {
    var source = servicePrincipal();
    // The SDK tries four times itself, after a second at least where nothing else is said.
    workspace.fault(
        4,
        request -> request.concerns("/oidc/v1/token"),
        new Fault.Status(429, "BUSY", "busy", Map.of("Retry-After", "0")));
    assertThatThrownBy(source::current)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("no Databricks token at the moment")
        .hasMessageContaining("Looked for: host set on the builder: not found");
    assertThat(source.current().host()).isEqualTo(workspace.url());
  }

  @Test
  void aFileThatCannotBeReadHasToBePutRight() throws IOException {
    var file = Files.writeString(home.resolve("config"), "[it\n");
    var source =
        DatabricksAuth.builder().configFile(file.toString()).profile("it").build().source();
    assertThatThrownBy(source::current)
        .isInstanceOf(DatabricksAuthException.class)
        .hasMessageContaining(file.toString());
  }

  @Test
  void aServicePrincipalThatIsNotKnownIsToldWhatWasLookedForAndSeesNoSecret() throws IOException {
    var source = profile("client_id = other\nclient_secret = other-secret\n");
    assertThatThrownBy(source::current)
        .isInstanceOf(DatabricksAuthException.class)
        .hasMessageContaining("DATABRICKS_HOST in the environment: not found")
        .hasMessageContaining("DATABRICKS_CLIENT_SECRET in the environment: not found")
        .hasMessageContaining("Set DATABRICKS_HOST and DATABRICKS_TOKEN")
        .satisfies(
            e -> {
              var text = new StringWriter();
              e.printStackTrace(new PrintWriter(text));
              assertThat(text.toString()).doesNotContain("other-secret");
            });
  }

  @Test
  void theLaunchersCredentialsAreTakenBeforeTheEnvironmentButAfterTheUsersOwn() throws IOException {
    var given = WorkerCredentials.of("https://given", "launched");
    LauncherOfTest.source = CredentialsSource.of(given);
    var environment = Map.of("DATABRICKS_HOST", "https://env", "DATABRICKS_TOKEN", "env-token");

    assertThat(DatabricksAuth.builder().environment(environment).build().source().current())
        .isEqualTo(given);
    assertThat(DatabricksAuth.builder().environment(Map.of()).build().resolveIfConfigured())
        .contains(given);
    assertThat(DatabricksAuth.builder().host("https://own").token("own").build().resolve())
        .isEqualTo(WorkerCredentials.of("https://own", "own"));
  }

  @Test
  void showsNoToken() throws IOException {
    var source = servicePrincipal();
    var token = source.current().token();
    assertThat(source.toString()).doesNotContain(token);
    assertThat(CredentialsSource.of(source.current()).toString()).doesNotContain(token);
  }

  /** A launcher that has credentials when a test gives it some. */
  public static final class LauncherOfTest implements ProcessCredentials {
    private static volatile CredentialsSource source;

    @Override
    public java.util.Optional<CredentialsSource> find() {
      return java.util.Optional.ofNullable(source);
    }
  }
}
