package io.javatorch.distributor.launch;

import io.javatorch.distributor.RankLogLine;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.regex.Pattern;
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
  private static final Duration DRAIN = Duration.ofSeconds(1);

  /** How often to look which processes the worker has started. */
  private static final long LOOK_MILLIS = 1_000;

  /** Where a rank's lines go. Called by two threads, one a stream. */
  @FunctionalInterface
  interface LogSink {
    void lines(int rank, RankLogLine.Stream stream, List<String> lines);
  }

  /** Where a rank's questions go, each with the way back for its answer. Must not block. */
  @FunctionalInterface
  interface QuestionSink {
    void take(Message.CredentialsQuestion question, CredentialsDesk.Reply reply);
  }

  /** Variables by which an SDK would find credentials other than those of the job. */
  private static final Pattern CREDENTIALS =
      Pattern.compile("DATABRICKS_.*|ARM_.*|GOOGLE_CREDENTIALS");

  private final String host;
  private final Message.Start start;
  private final Consumer<RankFailure> failures;
  private final QuestionSink questions;
  private final Process process;
  private final Path classPathFile;
  private final List<LogPump> pumps;

  /** Children of the worker, seen while it lived; once it is gone nobody can tell. */
  private final Set<ProcessHandle> descendants = new HashSet<>();

  /** How the rank ended in its own words; empty where it ended without any. */
  private final CompletableFuture<Optional<Message>> ending = new CompletableFuture<>();

  private SealedServer control;

  private RankProcess(
      String host,
      Message.Start start,
      Consumer<RankFailure> failures,
      QuestionSink questions,
      LogSink logs,
      Process process,
      Path classPathFile) {
    this.host = host;
    this.start = start;
    this.failures = failures;
    this.questions = questions;
    this.process = process;
    this.classPathFile = classPathFile;
    int rank = start.world().rank();
    this.pumps =
        List.of(
            LogPump.start(
                "javatorch-stdout-" + rank,
                process.getInputStream(),
                lines -> logs.lines(rank, RankLogLine.Stream.STDOUT, lines)),
            LogPump.start(
                "javatorch-stderr-" + rank,
                process.getErrorStream(),
                lines -> logs.lines(rank, RankLogLine.Stream.STDERR, lines)));
  }

  /**
   * Starts a rank's JVM.
   *
   * @param host this machine's name, for messages
   * @param command how the JVM is started
   * @param environment added to this process's own, less the credentials in it
   * @param jobSecret what the ranks prove to each other
   * @param failures told of the rank's failure as soon as it is known, by any thread, before {@link
   *     #await} throws: the ranks that fail with it must not get ahead
   * @param questions takes the rank's questions
   */
  static RankProcess launch(
      String host,
      Message.Start start,
      WorkerCommand command,
      Map<String, String> environment,
      JobSecret jobSecret,
      LogSink logs,
      Consumer<RankFailure> failures,
      QuestionSink questions)
      throws IOException {
    var classPathFile = command.writeClassPathFile();
    RankProcess rankProcess;
    try {
      var builder = new ProcessBuilder(command.commandLine(classPathFile));
      builder.environment().keySet().removeIf(name -> CREDENTIALS.matcher(name).matches());
      builder.environment().putAll(environment);
      rankProcess =
          new RankProcess(host, start, failures, questions, logs, builder.start(), classPathFile);
    } catch (IOException | RuntimeException e) {
      Files.delete(classPathFile);
      throw e;
    }
    try {
      rankProcess.openControl(jobSecret);
      return rankProcess;
    } catch (IOException | RuntimeException e) {
      rankProcess.close();
      throw e;
    }
  }

  private void openControl(JobSecret jobSecret) throws IOException {
    var controlSecret = JobSecret.random();
    control =
        SealedServer.start(
            "javatorch-control-" + start.world().rank(),
            InetAddress.getLoopbackAddress(),
            controlSecret,
            this::converse);
    var bootstrap = new WorkerBootstrap(control.port(), controlSecret, jobSecret);
    try {
      process.getOutputStream().write(bootstrap.toLine().getBytes(StandardCharsets.US_ASCII));
      process.getOutputStream().flush();
    } catch (IOException e) {
      // The JVM died at once, on a bad option say: await() reports how, with what it printed.
      LOG.debug("{} ended before it was told what to do", this, e);
    }
  }

  private void converse(SealedChannel channel) throws IOException {
    try {
      Files.deleteIfExists(classPathFile);
      start.sendOver(channel);
      for (var message = Message.receiveFrom(channel);
          message.isPresent();
          message = Message.receiveFrom(channel)) {
        if (message.get() instanceof Message.Threw threw) {
          drain(); // so that its last lines are known before its failure is
          failures.accept(RankFailure.threw(start.world().rank(), host, threw.error()));
          ending.complete(message);
        } else if (message.get() instanceof Message.Returned) {
          ending.complete(message);
        } else if (message.get() instanceof Message.CredentialsQuestion question) {
          questions.take(question, answer -> answer.sendOver(channel));
        }
      }
    } finally {
      ending.complete(Optional.empty()); // Nothing, if it has ended already.
    }
  }

  /** Waits until all that the worker printed has been handed on. Keeps an interrupt for later. */
  private void drain() {
    try {
      for (var pump : pumps) {
        pump.awaitEnd(DRAIN);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Waits for the rank's end.
   *
   * @return its serialized result
   * @throws RankFailedException if it threw, exited or was killed
   * @throws InterruptedException if this thread is interrupted; the rank lives until {@link #close}
   */
  byte[] await() throws RankFailedException, InterruptedException {
    awaitEnding();
    // A worker says how it ended, then exits.
    if (!process.waitFor(EXIT_GRACE.toMillis(), TimeUnit.MILLISECONDS)) {
      LOG.warn("{} did not exit within {} of its end and is killed", this, EXIT_GRACE);
      kill();
    }
    drain();
    return resultOf(lastWords());
  }

  private void awaitEnding() throws InterruptedException {
    var ended = CompletableFuture.anyOf(ending, process.onExit());
    while (true) {
      try {
        ended.get(LOOK_MILLIS, TimeUnit.MILLISECONDS);
        return;
      } catch (TimeoutException e) {
        process.descendants().forEach(descendants::add);
        descendants.removeIf(child -> !child.isAlive());
      } catch (ExecutionException e) {
        throw new IllegalStateException("Neither of these can fail", e);
      }
    }
  }

  private Optional<Message> lastWords() throws InterruptedException {
    try {
      return ending.get(DRAIN.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      return Optional.empty();
    } catch (ExecutionException e) {
      throw new IllegalStateException("This can only be completed", e);
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
    process.descendants().forEach(descendants::add);
    process.destroy();
    if (!hasExitedWithin(TERMINATE_GRACE)) {
      process.destroyForcibly();
      hasExitedWithin(TERMINATE_GRACE);
    }
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

  /**
   * Ends the worker and whatever it started, by force if need be. Returns when the worker is gone
   * and its last lines were handed on.
   */
  @Override
  public void close() {
    if (process.isAlive()) {
      kill();
    }
    descendants.forEach(ProcessHandle::destroyForcibly);
    drain();
    try {
      process.getOutputStream().close();
    } catch (IOException e) {
      LOG.debug("{} was gone already", this, e);
    }
    try {
      Files.deleteIfExists(classPathFile);
    } catch (IOException e) {
      LOG.warn("Cannot delete {}", classPathFile, e);
    }
    if (control != null) {
      control.close();
    }
  }

  @Override
  public String toString() {
    return "rank " + start.world().rank() + " (process " + process.pid() + " on " + host + ")";
  }
}
