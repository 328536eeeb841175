package io.javatorch.distributor.launch;

import io.javatorch.distributor.RankLogLine;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * All ranks' lines on the driver: handed on as they come, the last of each rank kept for errors.
 */
final class RankLogs implements RankProcess.LogSink {
  private static final int KEPT_LINES = 100;

  private final Consumer<RankLogLine> consumer;
  private final Map<Integer, Deque<String>> lastLines = new HashMap<>();

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
      consumer.accept(new RankLogLine(rank, stream, line));
    }
  }

  /** Up to 100 lines that a rank printed last, oldest first. */
  synchronized List<String> lastLines(int rank) {
    return List.copyOf(lastLines.getOrDefault(rank, new ArrayDeque<>()));
  }
}
