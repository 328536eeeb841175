package io.javatorch.conversion.value;

/**
 * Says that a row cannot be written: the message names the column, the row within its partition,
 * what is wrong, and where it helps what to do.
 */
public final class RowException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  RowException(String message, Throwable cause) {
    super(message, cause);
  }
}
