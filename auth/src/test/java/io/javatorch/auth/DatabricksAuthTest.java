package io.javatorch.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DatabricksAuthTest {
  @TempDir Path home;
  private HttpServer workspace;
  private String workspaceUrl;

  /** A workspace that knows one service principal and no discovery. */
  @BeforeEach
  void startWorkspace() throws IOException {
    workspace = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    workspaceUrl = "http://localhost:" + workspace.getAddress().getPort();
    respond("/", 404, "{}");
    respond(
        "/oidc/.well-known/oauth-authorization-server",
        200,
        "{\"authorization_endpoint\":\"%1$s/oidc/v1/authorize\",\"token_endpoint\":\"%1$s/oidc/v1/token\"}"
            .formatted(workspaceUrl));
    var basic =
        "Basic "
            + Base64.getEncoder().encodeToString("app:app-secret".getBytes(StandardCharsets.UTF_8));
    workspace.createContext(
        "/oidc/v1/token",
        exchange -> {
          var known = basic.equals(exchange.getRequestHeaders().getFirst("Authorization"));
          send(
              exchange,
              known ? 200 : 401,
              known
                  ? "{\"access_token\":\"oauth-token\",\"token_type\":\"Bearer\",\"expires_in\":3600}"
                  : "{\"error\":\"invalid_client\"}");
        });
    workspace.start();
  }

  @AfterEach
  void stopWorkspace() {
    workspace.stop(0);
  }

  private void respond(String path, int status, String body) {
    workspace.createContext(path, exchange -> send(exchange, status, body));
  }

  private static void send(com.sun.net.httpserver.HttpExchange exchange, int status, String body)
      throws IOException {
    try (exchange) {
      var bytes = body.getBytes(StandardCharsets.UTF_8);
      exchange.getResponseHeaders().set("Content-Type", "application/json");
      exchange.sendResponseHeaders(status, bytes.length);
      exchange.getResponseBody().write(bytes);
    }
  }

  private DatabricksAuth.Builder in(Map<String, String> environment) {
    return DatabricksAuth.builder().environment(environment);
  }

  private Map<String, String> emptyHome() {
    return Map.of("HOME", home.toString());
  }

  private Path configFile(String text) throws IOException {
    return Files.writeString(home.resolve(".databrickscfg"), text);
  }

  @Test
  void explicitCredentialsWinOverTheEnvironment() {
    var environment = Map.of("DATABRICKS_HOST", "https://env", "DATABRICKS_TOKEN", "env-token");
    assertThat(in(environment).host("https://mine").token("my-token").build().resolve())
        .isEqualTo(WorkerCredentials.of("https://mine", "my-token"));
  }

  @Test
  void theEnvironmentIsUsedWhereNothingIsExplicit() {
    var environment = Map.of("DATABRICKS_HOST", "https://env", "DATABRICKS_TOKEN", "env-token");
    assertThat(in(environment).build().resolve())
        .isEqualTo(WorkerCredentials.of("https://env", "env-token"));
  }

  @Test
  void aTokenWithoutAHostIsCompletedFromTheEnvironment() {
    var environment = Map.of("DATABRICKS_HOST", "https://env", "DATABRICKS_TOKEN", "env-token");
    assertThat(in(environment).token("my-token").build().resolve())
        .isEqualTo(WorkerCredentials.of("https://env", "my-token"));
  }

  @Test
  void aNamedProfileWinsOverTheEnvironment() throws IOException {
    var file =
        configFile(
            "[DEFAULT]\nhost = https://other\ntoken = other\n[team]\nhost = %s\ntoken = t2\n"
                .formatted(workspaceUrl));
    var environment = Map.of("DATABRICKS_HOST", "https://env", "DATABRICKS_TOKEN", "env-token");
    assertThat(in(environment).configFile(file.toString()).profile("team").build().resolve())
        .isEqualTo(WorkerCredentials.of(workspaceUrl, "t2"));
  }

  @Test
  void aServicePrincipalIsExchangedForItsAccessToken() throws IOException {
    var file =
        configFile(
            "[sp]\nhost = %s\nclient_id = app\nclient_secret = app-secret\n"
                .formatted(workspaceUrl));
    assertThat(in(emptyHome()).configFile(file.toString()).profile("sp").build().resolve())
        .isEqualTo(WorkerCredentials.of(workspaceUrl, "oauth-token"));
  }

  @Test
  void aRefusedServicePrincipalIsAnErrorThatHidesTheSecret() throws IOException {
    var file =
        configFile(
            "[sp]\nhost = %s\nclient_id = app\nclient_secret = wrong-secret\n"
                .formatted(workspaceUrl));
    var auth = in(emptyHome()).configFile(file.toString()).profile("sp").build();
    assertThatThrownBy(auth::resolve)
        .isInstanceOf(DatabricksAuthException.class)
        .hasStackTraceContaining("No Databricks credentials")
        .satisfies(e -> assertThat(stackTraceOf(e)).doesNotContain("wrong-secret"));
  }

  @Test
  void aMissingProfileNamesTheFileAndTheProfile() throws IOException {
    var file = configFile("[DEFAULT]\nhost = https://other\ntoken = other\n");
    var auth = in(emptyHome()).configFile(file.toString()).profile("nobody").build();
    assertThatThrownBy(auth::resolve)
        .isInstanceOf(DatabricksAuthException.class)
        .hasMessageContaining("nobody")
        .hasMessageContaining(file.toString())
        .hasMessageContaining("Set DATABRICKS_HOST and DATABRICKS_TOKEN");
  }

  @Test
  void nothingConfiguredIsNoError() {
    assertThat(in(emptyHome()).build().resolveIfConfigured()).isEmpty();
  }

  @Test
  void aDefaultProfileCountsAsConfigured() throws IOException {
    configFile("[DEFAULT]\nhost = https://other\ntoken = other\n");
    assertThat(ConfigFile.inHomeOf(emptyHome()).hasDefaultProfile()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[DEFAULT]\n; The profile defined here is empty\n[team]\nhost = https://h\ntoken = t\n",
        "[team]\nhost = https://h\ntoken = t\n",
        "# nothing\n"
      })
  void aFileOfNamedProfilesAloneCountsAsNothingConfigured(String text) throws IOException {
    configFile(text);
    assertThat(in(emptyHome()).build().resolveIfConfigured()).isEmpty();
  }

  @Test
  void anIntendedSetUpThatIsBrokenIsAnError() {
    var environment = Map.of("HOME", home.toString(), "DATABRICKS_TOKEN", "env-token");
    assertThatThrownBy(() -> in(environment).configFile("/nowhere").build().resolveIfConfigured())
        .isInstanceOf(DatabricksAuthException.class)
        .hasMessageContaining("DATABRICKS_HOST in the environment: not found")
        .hasMessageNotContaining("env-token");
  }

  private static String stackTraceOf(Throwable error) {
    var text = new java.io.StringWriter();
    error.printStackTrace(new java.io.PrintWriter(text));
    return text.toString();
  }
}
