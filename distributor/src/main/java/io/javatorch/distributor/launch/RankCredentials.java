package io.javatorch.distributor.launch;

import io.javatorch.auth.CredentialsSource;
import io.javatorch.auth.ProcessCredentials;
import java.util.Optional;

/**
 * Gives all code of a rank's process the credentials that the driver keeps fresh. {@link
 * java.util.ServiceLoader} makes it, so what it gives is a property of the process.
 */
public final class RankCredentials implements ProcessCredentials {
  private static volatile CredentialsSource source;

  /** For {@link java.util.ServiceLoader}. */
  public RankCredentials() {}

  static void set(CredentialsSource credentials) {
    source = credentials;
  }

  @Override
  public Optional<CredentialsSource> find() {
    return Optional.ofNullable(source);
  }
}
