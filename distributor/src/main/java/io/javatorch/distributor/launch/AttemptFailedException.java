package io.javatorch.distributor.launch;

import io.javatorch.distributor.TrainingFailedException;

/** An attempt at a job failed, in a way that another attempt may not. */
final class AttemptFailedException extends Exception {
  private static final long serialVersionUID = 1L;

  /**
   * @param failure what to tell the user if there is no other attempt
   */
  AttemptFailedException(TrainingFailedException failure) {
    super(failure);
  }

  TrainingFailedException failure() {
    return (TrainingFailedException) getCause();
  }
}
