package io.javatorch.distributor;

import java.util.Objects;

/**
 * An exception of a rank's process, as it is seen on the driver: the class name, message, stack
 * trace and causes it had there. It is not the exception itself, whose class the driver may not
 * have and whose contents it should not have to trust.
 */
public final class RankError extends Exception {
  private final String className;

  /**
   * An error as a rank reported it.
   *
   * @param className the exception's class in the worker
   * @param message its message, may be null
   * @param cause the error behind it, may be null
   */
  public RankError(
      String className, String message, StackTraceElement[] stackTrace, RankError cause) {
    super(message, cause);
    this.className = Objects.requireNonNull(className, "className");
    setStackTrace(stackTrace);
  }

  /** The name of the exception's class in the worker. */
  public String className() {
    return className;
  }

  // A stack trace is to start with the class that was thrown over there, not with this one.
  @SuppressWarnings("OverrideThrowableToString")
  @Override
  public String toString() {
    return getMessage() == null ? className : className + ": " + getMessage();
  }
}
