package io.javatorch.auth;

import java.io.IOException;

/** Looks for credentials when it is first asked, and again if there were none. */
final class LocatedCredentials implements CredentialsSource {
  private final DatabricksAuth auth;
  private volatile CredentialsSource located;

  LocatedCredentials(DatabricksAuth auth) {
    this.auth = auth;
  }

  @Override
  public WorkerCredentials current() throws IOException {
    CredentialsSource source = located;
    if (source != null) {
      return source.current();
    }
    synchronized (this) {
      if (located == null) {
        var found = auth.locate();
        WorkerCredentials credentials = found.current();
        located = found;
        return credentials;
      }
    }
    return located.current();
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
