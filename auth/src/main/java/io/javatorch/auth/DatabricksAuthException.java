package io.javatorch.auth;

/** No usable Databricks credentials. The message says what was looked for and what to set. */
public final class DatabricksAuthException extends RuntimeException {
  DatabricksAuthException(String message) {
    super(message);
  }

  DatabricksAuthException(String message, Throwable cause) {
    super(message, cause);
  }
}
