package io.javatorch.distributor.launch;

import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads one stream of a process, line by line, on a thread of its own, and hands on what is there
 * without waiting for more. A consumer that is slow holds the process up once the pipe is full, so
 * nothing is dropped and nothing piles up.
 */
final class LogPump {
  private static final Logger LOG = LoggerFactory.getLogger(LogPump.class);

  /** A line without end is handed on in pieces of this size, so that it cannot fill the memory. */
  private static final int MAX_LINE_CHARS = 1 << 16;

  private final Thread thread;

  private LogPump(Thread thread) {
    this.thread = thread;
  }

  static LogPump start(String name, InputStream stream, Consumer<List<String>> lines) {
    var thread = new Thread(() -> pump(name, stream, lines), name);
    thread.setDaemon(true);
    thread.start();
    return new LogPump(thread);
  }

  /** Waits until the stream has ended and all of it was handed on; false when time runs out. */
  boolean awaitEnd(long timeoutMillis) throws InterruptedException {
    TimeUnit.MILLISECONDS.timedJoin(thread, timeoutMillis);
    return !thread.isAlive();
  }

  private static void pump(String name, InputStream stream, Consumer<List<String>> consumer) {
    var buffer = new char[1 << 14];
    var line = new StringBuilder();
    try (Reader reader = new InputStreamReader(stream, StandardCharsets.UTF_8)) {
      int count;
      while ((count = reader.read(buffer)) >= 0) {
        var lines = new ArrayList<String>();
        for (int i = 0; i < count; i++) {
          if (buffer[i] == '\n') {
            lines.add(withoutCarriageReturn(line));
            line.setLength(0);
          } else {
            line.append(buffer[i]);
            if (line.length() == MAX_LINE_CHARS) {
              lines.add(line.toString());
              line.setLength(0);
            }
          }
        }
        if (!lines.isEmpty()) {
          consumer.accept(lines);
        }
      }
    } catch (IOException e) {
      // The process was destroyed while we read: what it had written has been read.
      LOG.debug("{} ended", name, e);
    }
    if (!line.isEmpty()) {
      consumer.accept(List.of(withoutCarriageReturn(line)));
    }
  }

  private static String withoutCarriageReturn(StringBuilder line) {
    int end = line.length();
    return end > 0 && line.charAt(end - 1) == '\r' ? line.substring(0, end - 1) : line.toString();
  }
}
