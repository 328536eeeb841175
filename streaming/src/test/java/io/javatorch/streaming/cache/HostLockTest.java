package io.javatorch.streaming.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.javatorch.streaming.cache.HostLock.Hold;
import io.javatorch.streaming.storage.Cancellation;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class HostLockTest {
  private static final Duration LONG = Duration.ofSeconds(30);

  @TempDir Path root;

  /** Holds the lock of number 5 of the given file until its input ends. */
  static final class Holder {
    private Holder() {}

    public static void main(String[] args) throws IOException {
      try (var locks = new HostLock(Path.of(args[0]), LONG)) {
        var now = locks.tryAcquire(5);
        System.out.println("free " + now.isPresent());
        if (now.isPresent()) {
          now.get().close();
        }
        hold(locks);
      }
    }

    private static void hold(HostLock locks) throws IOException {
      try (Hold hold = locks.acquire(5, "a test", new Cancellation())) {
        System.out.println("held " + (hold != null));
        System.in.transferTo(System.err);
      }
    }
  }

  private Path file() {
    return root.resolve("directory/lock");
  }

  private Process start() throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            System.getProperty("java.class.path"),
            Holder.class.getName(),
            file().toString())
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  private static BufferedReader output(Process process) {
    return new BufferedReader(
        new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
  }

  private Process holder() throws IOException {
    Process process = start();
    var output = output(process);
    assertThat(output.readLine()).startsWith("free ");
    assertThat(output.readLine()).isEqualTo("held true");
    return process;
  }

  @Test
  void saysWhatItHasWaitedForInVain() throws Exception {
    Process process = holder();
    try (var locks = new HostLock(file(), Duration.ofMillis(100))) {
      assertThat(locks.tryAcquire(5)).isEmpty();
      assertThatThrownBy(() -> locks.acquire(5, "shard 5 of the digits", new Cancellation()))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("shard 5 of the digits")
          .hasMessageContaining(file().toString());
      try (Hold other = locks.acquire(6, "another", new Cancellation())) {
        assertThat(other).isNotNull();
      }
      process.destroyForcibly().waitFor();
      assertThat(locks.tryAcquire(5)).isPresent();
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  void anInterruptDoesNotTakeTheLocksFromOtherThreads() throws Exception {
    Process process = holder();
    try (var locks = new HostLock(file(), LONG)) {
      var failure = new Throwable[1];
      var waiting =
          new Thread(
              () -> {
                try (Hold hold = locks.acquire(5, "shard 5", new Cancellation())) {
                  failure[0] = new AssertionError(hold.toString());
                } catch (IOException | RuntimeException e) {
                  failure[0] = e;
                }
              });
      waiting.start();
      while (waiting.getState() != Thread.State.TIMED_WAITING) {
        Thread.onSpinWait();
      }
      waiting.interrupt();
      waiting.join();
      assertThat(failure[0]).isInstanceOf(InterruptedIOException.class);
      process.destroyForcibly().waitFor();
      try (Hold hold = locks.acquire(5, "shard 5", new Cancellation())) {
        assertThat(hold).isNotNull();
      }
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  void closingOneUserOfAFileLeavesTheLocksOfTheOther() throws Exception {
    try (var first = new HostLock(file(), LONG)) {
      Hold kept = first.acquire(5, "a test", new Cancellation());
      try (var second = new HostLock(root.resolve("directory/../directory/lock"), LONG)) {
        assertThat(second.tryAcquire(5)).isEmpty();
        second.acquire(7, "another", new Cancellation()).close();
      }
      Process process = start();
      try {
        process.getOutputStream().close();
        var output = output(process);
        assertThat(output.readLine()).isEqualTo("free false");
        kept.close();
        assertThat(output.readLine()).isEqualTo("held true");
      } finally {
        process.destroyForcibly();
      }
    }
  }

  @Test
  void sharedLocksLastUntilTheLastHolderIsGone() throws IOException {
    try (var locks = new HostLock(file(), LONG);
        var others = new HostLock(file(), LONG)) {
      Hold one = locks.share(5, "a test", new Cancellation());
      Hold two = others.share(5, "a test", new Cancellation());
      one.close();
      one.close();
      assertThat(locks.tryAcquire(5)).isEmpty();
      two.close();
      assertThat(locks.tryAcquire(5)).isPresent();
    }
  }
}
