package io.javatorch.streaming;

import io.javatorch.streaming.format.Sample;
import io.javatorch.streaming.order.RankOrder;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.function.Consumer;

/**
 * Reads a data set in batches, epoch after epoch, with worker threads that keep batches ready; and
 * knows how far it has read. Each call of {@link #iterator} begins the next epoch, or goes on in
 * the middle of one after {@link #loadState}. Beginning an epoch ends the one before.
 *
 * <p>Batches and their order are those of PyTorch's DataLoader over the Python library's data set:
 * workers give a batch in turn, and those with none left are passed over.
 *
 * <p>Used by one thread at a time.
 *
 * @param <B> a batch
 */
public final class StreamingDataLoader<B> implements Iterable<B>, AutoCloseable {
  private final StreamingDataset dataset;
  private final BatchCollector<B> collector;
  private final int workers;
  private final int prefetchBatches;
  private final boolean dropLast;
  private final Duration timeout;
  private final MetricsCounter metrics;

  /** Where the current epoch began or, before it has begun, where it will. */
  private LoaderState start;

  private boolean resumed;
  private RankOrder loadedOrder;
  private boolean begun;
  private long samplesTaken;
  private EpochReader<B> reader;
  private boolean closed;

  private StreamingDataLoader(Builder builder, BatchCollector<B> collector) {
    this.dataset = builder.dataset;
    this.collector = collector;
    this.workers = builder.workers;
    this.prefetchBatches = builder.prefetchBatches;
    this.dropLast = builder.dropLast;
    this.timeout = builder.timeout;
    this.metrics =
        new MetricsCounter(dataset::metrics, builder.metricsInterval, builder.metricsListener);
    this.start = dataset.start();
  }

  /**
   * Starts from the defaults: one worker, two batches ready for each, the last batch kept however
   * small it is.
   *
   * @param dataset must have a batch size; stays open when the loader is closed
   */
  public static Builder builder(StreamingDataset dataset) {
    return new Builder(dataset);
  }

  /**
   * Begins the next epoch, or goes on in the one whose state was loaded. An epoch that was read to
   * its end before its state was saved has no batches left.
   *
   * <p>The iterator throws {@link SampleReadException} where a sample cannot be read; the batches
   * before it are given first.
   *
   * @throws IllegalArgumentException if the samples cannot be divided over the ranks as set
   */
  @Override
  public Iterator<B> iterator() {
    if (closed) {
      throw new IllegalStateException("the loader is closed");
    }
    stop();
    if (begun) {
      start =
          new LoaderState(
              start.epoch() + 1,
              0,
              start.numCanonicalNodes(),
              start.shuffleSeed(),
              start.initialPhysicalNodes(),
              start.epochSize(),
              start.order());
    }
    begun = true;
    samplesTaken = 0;
    RankOrder order = loadedOrder != null ? loadedOrder : dataset.order(start, resumed, workers);
    loadedOrder = null;
    var epochReader =
        new EpochReader<>(
            dataset,
            order,
            collector,
            workers,
            prefetchBatches,
            dropLast,
            timeout,
            metrics,
            start.epoch());
    reader = epochReader;
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return epochReader.hasNext();
      }

