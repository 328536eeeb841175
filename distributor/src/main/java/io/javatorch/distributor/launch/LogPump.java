package io.javatorch.distributor.launch;

import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads one stream of a process, line by line, on a thread of its own, and hands on what is there
 * without waiting for more. A consumer that is slow holds the process up once the pipe is full, so
 * nothing is dropped and nothing piles up. After a consumer has failed the stream is still read to
 * its end, so that the process never blocks on a full pipe.
 */
final class LogPump {
  private static final Logger LOG = LoggerFactory.getLogger(LogPump.class);

  /** A line without end is handed on in pieces of this size, so that it cannot fill the memory. */
  private static final int MAX_LINE_CHARS = 1 << 16;

  private static final long POLL_MILLIS = 10;

  private final String name;
  private final InputStream stream;
  private final Consumer<List<String>> consumer;
  private final Thread thread;
  private boolean consumerFailed; // the pump's thread alone

  /** When the pump last began to wait for the process; meaningless while it hands lines on. */
  private volatile long waitingSinceNanos = System.nanoTime();

  private volatile boolean handingOn;

  private LogPump(String name, InputStream stream, Consumer<List<String>> consumer) {
    this.name = name;
    this.stream = stream;
    this.consumer = consumer;
    this.thread = new Thread(this::pump, name);
  }

  static LogPump start(String name, InputStream stream, Consumer<List<String>> lines) {
    var pump = new LogPump(name, stream, lines);
    pump.thread.setDaemon(true);
    pump.thread.start();
    return pump;
  }

  /**
   * Waits until the stream has ended and all of it was handed on, however long the consumer takes;
   * gives up only after the stream has been silent for a time.
   */
  void awaitEnd(Duration silence) throws InterruptedException {
    long since = System.nanoTime();
    while (thread.isAlive()) {
      TimeUnit.MILLISECONDS.timedJoin(thread, POLL_MILLIS);
      if (!handingOn
          && System.nanoTime() - Math.max(since, waitingSinceNanos) > silence.toNanos()) {
        return;
      }
    }
  }

  private void pump() {
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
          handOn(lines);
        }
        waitingSinceNanos = System.nanoTime();
      }
    } catch (IOException e) {
      // The process was destroyed while we read: what it had written has been read.
      LOG.debug("{} ended", name, e);
    }
    if (!line.isEmpty()) {
      handOn(List.of(withoutCarriageReturn(line)));
    }
  }

  private void handOn(List<String> lines) {
    if (consumerFailed) {
      return;
    }
    handingOn = true;
    try {
      consumer.accept(lines);
    } catch (RuntimeException e) {
      // Not to the thread's handler: Spark's ends the whole executor.
      consumerFailed = true;
      LOG.warn("{} drops its lines from here on", name, e);
    } finally {
      handingOn = false;
    }
  }

  private static String withoutCarriageReturn(StringBuilder line) {
    int end = line.length();
    return end > 0 && line.charAt(end - 1) == '\r' ? line.substring(0, end - 1) : line.toString();
  }
}
