package io.javatorch.distributor.launch;

import java.io.IOException;

/**
 * The ranks could not find each other: some other rank is missing, or the meeting point is gone.
 */
final class RendezvousException extends IOException {
  RendezvousException(String message) {
    super(message);
  }

  RendezvousException(String message, Throwable cause) {
    super(message, cause);
  }
}
