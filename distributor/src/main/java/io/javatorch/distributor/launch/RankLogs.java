package io.javatorch.distributor.launch;

import io.javatorch.distributor.RankLogLine;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All ranks' lines on the driver: handed on as they come, the last of each rank kept for errors.
 */
final class RankLogs implements RankProcess.LogSink {
  private static final Logger LOG = LoggerFactory.getLogger(RankLogs.class);
  private static final int KEPT_LINES = 100;

  private final Consumer<RankLogLine> consumer;
  private final Map<Integer, Deque<String>> lastLines = new HashMap<>();
  private boolean consumerFailed;

  RankLogs(Consumer<RankLogLine> consumer) {
    this.consumer = consumer;
  }

  @Override
  public synchronized void lines(int rank, RankLogLine.Stream stream, List<String> lines) {
    var kept = lastLines.computeIfAbsent(rank, r -> new ArrayDeque<>(KEPT_LINES));
    for (var line : lines) {
      if (kept.size() == KEPT_LINES) {
        kept.removeFirst();
      }
      kept.addLast(line);
      handOn(new RankLogLine(rank, stream, line));
    }
  }

  /** A consumer that fails is told no more lines; the job and its errors do not depend on it. */
  private void handOn(RankLogLine line) {
    if (consumerFailed) {
      return;
    }
    try {
      consumer.accept(line);
    } catch (RuntimeException e) {
      consumerFailed = true;
      LOG.warn("The consumer of the ranks' logs failed and gets no more lines", e);
    }
  }

  /** Up to 100 lines that a rank printed last, oldest first. */
  synchronized List<String> lastLines(int rank) {
    return List.copyOf(lastLines.getOrDefault(rank, new ArrayDeque<>()));
  }
}
