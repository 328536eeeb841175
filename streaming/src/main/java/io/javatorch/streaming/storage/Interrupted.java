package io.javatorch.streaming.storage;

import java.io.InterruptedIOException;

/** Makes an I/O error of an interrupt. */
public final class Interrupted {
  private Interrupted() {}

  /**
   * The exception for a thread that was interrupted; the thread stays so.
   *
   * @param message what it was doing
   */
  public static InterruptedIOException asIOException(String message, InterruptedException cause) {
    Thread.currentThread().interrupt();
    var interrupted = new InterruptedIOException(message);
    interrupted.initCause(cause);
    return interrupted;
  }
}
