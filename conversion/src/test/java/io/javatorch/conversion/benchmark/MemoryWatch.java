package io.javatorch.conversion.benchmark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * The most memory that a process and all that it started had at once: their proportional set sizes,
 * for Python's workers are forks that share pages.
 */
final class MemoryWatch implements AutoCloseable {
  private final ProcessHandle process;
  private final Thread thread = new Thread(this::watch, "memory-watch");
  private volatile long mostBytes;

  private MemoryWatch(ProcessHandle process) {
    this.process = process;
  }

  static MemoryWatch start(Process process) {
    var watch = new MemoryWatch(process.toHandle());
    watch.thread.setDaemon(true);
    watch.thread.start();
    return watch;
  }

  long mostBytes() {
    return mostBytes;
  }

  private void watch() {
    try {
      while (true) {
        long bytes =
            Stream.concat(Stream.of(process), process.descendants())
                .mapToLong(one -> bytesOf(one.pid()))
                .sum();
        mostBytes = Math.max(mostBytes, bytes);
        Thread.sleep(100);
      }
    } catch (InterruptedException e) {
      // closed
    }
  }

  private static long bytesOf(long pid) {
    try (var lines = Files.lines(Path.of("/proc", Long.toString(pid), "smaps_rollup"))) {
      return lines
          .filter(line -> line.startsWith("Pss:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) << 10)
          .sum();
    } catch (IOException | java.io.UncheckedIOException e) {
      return 0; // It ended while we looked.
    }
  }

  @Override
  public void close() throws InterruptedException {
    thread.interrupt();
    thread.join();
  }
}
