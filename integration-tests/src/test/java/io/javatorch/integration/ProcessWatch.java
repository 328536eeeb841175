package io.javatorch.integration;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Looks at the arguments of all processes of this machine, again and again until it is closed. */
final class ProcessWatch implements AutoCloseable {
  private final Set<String> commandLines = ConcurrentHashMap.newKeySet();
  private final Thread thread = new Thread(this::watch, "process-watch");
  private volatile boolean closed;

  static ProcessWatch start() {
    var watch = new ProcessWatch();
    watch.thread.setDaemon(true);
    watch.thread.start();
    return watch;
  }

  private void watch() {
    while (!closed) {
      try (var processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
        for (var process : processes) {
          look(process);
        }
        Thread.sleep(50);
      } catch (IOException e) {
        throw new IllegalStateException("This test needs Linux's /proc", e);
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  private void look(Path process) {
    try {
      var arguments = Files.readAllBytes(process.resolve("cmdline"));
      commandLines.add(new String(arguments, StandardCharsets.UTF_8).replace('\0', ' '));
    } catch (IOException e) {
      // It ended while we looked.
    }
  }

  /** Every command line that was seen, its arguments joined by blanks. */
  Set<String> commandLines() {
    return commandLines;
  }

  @Override
  public void close() {
    closed = true;
    thread.interrupt();
  }
}
