package io.javatorch.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.databricks.sdk.core.DatabricksConfig;
import com.databricks.sdk.core.DatabricksError;
import com.databricks.sdk.core.DatabricksException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Which failures of the SDK may pass; it tries for 15 s before it says so of a real network. */
class SdkCredentialsTest {
  private final AtomicReference<DatabricksException> failure = new AtomicReference<>();
  private final SdkCredentials source =
      new SdkCredentials(this::config, reason -> "explained: " + reason);

  private DatabricksConfig config() {
    if (failure.get() != null) {
      throw failure.get();
    }
    return new DatabricksConfig() {
      @Override
      public synchronized DatabricksConfig resolve() {
        return this;
      }

      @Override
      public synchronized Map<String, String> authenticate() {
        return Map.of("Authorization", "Bearer it");
      }
    }.setHost("https://workspace");
  }

  /** As the SDK says it of a connection. */
  private static DatabricksException ofConnection(IOException cause) {
    return new DatabricksException("after 4 retries", new DatabricksError("IO_ERROR", 523, cause));
  }

  static Stream<DatabricksException> passing() {
    return Stream.of(
        ofConnection(new ConnectException("Connection refused")),
        ofConnection(new SocketTimeoutException("Read timed out")),
        ofConnection(new SocketException("Connection reset")),
        new DatabricksException("x", new DatabricksError("BUSY", "busy", 429)),
        new DatabricksException("x", new DatabricksError("DOWN", "down", 503)));
  }

  @ParameterizedTest
  @MethodSource("passing")
  void whatMayPassIsAnIOExceptionThatIsExplained(DatabricksException e) {
    failure.set(e);
    assertThatThrownBy(source::current)
        .isExactlyInstanceOf(IOException.class)
        .hasMessageStartingWith("explained: no Databricks token at the moment");
  }

  static Stream<DatabricksException> lasting() {
    return Stream.of(
        ofConnection(new UnknownHostException("misspelt")),
        ofConnection(new SSLHandshakeException("no trusted certificate")),
        new DatabricksException("Cannot load", new FileNotFoundException("(Permission denied)")),
        new DatabricksException("x", new IOException("Cannot run program \"databricks\"")),
        new DatabricksException("x", new DatabricksError("NO", "invalid_client", 401)));
  }

  @ParameterizedTest
  @MethodSource("lasting")
  void whatTheUserHasToPutRightIsSaidForGood(DatabricksException e) {
    failure.set(e);
    assertThatThrownBy(source::current)
        .isInstanceOf(DatabricksAuthException.class)
        .hasMessageStartingWith("explained: ");
  }

  @Test
  void aHostThatHasBeenThereMayComeBack() throws IOException {
    var first = source.current();
    failure.set(ofConnection(new UnknownHostException("workspace")));
    assertThatThrownBy(() -> source.renew(first)).isExactlyInstanceOf(IOException.class);
    failure.set(null);
    assertThat(source.renew(first)).isEqualTo(first);
  }

  @Test
  void anInterruptIsNoLackOfCredentials() {
    failure.set(new DatabricksException("x", new InterruptedException()));
    assertThatThrownBy(source::current).isInstanceOf(InterruptedIOException.class);
  }
}
