package io.javatorch.distributor.collective;

import java.io.Serial;

/**
 * Two ranks made different calls where all ranks must make the same one: another operation,
 * reduction, element type, size or root, or the same calls in another order. The message names both
 * calls.
 */
public final class CallMismatchException extends CollectiveException {
  @Serial private static final long serialVersionUID = 1L;

  /** An exception with its reason and, where it is known, what led to it. */
  public CallMismatchException(String message, Throwable cause) {
    super(message, cause);
  }
}
