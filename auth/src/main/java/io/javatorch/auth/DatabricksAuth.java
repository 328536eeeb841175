package io.javatorch.auth;

import com.databricks.sdk.core.DatabricksConfig;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.ServiceLoader;

/**
 * Finds Databricks credentials on the driver, so that workers are handed them instead of having to
 * look: a worker that looks for itself ends with {@code default auth: cannot configure default
 * credentials}.
 *
 * <p>Looked for in this order; the first that gives both a host and a token is taken:
 *
 * <ol>
 *   <li>the host and token set on the builder;
 *   <li>where nothing was set on the builder, those that this process's launcher keeps fresh, see
 *       {@link ProcessCredentials};
 *   <li>{@code DATABRICKS_HOST} and {@code DATABRICKS_TOKEN} in the environment, unless a profile
 *       or a configuration file was set on the builder;
 *   <li>everything else the Databricks SDK for Java knows: the profile in {@code ~/.databrickscfg},
 *       OAuth of a service principal ({@code DATABRICKS_CLIENT_ID}, {@code
 *       DATABRICKS_CLIENT_SECRET}), Azure, Google Cloud, the Databricks CLI.
 * </ol>
 *
 * <p>Only the last makes network calls of its own. Immutable and thread-safe.
 */
public final class DatabricksAuth {
  /**
   * The SDK asks the host for its metadata while it resolves; a dead host must not hold up a job.
   */
  private static final int HTTP_TIMEOUT_SECONDS = 20;

  private final Optional<String> host;
  private final Optional<String> token;
  private final Optional<String> profile;
  private final Optional<String> configFile;
  private final Map<String, String> environment;

  private DatabricksAuth(Builder builder) {
    this.host = Optional.ofNullable(builder.host);
    this.token = Optional.ofNullable(builder.token);
    this.profile = Optional.ofNullable(builder.profile);
    this.configFile = Optional.ofNullable(builder.configFile);
    this.environment = builder.environment;
  }

  /** A builder with nothing set: {@code builder().build()} looks in the usual places only. */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * The credentials, or an error that says where they were looked for.
   *
   * <p>An OAuth token obtained here is valid for about an hour.
   *
   * @throws DatabricksAuthException if none are found, or those found are malformed or refused
   */
  public WorkerCredentials resolve() {
    try {
      return locate().current();
    } catch (IOException e) {
      throw new DatabricksAuthException(e.getMessage(), e);
    }
  }

  /**
   * The credentials as they change: an OAuth token is refreshed before it expires, and once more
   * where a workspace refuses it all the same. Looks nothing up before it is first asked.
   */
  public CredentialsSource source() {
    return new LocatedCredentials(this);
  }

  /**
   * The credentials as they change, or empty where nothing at all is configured; looks nothing up
   * before it is first asked.
   */
  public Optional<CredentialsSource> sourceIfConfigured() {
    return isAnythingConfigured() ? Optional.of(source()) : Optional.empty();
  }

  /** Where the credentials come from; asks nobody for them yet. */
  CredentialsSource locate() {
    if (host.isPresent() && token.isPresent()) {
      return CredentialsSource.of(WorkerCredentials.of(host.get(), token.get()));
    }
    if (profile.isEmpty() && configFile.isEmpty()) {
      if (host.isEmpty() && token.isEmpty()) {
        var launchers = ofLauncher();
        if (launchers.isPresent()) {
          return launchers.get();
        }
      }
      var hostFound = host.or(() -> variable(WorkerCredentials.HOST_VARIABLE));
      var tokenFound = token.or(() -> variable(WorkerCredentials.TOKEN_VARIABLE));
      if (hostFound.isPresent() && tokenFound.isPresent()) {
        return CredentialsSource.of(WorkerCredentials.of(hostFound.get(), tokenFound.get()));
      }
    }
    return new SdkCredentials(this::config, this::whatWasLookedFor);
  }

  private static Optional<CredentialsSource> ofLauncher() {
    return ServiceLoader.load(ProcessCredentials.class).stream()
        .map(ServiceLoader.Provider::get)
        .flatMap(launcher -> launcher.find().stream())
        .findFirst();
  }

