package io.javatorch.distributor.training;

import java.io.Serial;

/** Training cannot go on: the ranks' models differ, or a tensor or optimizer cannot be used. */
public class TrainingException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1L;

  /** An exception with its reason. */
  public TrainingException(String message) {
    super(message);
  }
}
