package io.javatorch.streaming.storage;

import java.io.IOException;

/** A store has refused something for a reason that stays, so that trying again does not help. */
public final class RefusedException extends IOException {
  private static final long serialVersionUID = 1L;

  /** Made by an implementation of a store, with what the store said. */
  public RefusedException(String message) {
    super(message);
  }
}
