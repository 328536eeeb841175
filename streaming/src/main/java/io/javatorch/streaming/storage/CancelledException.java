package io.javatorch.streaming.storage;

import java.io.IOException;

/** Ends work whose result nobody wants any more, because its loader or data set was closed. */
public final class CancelledException extends IOException {
  private static final long serialVersionUID = 1L;

  CancelledException() {
    super("it is not wanted any more: the loader or the data set was closed");
  }
}
