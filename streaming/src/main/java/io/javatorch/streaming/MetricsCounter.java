package io.javatorch.streaming;

import io.javatorch.streaming.cache.CacheMetrics;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Counts for a loader, batch by batch, on its user's thread; read by any thread. */
final class MetricsCounter {
  private static final Logger log = LoggerFactory.getLogger(StreamingDataLoader.class);

  private final Supplier<CacheMetrics> cache;
  private final CacheMetrics cacheBefore;
  private final Duration interval;
  private final Consumer<StreamingMetrics> listener;
  private final long start = System.nanoTime();

  // Written by one thread, so without contention.
  private final AtomicLong batches = new AtomicLong();
  private final AtomicLong samples = new AtomicLong();
  private final AtomicLong bytes = new AtomicLong();
  private final AtomicLong waitedNanos = new AtomicLong();

  private StreamingMetrics reported;
  private long reportedAt = start;

  /**
   * Starts from nothing.
   *
   * @param interval from report to report; zero for none
   */
  MetricsCounter(
      Supplier<CacheMetrics> cache, Duration interval, Consumer<StreamingMetrics> listener) {
    this.cache = cache;
    this.interval = interval;
    this.listener = listener;
    cacheBefore = cache.get();
    reported = now();
  }

  /** Counts a wait for a batch. */
  void waited(long nanos) {
    waitedNanos.lazySet(waitedNanos.get() + nanos);
  }

  /** Counts a batch, and reports if it is time to. */
  void took(int newSamples, long newBytes) {
    batches.lazySet(batches.get() + 1);
    samples.lazySet(samples.get() + newSamples);
    bytes.lazySet(bytes.get() + newBytes);
    if (!interval.isZero() && System.nanoTime() - reportedAt >= interval.toNanos()) {
      reportedAt = System.nanoTime();
      StreamingMetrics now = now();
      StreamingMetrics news = now.since(reported);
      reported = now;
      log.info("{}", news);
      listener.accept(news);
    }
  }

  StreamingMetrics now() {
    return new StreamingMetrics(
        Duration.ofNanos(System.nanoTime() - start),
        batches.get(),
        samples.get(),
        bytes.get(),
        Duration.ofNanos(waitedNanos.get()),
        cache.get().since(cacheBefore));
  }
}
