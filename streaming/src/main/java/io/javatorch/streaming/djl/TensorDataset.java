package io.javatorch.streaming.djl;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.dataset.Batch;
import ai.djl.training.dataset.Dataset;
import ai.djl.translate.Batchifier;
import ai.djl.util.Progress;
import io.javatorch.streaming.StreamingDataLoader;
import java.util.Iterator;

/**
 * A loader of tensors as a DJL data set, such as {@code EasyTrain.fit} takes: each call of {@link
 * #getData} is the next epoch. The first columns of the batches are the data, the others the
 * labels.
 *
 * <p>The loader stays the caller's to close and to ask for its state, which counts the batches that
 * DJL has taken.
 */
public final class TensorDataset implements Dataset {
  private final StreamingDataLoader<TensorBatch> loader;
  private final int dataColumns;

  /**
   * A data set over the given loader.
   *
   * @param dataColumns how many columns are data, from the first on
   */
  public TensorDataset(StreamingDataLoader<TensorBatch> loader, int dataColumns) {
    if (dataColumns < 1) {
      throw new IllegalArgumentException("at least one column must be data, got " + dataColumns);
    }
    this.loader = loader;
    this.dataColumns = dataColumns;
  }

  /** Does nothing: shards are made ready as they are read. */
  @Override
  public void prepare(Progress progress) {}

  /**
   * The batches of the next epoch, to be iterated once.
   *
   * @param manager parent of the batches' own managers; each batch must be closed
   */
  @Override
  public Iterable<Batch> getData(NDManager manager) {
    return () -> {
      Iterator<TensorBatch> batches = loader.iterator();
      return new Iterator<>() {
        private long taken;

        @Override
        public boolean hasNext() {
          return batches.hasNext();
        }

        @Override
        public Batch next() {
          return batch(manager.newSubManager(), batches.next(), taken++);
        }
      };
    };
  }

  private Batch batch(NDManager manager, TensorBatch batch, long index) {
    try {
      NDList tensors = batch.toNDList(manager);
      if (tensors.size() < dataColumns) {
        throw new IllegalArgumentException(
            dataColumns + " columns are to be data, but there are " + tensors.size());
      }
      return new Batch(
          manager,
          tensors.subNDList(0, dataColumns),
          tensors.subNDList(dataColumns),
          batch.size(),
          Batchifier.STACK,
          Batchifier.STACK,
          index,
          // How many there will be is known to the order alone, and DJL needs it for display only.
          index + 1);
    } catch (RuntimeException e) {
      manager.close();
      throw e;
    }
  }
}
