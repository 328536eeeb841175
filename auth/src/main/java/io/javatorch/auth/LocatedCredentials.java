package io.javatorch.auth;

import java.io.IOException;

/**
 * Looks for credentials when it is first asked, and again if there were none. Those who ask while
 * it looks share what it finds.
 */
final class LocatedCredentials implements CredentialsSource {
  private final DatabricksAuth auth;
  private final SharedLookups<DatabricksAuth> lookups = new SharedLookups<>();
  private volatile CredentialsSource located;

  LocatedCredentials(DatabricksAuth auth) {
    this.auth = auth;
  }

  @Override
  public WorkerCredentials current() throws IOException {
    CredentialsSource source = located;
    return source != null ? source.current() : lookups.get(auth, this::locate);
  }

  private WorkerCredentials locate() throws IOException {
    CredentialsSource source = located;
    if (source != null) {
      return source.current(); // Another one has looked since.
    }
    source = auth.locate();
    WorkerCredentials credentials = source.current();
    located = source;
    return credentials;
  }

  @Override
  public WorkerCredentials renew(WorkerCredentials refused) throws IOException {
    WorkerCredentials now = current();
    return now.equals(refused) ? located.renew(refused) : now;
  }

  @Override
  public String toString() {
    return "LocatedCredentials[" + (located == null ? "not asked yet" : located) + "]";
  }
}
