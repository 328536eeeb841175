package io.javatorch.distributor.checkpoint;

import java.io.IOException;
import java.io.Serial;

/** A file is no checkpoint, or not a whole one. The message says what is wrong with it. */
public final class CheckpointException extends IOException {
  @Serial private static final long serialVersionUID = 1L;

  CheckpointException(String message) {
    super(message);
  }

  CheckpointException(String message, Throwable cause) {
    super(message, cause);
  }
}
