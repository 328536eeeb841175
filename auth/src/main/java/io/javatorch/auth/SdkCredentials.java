package io.javatorch.auth;

import com.databricks.sdk.core.DatabricksConfig;
import com.databricks.sdk.core.DatabricksError;
import com.databricks.sdk.core.DatabricksException;
import java.io.IOException;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/**
 * What the Databricks SDK finds. Its configuration is kept alive: that is what refreshes OAuth
 * tokens ahead of their expiry.
 */
final class SdkCredentials implements CredentialsSource {
  private static final int TOO_MANY_REQUESTS = 429;
  private static final int FIRST_SERVER_ERROR = 500;
  private static final String BEARER = "Bearer ";

  private final Supplier<DatabricksConfig> unresolved;
  private final UnaryOperator<String> explanation;
  private DatabricksConfig config;

  /**
   * Looks nothing up yet.
   *
   * @param unresolved a configuration that is not resolved, a new one at each call
   * @param explanation makes the message of an error of its reason
   */
  SdkCredentials(Supplier<DatabricksConfig> unresolved, UnaryOperator<String> explanation) {
    this.unresolved = unresolved;
    this.explanation = explanation;
  }

  @Override
  public synchronized WorkerCredentials current() throws IOException {
    if (config == null) {
      config = resolve();
    }
    return authenticate(config);
  }

  @Override
  public synchronized WorkerCredentials renew(WorkerCredentials refused) throws IOException {
    WorkerCredentials current = current();
    if (!current.equals(refused)) {
      return current;
    }
    // The SDK holds on to a token until its expiry; a new configuration has none, and reads a
    // profile that was changed.
    DatabricksConfig renewed = resolve();
    current = authenticate(renewed);
    config = renewed;
    return current;
  }

  private DatabricksConfig resolve() throws IOException {
    try {
      return unresolved.get().resolve();
    } catch (DatabricksException e) {
      throw classified(e);
    }
  }

  private WorkerCredentials authenticate(DatabricksConfig resolved) throws IOException {
    String authorization;
    try {
      authorization = resolved.authenticate().get("Authorization");
    } catch (DatabricksException e) {
      throw classified(e);
    }
    if (resolved.getHost() == null) {
      throw new DatabricksAuthException(explanation.apply("no workspace host is configured"));
    }
    if (authorization == null || !authorization.startsWith(BEARER)) {
      throw new DatabricksAuthException(
          explanation.apply(
              "authentication of kind '"
                  + resolved.getAuthType()
                  + "' gives no bearer token that a worker could use"));
    }
    return WorkerCredentials.of(resolved.getHost(), authorization.substring(BEARER.length()));
  }

  /** What may pass is an IOException; what must be put right is thrown here. */
  private IOException classified(DatabricksException failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      boolean mayPass =
          cause instanceof IOException
              || (cause instanceof DatabricksError error
                  && (error.getStatusCode() == TOO_MANY_REQUESTS
                      || error.getStatusCode() >= FIRST_SERVER_ERROR));
      if (mayPass) {
        return new IOException(
            "no Databricks token at the moment: " + failure.getMessage(), failure);
      }
    }
    // The SDK masks secrets in its messages.
    throw new DatabricksAuthException(explanation.apply(failure.getMessage()), failure);
  }

  @Override
  public String toString() {
    return "SdkCredentials";
  }
}