      @Override
      public B next() {
        if (!epochReader.hasNext()) {
          throw new NoSuchElementException("the epoch has no more batches");
        }
        int samples = epochReader.nextSamples();
        B batch = epochReader.take();
        samplesTaken += samples;
        return batch;
      }
    };
  }

  /** The epoch that is being read or, before the first, will be. */
  public int epoch() {
    return start.epoch();
  }

  /**
   * How far the run has read: batches that {@code next} has returned count, those that only wait do
   * not. The same on all ranks when they have taken the same number of batches.
   */
  public LoaderState state() {
    return new LoaderState(
        start.epoch(),
        start.sampleInEpoch() + dataset.acrossRanks(samplesTaken),
        start.numCanonicalNodes(),
        start.shuffleSeed(),
        start.initialPhysicalNodes() == 0
            ? dataset.start().initialPhysicalNodes()
            : start.initialPhysicalNodes(),
        start.epochSize(),
        start.order());
  }

  /**
   * Makes the next call of {@link #iterator} go on where the state was saved, with exactly the
   * samples that were left. The state's canonical nodes and seed replace the data set's. All ranks
   * must load the same state.
   *
   * @throws IllegalArgumentException if the state does not fit the data set, its batch size or the
   *     number of nodes; the loader is then as it was
   */
  public void loadState(LoaderState state) {
    // Here and not when the epoch begins, so that a state that cannot go on is refused here.
    RankOrder order = dataset.order(state, true, workers);
    stop();
    loadedOrder = order;
    start =
        new LoaderState(
            state.epoch(),
            state.sampleInEpoch(),
            state.numCanonicalNodes(),
            state.shuffleSeed(),
            state.initialPhysicalNodes(),
            dataset.epochSize(),
            dataset.start().order());
    resumed = true;
    begun = false;
    samplesTaken = 0;
  }

  /** What this loader has given so far, and what that took; may be called by any thread. */
  public StreamingMetrics metrics() {
    return metrics.now();
  }

  private void stop() {
    if (reader != null) {
      reader.close();
      reader = null;
    }
  }

  /** Stops the workers. The state can still be asked for. */
  @Override
  public void close() {
    closed = true;
    stop();
  }

  /** Collects the settings. */
  public static final class Builder {
    private final StreamingDataset dataset;
    private int workers = 1;
    private int prefetchBatches = 2;
    private boolean dropLast;
    private Duration timeout = Duration.ZERO;
    private Duration metricsInterval = Duration.ofMinutes(1);
    private Consumer<StreamingMetrics> metricsListener = news -> {};

    private Builder(StreamingDataset dataset) {
      this.dataset = dataset;
    }

    /** Threads that read and transform samples; default 1. */
    public Builder workers(int value) {
      workers = positive("workers", value);
      return this;
    }

    /** Batches that each worker keeps ready; default 2. */
    public Builder prefetchBatches(int value) {
      prefetchBatches = positive("prefetchBatches", value);
      return this;
    }

    /** Whether to leave out a worker's last batch if it is not full; default false. */
    public Builder dropLast(boolean value) {
      dropLast = value;
      return this;
    }

    /**
     * The longest to wait for a batch; then the iterator throws {@link IllegalStateException} with
     * what is waited for. Default zero, for as long as it takes: downloads have timeouts of their
     * own.
     */
    public Builder timeout(Duration value) {
      if (value.isNegative()) {
        throw new IllegalArgumentException("timeout must not be negative, got " + value);
      }
      timeout = value;
      return this;
    }

    /**
     * How often to log what the loader has given, when a batch is taken; zero for never. Default a
     * minute.
     */
    public Builder metricsInterval(Duration value) {
      if (value.isNegative()) {
        throw new IllegalArgumentException("metricsInterval must not be negative, got " + value);
      }
      metricsInterval = value;
      return this;
    }

    /**
     * Gets what is logged after each {@link #metricsInterval}, for that interval, on the thread
     * that takes the batches.
     */
    public Builder metricsListener(Consumer<StreamingMetrics> value) {
      metricsListener = value;
      return this;
    }

    /** A loader of lists of samples. */
    public StreamingDataLoader<List<Sample>> build() {
      return build(sample -> sample);
    }

    /** A loader of lists of what the transform makes; it runs on the worker threads. */
    public <T> StreamingDataLoader<List<T>> build(SampleTransform<T> transform) {
      return collect(BatchCollector.listOf(transform));
    }

    /** A loader of the collector's batches; it runs on the worker threads. */
    public <B> StreamingDataLoader<B> collect(BatchCollector<B> collector) {
      return new StreamingDataLoader<>(this, collector);
    }

    private static int positive(String name, int value) {
      if (value < 1) {
        throw new IllegalArgumentException(name + " must be at least 1, got " + value);
      }
      return value;
    }
  }
}
