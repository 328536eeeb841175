package io.javatorch.streaming;

import io.javatorch.streaming.format.Sample;
import java.util.ArrayList;
import java.util.List;

/**
 * Puts samples together in batches. Called by several worker threads at once; each batch is made by
 * one of them.
 *
 * @param <B> a batch
 */
@FunctionalInterface
public interface BatchCollector<B> {
  /**
   * Begins a batch.
   *
   * @param size samples that will be added
   */
  Filler<B> begin(int size);

  /** A batch in the making; used by one thread. */
  interface Filler<B> {
    /**
     * Adds the next sample.
     *
     * @throws Exception to fail the epoch; the loader's user gets it with the sample's id
     */
    void add(Sample sample) throws Exception;

    /** The batch, once all samples are added. */
    B finish();
  }

  /** Collects transformed samples in lists. */
  static <T> BatchCollector<List<T>> listOf(SampleTransform<T> transform) {
    return size ->
        new Filler<>() {
          private final List<T> batch = new ArrayList<>(size);

          @Override
          public void add(Sample sample) throws Exception {
            batch.add(transform.apply(sample));
          }

          @Override
          public List<T> finish() {
            return batch;
          }
        };
  }
}
