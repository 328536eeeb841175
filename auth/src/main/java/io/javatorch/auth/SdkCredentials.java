package io.javatorch.auth;

import com.databricks.sdk.core.DatabricksConfig;
import com.databricks.sdk.core.DatabricksError;
import com.databricks.sdk.core.DatabricksException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.SocketException;
import java.net.UnknownHostException;
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

  /** By the token to replace; empty where none is to be. */
  private final SharedLookups<String> lookups = new SharedLookups<>();

  /** What has given credentials; null before. */
  private volatile DatabricksConfig config;

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
  public WorkerCredentials current() throws IOException {
    return lookups.get("", this::look);
  }

  private WorkerCredentials look() throws IOException {
    DatabricksConfig resolved = config;
    return resolved == null ? lookAnew() : authenticate(resolved);
  }

  @Override
  public WorkerCredentials renew(WorkerCredentials refused) throws IOException {
    return lookups.get(
        refused.token(),
        () -> {
          WorkerCredentials current = look();
          // The SDK holds on to a token until its expiry; a new configuration has none, and reads
          // a profile that was changed.
          return current.equals(refused) ? lookAnew() : current;
        });
  }

  private WorkerCredentials lookAnew() throws IOException {
    DatabricksConfig resolved = resolve();
    WorkerCredentials found = authenticate(resolved);
    config = resolved;
    return found;
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
      if (cause instanceof InterruptedException) {
        var interrupted = new InterruptedIOException("interrupted while getting credentials");
        interrupted.initCause(failure);
        return interrupted;
      }
      if (mayPass(cause)) {
        return new IOException(
            explanation.apply("no Databricks token at the moment: " + failure.getMessage()),
            failure);
      }
    }
    // The SDK masks secrets in its messages.
    throw new DatabricksAuthException(explanation.apply(failure.getMessage()), failure);
  }

  /**
   * A server that is busy, and a network that is down for now. Other IOExceptions say that a file
   * cannot be read, or a command is missing, and stay.
   */
  private boolean mayPass(Throwable cause) {
    if (cause instanceof DatabricksError error) {
      // The SDK gives what went wrong with a connection a status over 500 as well; its cause
      // counts.
      return !(error.getCause() instanceof IOException)
          && (error.getStatusCode() == TOO_MANY_REQUESTS
              || error.getStatusCode() >= FIRST_SERVER_ERROR);
    }
    return cause instanceof SocketException
        || cause instanceof EOFException
        || cause instanceof InterruptedIOException // timeouts among them
        // A host that has been there before is not misspelt.
        || (cause instanceof UnknownHostException && config != null)
        // The SDK's HTTP client: a connection that was closed before the answer.
        || (cause instanceof IOException
            && cause.getClass().getName().startsWith("org.apache.http."));
  }

  @Override
  public String toString() {
    return "SdkCredentials";
  }
}
