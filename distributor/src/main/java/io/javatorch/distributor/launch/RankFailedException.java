package io.javatorch.distributor.launch;

/** A rank ended without a result. */
final class RankFailedException extends Exception {
  private final transient RankFailure failure;

  RankFailedException(RankFailure failure) {
    super(failure.describe());
    this.failure = failure;
  }

  RankFailure failure() {
    return failure;
  }
}
