package io.javatorch.distributor.collective;

import java.io.Serial;

/**
 * A collective call, or the connecting of the ranks, failed. A {@link ProcessGroup} that has thrown
 * this is unusable: every later call fails at once with the same reason. The subclasses say which
 * ranks are the cause where that is known.
 */
public class CollectiveException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1L;

  /** An exception with its reason. */
  public CollectiveException(String message) {
    super(message);
  }

  /** An exception with its reason and what led to it. */
  public CollectiveException(String message, Throwable cause) {
    super(message, cause);
  }
}
