package io.javatorch.streaming;

import io.javatorch.streaming.format.Sample;

/** Makes what training needs of a sample. Called by several worker threads at once. */
@FunctionalInterface
public interface SampleTransform<T> {
  /**
   * Transforms one sample.
   *
   * @throws Exception to fail the epoch; the loader's user gets it with the sample's id
   */
  T apply(Sample sample) throws Exception;
}
