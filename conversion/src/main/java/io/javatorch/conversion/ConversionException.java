package io.javatorch.conversion;

/**
 * A DataFrame could not be converted. The message says which column, row or file, and what to do.
 */
public final class ConversionException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Says what is wrong, and what to do. */
  public ConversionException(String message) {
    super(message);
  }

  /** Says what is wrong, and what to do. */
  public ConversionException(String message, Throwable cause) {
    super(message, cause);
  }
}
