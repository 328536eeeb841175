package io.javatorch.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.Serializable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class WorkerCredentialsTest {
  @ParameterizedTest
  @CsvSource({
    "adb-1.2.azuredatabricks.net, https://adb-1.2.azuredatabricks.net",
    "https://adb-1.2.azuredatabricks.net/, https://adb-1.2.azuredatabricks.net",
    "https://adb-1.2.azuredatabricks.net/?o=12, https://adb-1.2.azuredatabricks.net",
    "HTTP://localhost:8080, http://localhost:8080"
  })
  void bringsTheHostIntoOneForm(String given, String expected) {
    assertThat(WorkerCredentials.of(given, "dapi123").host()).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "not a host", "ftp://host", "https://user:secret@host", "https://"})
  void refusesAHostThatIsNoWorkspaceUrl(String host) {
    assertThatThrownBy(() -> WorkerCredentials.of(host, "dapi123"))
        .isInstanceOf(DatabricksAuthException.class)
        .hasMessageContaining("DATABRICKS_HOST")
        .hasMessageNotContaining("secret");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "  ", "dapi 123", "dapi\n123", "d\u00e4pi"})
  void refusesATokenThatNoHeaderCanCarryWithoutRepeatingIt(String token) {
    assertThatThrownBy(() -> WorkerCredentials.of("host", token))
        .isInstanceOf(DatabricksAuthException.class)
        .hasMessageContaining("DATABRICKS_TOKEN")
        .hasMessageNotContaining("123");
  }

  @Test
  void givesTheTwoVariablesThatEveryClientReads() {
    assertThat(WorkerCredentials.of("https://h", "dapi123").toEnvironment())
        .containsOnly(
            java.util.Map.entry("DATABRICKS_HOST", "https://h"),
            java.util.Map.entry("DATABRICKS_TOKEN", "dapi123"));
  }

  @Test
  void neverShowsTheTokenAndCannotTravelInsideASparkTask() {
    var credentials = WorkerCredentials.of("https://h", "dapi123");
    assertThat(credentials.toString()).contains("https://h").doesNotContain("dapi123");
    assertThat(credentials).isNotInstanceOf(Serializable.class);
  }
}
