package io.javatorch.auth;

/** No usable Databricks credentials. The message says what was looked for and what to set. */
public final class DatabricksAuthException extends RuntimeException {
  /** Says what is missing, where it was looked for, and what to set. Without any secret. */
  public DatabricksAuthException(String message) {
    super(message);
  }

  DatabricksAuthException(String message, Throwable cause) {
    super(message, cause);
  }
}
