package io.javatorch.distributor.launch;

import io.javatorch.distributor.RankLogLine;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One rank's JVM, from the side of the process that started it. The worker gets its secret over its
 * standard input, which stays open for as long as this process lives: when it ends, however it
 * ends, the worker reads end-of-file there and ends too.
 *
 * <p>{@link #await} and {@link #close} are for one thread.
 */
final class RankProcess implements Closeable {
  private static final Logger LOG = LoggerFactory.getLogger(RankProcess.class);

  /** For a worker to exit once it has said how it ended. */
  private static final Duration EXIT_GRACE = Duration.ofSeconds(10);

  /** Between SIGTERM and SIGKILL. */
  private static final Duration TERMINATE_GRACE = Duration.ofSeconds(2);

  /**
   * For the last lines and words after the process is gone. Its pipes and its channel end with it,
   * so this passes only if a grandchild holds a pipe open or the JVM never came up.
   */
  private static final long DRAIN_MILLIS = 2_000;

  /** Where a rank's lines go. Called by two threads, one a stream. */
  @FunctionalInterface
  interface LogSink {
    void lines(int rank, RankLogLine.Stream stream, List<String> lines);
  }

  private final String host;
  private final Message.Start start;
  private final Process process;
  private final OutputStream stdin;
  private final SealedServer control;
  private final List<LogPump> pumps;
  private final Consumer<RankFailure> failures;

  /** How the rank ended in its own words; empty where it ended without any. */
  private final CompletableFuture<Optional<Message>> ending;

  private RankProcess(
      String host,
      Message.Start start,
      Process process,
      SealedServer control,
      List<LogPump> pumps,
      Consumer<RankFailure> failures,
      CompletableFuture<Optional<Message>> ending) {
    this.host = host;
    this.start = start;
    this.process = process;
    this.stdin = process.getOutputStream();
    this.control = control;
    this.pumps = pumps;
    this.failures = failures;
    this.ending = ending;
  }

  /**
   * Starts a rank's JVM.
   *
   * @param host this machine's name, for messages
   * @param command from {@link WorkerCommand}
   * @param environment added to this process's own
   * @param jobSecret what the ranks prove to each other
   * @param failures told of the rank's failure the moment it is known, by any thread, before {@link
   *     #await} throws: the ranks that fail with it must not get ahead
   */
  static RankProcess launch(
      String host,
      Message.Start start,
      List<String> command,
      Map<String, String> environment,
      JobSecret jobSecret,
      LogSink logs,
      Consumer<RankFailure> failures)
      throws IOException {
    var ending = new CompletableFuture<Optional<Message>>();
    var controlSecret = JobSecret.random();
    var control =
        SealedServer.start(
            "javatorch-control-" + start.world().rank(),
            InetAddress.getLoopbackAddress(),
            controlSecret,
            channel -> converse(channel, host, start, failures, ending));
    try {
      var builder = new ProcessBuilder(command);
      builder.environment().putAll(environment);
      var process = builder.start();
      int rank = start.world().rank();
      var pumps =
          List.of(
              LogPump.start(
                  "javatorch-stdout-" + rank,
                  process.getInputStream(),
                  lines -> logs.lines(rank, RankLogLine.Stream.STDOUT, lines)),
              LogPump.start(
                  "javatorch-stderr-" + rank,
                  process.getErrorStream(),
                  lines -> logs.lines(rank, RankLogLine.Stream.STDERR, lines)));
      var rankProcess = new RankProcess(host, start, process, control, pumps, failures, ending);
      rankProcess.tell(new WorkerBootstrap(control.port(), controlSecret, jobSecret));
      return rankProcess;
    } catch (IOException | RuntimeException e) {
      control.close();
      throw e;
    }
  }

  private void tell(WorkerBootstrap bootstrap) {
    try {
      stdin.write(bootstrap.toLine().getBytes(StandardCharsets.US_ASCII));
      stdin.flush();
    } catch (IOException e) {
      // The JVM died at once, on a bad option say: await() reports how, with what it printed.
      LOG.debug("{} ended before it was told what to do", this, e);
    }
  }

  private static void converse(
      SealedChannel channel,
      String host,
      Message.Start start,
      Consumer<RankFailure> failures,
      CompletableFuture<Optional<Message>> ending)
      throws IOException {
    try {
      start.sendOver(channel);
      for (var message = Message.receiveFrom(channel);
          message.isPresent();
          message = Message.receiveFrom(channel)) {
        if (message.get() instanceof Message.Threw threw) {
          failures.accept(RankFailure.threw(start.world().rank(), host, threw.error()));
          ending.complete(message);
        } else if (message.get() instanceof Message.Returned) {
          ending.complete(message);
        }
      }
    } finally {
      ending.complete(Optional.empty()); // Nothing, if it has ended already.
    }
  }

  /** The worker's process id. */
  long pid() {
    return process.pid();
  }

  /**
   * Waits for the rank's end.
   *
   * @return its serialized result
   * @throws RankFailedException if it threw, exited or was killed
   * @throws InterruptedException if this thread is interrupted; the rank lives until {@link #close}
   */
  byte[] await() throws RankFailedException, InterruptedException {
    try {
      CompletableFuture.anyOf(ending, process.onExit()).get();
      // Whichever came first, the other follows soon: a worker says how it ended, then exits.
      if (!process.waitFor(EXIT_GRACE.toMillis(), TimeUnit.MILLISECONDS)) {
        LOG.warn("{} did not exit within {} of its end and is killed", this, EXIT_GRACE);
        kill();
      }
      for (var pump : pumps) {
        pump.awaitEnd(DRAIN_MILLIS);
      }
      return resultOf(lastWords());
    } catch (ExecutionException e) {
      throw new IllegalStateException("Neither of these can fail", e);
    }
  }

  private Optional<Message> lastWords() throws InterruptedException, ExecutionException {
    try {
      return ending.get(DRAIN_MILLIS, TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      return Optional.empty();
    }
  }

  private byte[] resultOf(Optional<Message> lastWords) throws RankFailedException {
    int rank = start.world().rank();
    if (lastWords.isEmpty()) {
      var failure = RankFailure.exited(rank, host, process.exitValue());
      failures.accept(failure);
      throw new RankFailedException(failure);
    }
    if (lastWords.get() instanceof Message.Threw threw) {
      throw new RankFailedException(RankFailure.threw(rank, host, threw.error()));
    }
    return ((Message.Returned) lastWords.get()).value();
  }

  private void kill() {
    // Listed first: once their parent is gone, children belong to somebody else.
    var children = process.descendants().toList();
    process.destroy();
    if (!hasExitedWithin(TERMINATE_GRACE)) {
      process.destroyForcibly();
      hasExitedWithin(TERMINATE_GRACE);
    }
    children.forEach(ProcessHandle::destroyForcibly);
  }

  /** As {@link Process#waitFor(long, TimeUnit)}, but an interrupt is kept for later. */
  private boolean hasExitedWithin(Duration time) {
    long deadline = System.nanoTime() + time.toNanos();
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return process.waitFor(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Ends the worker and whatever it started, by force if need be. Returns when it is gone. */
  @Override
  public void close() {
    if (process.isAlive()) {
      kill();
    }
    try {
      stdin.close();
    } catch (IOException e) {
      LOG.debug("{} was gone already", this, e);
    }
    control.close();
  }

  @Override
  public String toString() {
    return "rank " + start.world().rank() + " (process " + process.pid() + " on " + host + ")";
  }
}
