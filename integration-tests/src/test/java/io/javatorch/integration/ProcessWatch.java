package io.javatorch.integration;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Looks at the arguments of all processes of this machine, and for a text in their environments,
 * again and again until it is closed.
 */
final class ProcessWatch implements AutoCloseable {
  private final String text;
  private final Set<String> commandLines = ConcurrentHashMap.newKeySet();
  private final Set<String> holders = ConcurrentHashMap.newKeySet();
  private final Thread thread = new Thread(this::watch, "process-watch");
  private volatile boolean closed;

  private ProcessWatch(String text) {
    this.text = text;
  }

  /** Starts to look for a text in environments. */
  static ProcessWatch start(String text) {
    var watch = new ProcessWatch(text);
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
      var commandLine = new String(arguments, StandardCharsets.UTF_8).replace('\0', ' ');
      commandLines.add(commandLine);
      var environment = Files.readAllBytes(process.resolve("environ"));
      if (new String(environment, StandardCharsets.ISO_8859_1).contains(text)) {
        holders.add(commandLine);
      }
    } catch (IOException e) {
      // It ended while we looked.
    }
  }

  /** Every command line that was seen, its arguments joined by blanks. */
  Set<String> commandLines() {
    return commandLines;
  }

  /** The command lines of the processes that had the text in their environment. */
  Set<String> holders() {
    return holders;
  }

  @Override
  public void close() {
    closed = true;
    thread.interrupt();
  }
}
