package io.javatorch.auth;

import java.io.IOException;
import java.util.Objects;

/**
 * Credentials that stay valid: asked before each request rather than once, so that a token can
 * expire and be replaced while an epoch runs. Implementations are thread-safe, never log a token,
 * and have a {@code toString} without one.
 */
public interface CredentialsSource {
  /**
   * Credentials that are valid now as far as is known here; refreshed first if they are about to
   * expire.
   *
   * @throws DatabricksAuthException if there are none, saying where they were looked for
   * @throws IOException if they cannot be had at the moment, and trying again may help
   */
  WorkerCredentials current() throws IOException;

  /**
   * Credentials to use instead of some that the workspace has refused with status 401, whatever
   * their expiry says. Many threads may be refused at once: those who come late get what the first
   * one got.
   *
   * @return others, or equal ones if there are no others
   * @throws DatabricksAuthException if new ones are refused
   * @throws IOException if they cannot be had at the moment, and trying again may help
   */
  WorkerCredentials renew(WorkerCredentials refused) throws IOException;

  /** Credentials that never change, such as a personal access token. */
  static CredentialsSource of(WorkerCredentials credentials) {
    return new FixedCredentials(Objects.requireNonNull(credentials, "credentials"));
  }
}
