package io.javatorch.distributor.training;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Parameter;

/** A block's parameter under the name that is the same on every rank. */
record NamedParameter(String name, Parameter parameter) {
  NDArray array() {
    return parameter.getArray();
  }

  /** Whether this is kept up by the forward pass, from the data of one rank. */
  boolean isRunningStatistic() {
    return !parameter.requiresGradient()
        && (parameter.getType() == Parameter.Type.RUNNING_MEAN
            || parameter.getType() == Parameter.Type.RUNNING_VAR);
  }
}
