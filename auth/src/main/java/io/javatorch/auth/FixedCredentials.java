package io.javatorch.auth;

/** Credentials that never change; {@code toString} is that of the credentials, which hides them. */
record FixedCredentials(WorkerCredentials current) implements CredentialsSource {
  @Override
  public WorkerCredentials renew(WorkerCredentials refused) {
    return current;
  }
}
