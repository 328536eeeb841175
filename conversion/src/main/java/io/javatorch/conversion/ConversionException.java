package io.javatorch.conversion;

/**
 * A DataFrame could not be converted. The message says which column, row or file, and what to do.
 */
public final class ConversionException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  ConversionException(String message) {
    super(message);
  }

  ConversionException(String message, Throwable cause) {
    super(message, cause);
  }
}