  /**
   * The credentials, or empty where nothing at all is configured. A job that needs no Databricks
   * then runs without.
   *
   * @throws DatabricksAuthException if something is configured but does not yield credentials: an
   *     intended set-up that is broken should not be taken for none
   */
  public Optional<WorkerCredentials> resolveIfConfigured() {
    return isAnythingConfigured() ? Optional.of(resolve()) : Optional.empty();
  }

  private boolean isAnythingConfigured() {
    if (host.isPresent() || token.isPresent() || profile.isPresent() || configFile.isPresent()) {
      return true;
    }
    if (ofLauncher().isPresent()) {
      return true;
    }
    if (environment.keySet().stream().anyMatch(name -> name.startsWith("DATABRICKS_CLIENT_"))
        || variable(WorkerCredentials.HOST_VARIABLE).isPresent()
        || variable(WorkerCredentials.TOKEN_VARIABLE).isPresent()
        || variable("DATABRICKS_CONFIG_PROFILE").isPresent()
        || variable("DATABRICKS_CONFIG_FILE").isPresent()) {
      return true;
    }
    return ConfigFile.inHomeOf(environment).hasDefaultProfile();
  }

  private Optional<String> variable(String name) {
    return Optional.ofNullable(environment.get(name)).filter(value -> !value.isBlank());
  }

  private DatabricksConfig config() {
    var config = new DatabricksConfig().setHttpTimeoutSeconds(HTTP_TIMEOUT_SECONDS);
    host.ifPresent(config::setHost);
    token.ifPresent(config::setToken);
    profile.ifPresent(config::setProfile);
    configFile.ifPresent(config::setConfigFile);
    return config;
  }

  private String whatWasLookedFor(String reason) {
    var looked = new ArrayList<String>();
    looked.add("host set on the builder: " + yesOrNo(host.isPresent()));
    looked.add("token set on the builder: " + yesOrNo(token.isPresent()));
    for (var name :
        List.of(
            WorkerCredentials.HOST_VARIABLE,
            WorkerCredentials.TOKEN_VARIABLE,
            "DATABRICKS_CLIENT_ID",
            "DATABRICKS_CLIENT_SECRET",
            "DATABRICKS_CONFIG_PROFILE")) {
      looked.add(name + " in the environment: " + yesOrNo(variable(name).isPresent()));
    }
    looked.add("profile: " + profile.orElse("the default one"));
    looked.add(
        "configuration file: "
            + configFile.orElseGet(() -> ConfigFile.inHomeOf(environment).describe()));
    return "No Databricks credentials: "
        + reason
        + "\nLooked for: "
        + String.join("; ", looked)
        + "\nSet DATABRICKS_HOST and DATABRICKS_TOKEN (for a training job, where the driver starts),"
        + " or give DatabricksAuth.builder() a host and a token or a profile.";
  }

  private static String yesOrNo(boolean found) {
    return found ? "found" : "not found";
  }

  /** Collects what the user sets; all of it is optional. Not thread-safe. */
  public static final class Builder {
    private String host;
    private String token;
    private String profile;
    private String configFile;
    private Map<String, String> environment = System.getenv();

    private Builder() {}

    /** The workspace, such as {@code https://adb-123.4.azuredatabricks.net}. */
    public Builder host(String host) {
      this.host = Objects.requireNonNull(host, "host");
      return this;
    }

    /** A personal access token or an OAuth access token. */
    public Builder token(String token) {
      this.token = Objects.requireNonNull(token, "token");
      return this;
    }

    /** The section of the configuration file to use; default {@code DEFAULT}. */
    public Builder profile(String profile) {
      this.profile = Objects.requireNonNull(profile, "profile");
      return this;
    }

    /** The configuration file; default {@code ~/.databrickscfg}. */
    public Builder configFile(String configFile) {
      this.configFile = Objects.requireNonNull(configFile, "configFile");
      return this;
    }

    /**
     * The variables to look in instead of this process's own, for tests: the SDK's part still reads
     * the real environment.
     */
    Builder environment(Map<String, String> environment) {
      this.environment = Map.copyOf(environment);
      return this;
    }

    /** Looks nothing up yet: see {@link DatabricksAuth#resolve}. */
    public DatabricksAuth build() {
      return new DatabricksAuth(this);
    }
  }
}
