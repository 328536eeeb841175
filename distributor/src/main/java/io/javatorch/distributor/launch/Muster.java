package io.javatorch.distributor.launch;

import io.javatorch.streaming.World;
import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;

/**
 * Where the driver finds out on which hosts the tasks of a stage are, and tells each of them its
 * rank, and all of them where rank 0 waits. It stands in for {@code BarrierTaskContext.allGather},
 * whose callers look for the answer once a second. Thread-safe; each task has a thread that waits
 * here.
 */
final class Muster implements Closeable {
  private final int tasks;
  private final Duration timeout;
  private final Map<Integer, String> hosts = new TreeMap<>();
  private final CompletableFuture<RankLayout> layout = new CompletableFuture<>();
  private final CompletableFuture<HostAndPort> master = new CompletableFuture<>();

  /**
   * Waits for nobody yet.
   *
   * @param tasks tasks of the stage
   * @param timeout how long each waits for the others
   */
  Muster(int tasks, Duration timeout) {
    this.tasks = tasks;
    this.timeout = timeout;
  }

  /**
   * Enters a task, and waits for the others.
   *
   * @param partition its number, from 0
   * @return its rank, and how the ranks lie on hosts
   * @throws IOException if it was entered before, or others are missing when time is up
   */
  World enter(int partition, String host) throws IOException {
    synchronized (hosts) {
      if (partition < 0 || partition >= tasks || hosts.putIfAbsent(partition, host) != null) {
        throw new IOException(
            "task " + partition + " came twice or is none of " + tasks + " tasks");
      }
      if (hosts.size() == tasks) {
        layout.complete(RankLayout.of(hosts.values().stream().toList()));
      }
    }
    return await(layout, this::missing).ofPartition(partition);
  }

  /** Says where rank 0 waits for the others. */
  void masterIsAt(HostAndPort address) {
    master.complete(address);
  }

  /**
   * Waits until it is known where rank 0 waits.
   *
   * @throws IOException if it is not when time is up
   */
  HostAndPort master() throws IOException {
    return await(master, () -> "rank 0 has not said where it waits");
  }

  private String missing() {
    synchronized (hosts) {
      return "tasks %s of the stage did not start"
          .formatted(IntStream.range(0, tasks).filter(t -> !hosts.containsKey(t)).boxed().toList());
    }
  }

  private interface Reason {
    String text();
  }

  private <T> T await(CompletableFuture<T> answer, Reason late) throws IOException {
    try {
      return answer.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw new IOException(late.text() + " within " + timeout + "; raise startTimeout", e);
    } catch (CancellationException e) {
      throw new IOException("the job is over", e);
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while tasks were starting", e);
    }
  }

  /** Ends all that wait. */
  @Override
  public void close() {
    layout.cancel(false);
    master.cancel(false);
  }
}
