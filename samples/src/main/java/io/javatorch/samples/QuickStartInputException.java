package io.javatorch.samples;

/** The user's input cannot be trained on; the message says why and is all the user needs to see. */
final class QuickStartInputException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  QuickStartInputException(String message, Throwable cause) {
    super(message, cause);
  }
}
