package io.javatorch.streaming.cache;

import io.javatorch.streaming.storage.Downloader;
import java.time.Duration;
import java.util.Comparator;
import java.util.Optional;
import java.util.Set;
import java.util.Timer;
import java.util.TimerTask;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says now and then which shards are waited for, so that a slow store does not look like a hang.
 */
final class SlowShards implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(SlowShards.class);

  private final Duration interval;
  private final Set<Waiting> waiting = ConcurrentHashMap.newKeySet();
  private Timer watch;
  private boolean closed;

  /**
   * Watches nothing yet.
   *
   * @param interval how long to wait before the first word, and from one to the next
   */
  SlowShards(Duration interval) {
    this.interval = interval;
  }

  /** One thread that needs a shard now, until it is closed. */
  final class Waiting implements AutoCloseable {
    private final ShardFolder folder;
    private final int shard;
    private final long start = System.nanoTime();
    private final long bytesBefore;
    private final long retriesBefore;

    private Waiting(ShardFolder folder, int shard) {
      this.folder = folder;
      this.shard = shard;
      bytesBefore = folder.remote().map(Downloader::receivedBytes).orElse(0L);
      retriesBefore = folder.remote().map(Downloader::retries).orElse(0L);
    }

    private Duration waited() {
      return Duration.ofNanos(System.nanoTime() - start);
    }

    @Override
    public String toString() {
      String what = "waiting for " + folder.name(shard) + " since " + waited().toSeconds() + " s";
      return folder
          .remote()
          .map(
              store ->
                  what
                      + ": in that time this process has received "
                      + (store.receivedBytes() - bytesBefore)
                      + " bytes from there, with "
                      + (store.retries() - retriesBefore)
                      + " failed tries; the shard has "
                      + folder.mostBytes(shard)
                      + " at most")
          .orElse(what + ", which is decompressed here or by another process");
    }

    @Override
    public void close() {
      waiting.remove(this);
    }
  }

  Waiting waitFor(ShardFolder folder, int shard) {
    startWatch();
    var one = new Waiting(folder, shard);
    waiting.add(one);
    return one;
  }

  Optional<String> longest() {
    return waiting.stream().max(Comparator.comparing(Waiting::waited)).map(Waiting::toString);
  }

  private synchronized void startWatch() {
    if (watch != null || closed) {
      return;
    }
    watch = new Timer("streaming-slow-shards", true);
    var report =
        new TimerTask() {
          @Override
          public void run() {
            report();
          }
        };
    watch.schedule(report, interval.toMillis(), interval.toMillis());
  }

  private void report() {
    for (Waiting one : waiting) {
      if (one.waited().compareTo(interval) >= 0) {
        log.warn("{}", one);
      }
    }
  }

  @Override
  public synchronized void close() {
    closed = true;
    if (watch != null) {
      watch.cancel();
    }
  }
}
