package io.javatorch.auth;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/**
 * What a worker needs to reach Databricks: a workspace host and a bearer token.
 *
 * <p>Immutable and thread-safe. Deliberately not {@link java.io.Serializable}: a training function
 * that captured it would carry the token into a Spark task. {@link #toString} hides the token, and
 * no exception thrown here repeats it.
 */
public final class WorkerCredentials {
  /** The environment variable that holds the workspace URL. */
  public static final String HOST_VARIABLE = "DATABRICKS_HOST";

  /** The environment variable that holds the bearer token. */
  public static final String TOKEN_VARIABLE = "DATABRICKS_TOKEN";

  private final String host;
  private final String token;

  private WorkerCredentials(String host, String token) {
    this.host = host;
    this.token = token;
  }

  /**
   * Credentials from a host and a token.
   *
   * @param host the workspace, such as {@code https://adb-123.4.azuredatabricks.net}; {@code
   *     https://} is added where no scheme is given, a path and a trailing slash are dropped
   * @param token a personal access token or an OAuth access token
   * @throws DatabricksAuthException if the host is no URL or the token is blank or holds characters
   *     that no HTTP header can carry
   */
  public static WorkerCredentials of(String host, String token) {
    Objects.requireNonNull(host, "host");
    Objects.requireNonNull(token, "token");
    return new WorkerCredentials(normalizedHost(host), checkedToken(token));
  }

  private static String normalizedHost(String host) {
    var trimmed = host.strip();
    var withScheme = trimmed.contains("://") ? trimmed : "https://" + trimmed;
    try {
      var uri = new URI(withScheme);
      var scheme = uri.getScheme().toLowerCase(Locale.ROOT);
      if (uri.getHost() != null
          && uri.getUserInfo() == null
          && (scheme.equals("https") || scheme.equals("http"))) {
        return scheme + "://" + uri.getHost() + (uri.getPort() < 0 ? "" : ":" + uri.getPort());
      }
    } catch (URISyntaxException e) {
      // Reported below; the parser's own message would repeat the text, which may hold a password.
    }
    throw new DatabricksAuthException(
        "The Databricks host is not a workspace URL. Set "
            + HOST_VARIABLE
            + " to something like https://adb-123.4.azuredatabricks.net");
  }

  private static String checkedToken(String token) {
    var trimmed = token.strip();
    if (trimmed.isEmpty() || trimmed.chars().anyMatch(c -> c <= ' ' || c >= 127)) {
      throw new DatabricksAuthException(
          "The Databricks token is empty or holds a space, a line break or a character outside"
              + " ASCII. Set "
              + TOKEN_VARIABLE
              + " to the token alone.");
    }
    return trimmed;
  }

  /** The workspace URL: scheme, host and, where one was given, the port. */
  public String host() {
    return host;
  }

  /** The bearer token. Keep it out of logs, arguments and exceptions. */
  public String token() {
    return token;
  }

  /** The two variables by which every Databricks client finds these credentials. */
  public Map<String, String> toEnvironment() {
    return Map.of(HOST_VARIABLE, host, TOKEN_VARIABLE, token);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof WorkerCredentials that
        && host.equals(that.host)
        && token.equals(that.token);
  }

  @Override
  public int hashCode() {
    return Objects.hash(host, token);
  }

  @Override
  public String toString() {
    return "WorkerCredentials[host=" + host + ", token=***]";
  }
}
