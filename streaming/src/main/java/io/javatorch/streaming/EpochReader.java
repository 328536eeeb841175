package io.javatorch.streaming;

import io.javatorch.streaming.format.Sample;
import io.javatorch.streaming.order.RankOrder;
import io.javatorch.streaming.storage.Cancellation;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.concurrent.TimeoutException;

/**
 * Reads one epoch: a thread for each worker makes its batches in order and keeps a few ready; the
 * user's thread takes them in turn, passing over workers that have no more, which is the order of
 * PyTorch's DataLoader.
 */
final class EpochReader<B> {
  /** What a worker hands over: a batch, or the failure that stopped it, or (both null) its end. */
  private record Item<B>(B batch, int samples, long bytes, SampleReadException failure) {}

  private final StreamingDataset dataset;
  private final BatchCollector<B> collector;
  private final boolean dropLast;
  private final Duration timeout;
  private final MetricsCounter metrics;
  private final Predownloader predownloader;
  private final Cancellation cancellation = new Cancellation();
  private final List<WorkerQueue<Item<B>>> queues = new ArrayList<>();
  private final List<Thread> threads = new ArrayList<>();
  private int turn;
  private int liveWorkers;
  private final boolean[] ended;
  private Item<B> next;
  private volatile boolean closed;

  EpochReader(
      StreamingDataset dataset,
      RankOrder order,
      BatchCollector<B> collector,
      int workers,
      int prefetchBatches,
      boolean dropLast,
      Duration timeout,
      MetricsCounter metrics,
      int epoch) {
    this.dataset = dataset;
    this.collector = collector;
    this.dropLast = dropLast;
    this.timeout = timeout;
    this.metrics = metrics;
    predownloader = dataset.predownloader(order, workers, cancellation);
    liveWorkers = workers;
    ended = new boolean[workers];
    for (int worker = 0; worker < workers; worker++) {
      var queue = new WorkerQueue<Item<B>>(prefetchBatches);
      long[] ids = order.ofWorker(worker);
      var thread =
          new Thread(() -> work(ids, queue), "streaming-epoch-" + epoch + "-worker-" + worker);
      thread.setDaemon(true);
      queues.add(queue);
      threads.add(thread);
    }
    threads.forEach(Thread::start);
  }

  /** Whether there is another batch; waits for it. */
  boolean hasNext() {
    if (closed) {
      return false;
    }
    while (next == null && liveWorkers > 0) {
      if (!ended[turn]) {
        Item<B> item = take(turn);
        if (item.failure() != null) {
          close();
          throw item.failure();
        }
        if (item.batch() != null) {
          next = item;
        } else {
          ended[turn] = true;
          liveWorkers--;
        }
      }
      turn = (turn + 1) % ended.length;
    }
    return next != null;
  }

  /** The number of samples in the batch that {@link #take()} returns. */
  int nextSamples() {
    return next.samples();
  }

  /** The next batch. */
  B take() {
    if (!hasNext()) {
      throw new NoSuchElementException("the epoch has no more batches");
    }
    B batch = next.batch();
    metrics.took(next.samples(), next.bytes());
    next = null;
    return batch;
  }

  private Item<B> take(int worker) {
    try {
      long start = System.nanoTime();
      Item<B> item = queues.get(worker).take(timeout);
      metrics.waited(System.nanoTime() - start);
      if (item == null) {
        // Not an end: who waited would take the epoch for whole.
        throw new IllegalStateException("the loader was closed while a batch was waited for");
      }
      return item;
    } catch (TimeoutException e) {
      throw new IllegalStateException(
          "waited "
              + timeout.toMillis() / 1000.0
              + " s for the next batch of worker "
              + worker
              + ", which is still at it; "
              + dataset.waitingFor().orElse("it waits for no shard: look at what it runs"),
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for a batch", e);
    }
  }

  private void work(long[] ids, WorkerQueue<Item<B>> queue) {
    int batchSize = dataset.batchSize();
    int end = dropLast ? ids.length - ids.length % batchSize : ids.length;
    long current = -1;
    try {
      for (int from = 0; from < end && !queue.isClosed(); from += batchSize) {
        int to = Math.min(from + batchSize, end);
        long bytes = 0;
        BatchCollector.Filler<B> filler = collector.begin(to - from);
        for (int i = from; i < to; i++) {
          current = ids[i];
          Sample sample = dataset.get(current, cancellation);
          for (int column = 0; column < sample.columns().size(); column++) {
            bytes += sample.size(column);
          }
          filler.add(sample);
        }
        if (predownloader != null) {
          predownloader.advance(to - from);
        }
        B batch = Objects.requireNonNull(filler.finish(), "the batch collector returned null");
        if (!queue.put(new Item<>(batch, to - from, bytes, null))) {
          return;
        }
      }
      queue.put(new Item<>(null, 0, 0, null));
    } catch (Throwable e) {
      queue.put(new Item<>(null, 0, 0, new SampleReadException(current, e)));
    }
  }

  /** Stops the workers and waits for them to be gone. */
  void close() {
    closed = true;
    next = null;
    queues.forEach(WorkerQueue::close);
    cancellation.cancel();
    if (predownloader != null) {
      predownloader.close();
    }
    boolean interrupted = false;
    for (Thread thread : threads) {
      while (thread.isAlive()) {
        try {
          thread.join();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
