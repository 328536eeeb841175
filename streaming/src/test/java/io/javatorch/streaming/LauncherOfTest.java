package io.javatorch.streaming;

import io.javatorch.auth.CredentialsSource;
import io.javatorch.auth.ProcessCredentials;
import java.util.Optional;

/** A launcher that has credentials when a test gives it some. */
public final class LauncherOfTest implements ProcessCredentials {
  private static volatile CredentialsSource source;

  /** Has all of this process find these credentials, or none if they are null. */
  public static void give(CredentialsSource credentials) {
    source = credentials;
  }

  @Override
  public Optional<CredentialsSource> find() {
    return Optional.ofNullable(source);
  }
}
