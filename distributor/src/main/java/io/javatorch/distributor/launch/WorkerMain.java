package io.javatorch.distributor.launch;

import ai.djl.engine.Engine;
import ai.djl.engine.EngineException;
import io.javatorch.auth.CredentialsSource;
import io.javatorch.auth.WorkerCredentials;
import io.javatorch.distributor.TrainingFunction;
import io.javatorch.distributor.collective.CollectiveEndpoint;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The main class of a rank's process; started by {@link RankProcess}, never by hand. It is told its
 * secrets over standard input, its order over the control channel, meets the other ranks, runs the
 * training function, and reports how that ended.
 */
public final class WorkerMain {
  private static final Logger LOG = LoggerFactory.getLogger(WorkerMain.class);
  private static final int EXIT_FAILED = 1;

  /** The starter is gone; nobody reads this code. */
  private static final int EXIT_ORPHANED = 75;

  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(30);

  private WorkerMain() {}

  /** Takes no arguments: what a rank needs to know is not for the process list to show. */
  public static void main(String[] arguments) throws IOException {
    var stdin = System.in;
    System.setIn(InputStream.nullInputStream());
    var reader = new BufferedReader(new InputStreamReader(stdin, StandardCharsets.US_ASCII), 512);
    var line = reader.readLine();
    if (line == null) {
      throw new IOException("The process that started this worker ended before it said why");
    }
    var bootstrap = WorkerBootstrap.parse(line);
    endWithParent(reader);
    // However this ends, by the user's own System.exit say: what was started ends with it.
    Runtime.getRuntime().addShutdownHook(new Thread(WorkerMain::endChildren));
    try (var control =
        SealedChannel.connect(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), bootstrap.controlPort()),
            bootstrap.controlSecret(),
            CONNECT_TIMEOUT)) {
      var ending = run(control, bootstrap.jobSecret());
      System.out.flush();
      System.err.flush();
      ending.sendOver(control);
      // Not by returning: a thread that the user forgot must not keep the rank alive.
      System.exit(ending instanceof Message.Returned ? 0 : EXIT_FAILED);
    }
  }

  private static Message run(SealedChannel control, JobSecret jobSecret) {
    try {
      var start = Message.expect(Message.Start.class, control);
      var given = givenCredentials();
      var keptFresh =
          given
              .filter(credentials -> start.keepsCredentialsFresh())
              .map(credentials -> new DriverCredentials(control, credentials));
      listen(control, keptFresh);
      // Without a source on the driver they are the job's own, by environment(…) say, and stay.
      var credentials =
          keptFresh
              .<CredentialsSource>map(source -> source)
              .or(() -> given.map(CredentialsSource::of));
      credentials.ifPresent(RankCredentials::set);
      loadEngineOneRankAtATime(start.joinTimeout());
      int rank = start.world().rank();
      var bindAddress = InetAddress.getByName(start.bindHost());
      try (var endpoint = CollectiveEndpoint.open(bindAddress)) {
        var self = new HostAndPort(start.bindHost(), endpoint.address().getPort());
        var addresses =
            Rendezvous.join(start.rendezvous(), jobSecret, rank, self, start.joinTimeout());
        var peers = new ArrayList<InetSocketAddress>();
        for (var address : addresses) {
          peers.add(new InetSocketAddress(address.host(), address.port()));
        }
        try (var group =
            endpoint.connect(
                rank, peers, jobSecret.bytes(), start.joinTimeout(), start.collectiveTimeout())) {
          var context = new WorkerContext(start.world(), group, System.getenv(), credentials);
          var result = function(start.function()).train(context);
          return new Message.Returned(
              JavaSerialization.write("The result of rank " + rank, result));
        }
      }
    } catch (Throwable e) { // Errors too: a missing native library must reach the driver.
      e.printStackTrace();
      return new Message.Threw(ErrorReport.of(e));
    }
  }

  /** The credentials that this process was started with. */
  private static Optional<WorkerCredentials> givenCredentials() {
    var host = System.getenv(WorkerCredentials.HOST_VARIABLE);
    var token = System.getenv(WorkerCredentials.TOKEN_VARIABLE);
    return host == null || token == null
        ? Optional.empty()
        : Optional.of(WorkerCredentials.of(host, token));
  }

  /** Takes what comes over the control channel after the order. */
  private static void listen(SealedChannel control, Optional<DriverCredentials> credentials) {
    var thread =
        new Thread(
            () -> {
              try {
                for (var message = Message.receiveFrom(control);
                    message.isPresent();
                    message = Message.receiveFrom(control)) {
                  if (message.get() instanceof Message.CredentialsAnswer answer) {
                    credentials.ifPresent(waiting -> waiting.answered(answer));
                  }
                }
              } catch (IOException e) {
                LOG.debug("the control channel broke", e);
              } finally {
                credentials.ifPresent(DriverCredentials::driverIsGone);
              }
            },
            "javatorch-control");
    thread.setDaemon(true);
    thread.start();
  }

  private static TrainingFunction<?> function(byte[] bytes)
      throws IOException, ClassNotFoundException {
    var classes = WorkerMain.class.getClassLoader();
    return (TrainingFunction<?>) JavaSerialization.read("The training function", bytes, classes);
  }

  /**
   * DJL unpacks its native libraries into the user's home on first use. The ranks of a host take
   * turns, so that no two unpack at once and all but the first find them there.
   */
  private static void loadEngineOneRankAtATime(Duration timeout)
      throws IOException, InterruptedException {
    var directory = Files.createDirectories(Path.of(System.getProperty("user.home"), ".javatorch"));
    var lock = directory.resolve("engine.lock");
    long deadline = System.nanoTime() + timeout.toNanos();
    try (var file = FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      // Given back when the channel is closed, or this process is gone.
      while (file.tryLock() == null) {
        if (System.nanoTime() > deadline) {
          throw new IOException(
              "Another process has held " + lock + " for " + timeout + ", to load PyTorch");
        }
        Thread.sleep(20);
      }
      Engine.getInstance();
    } catch (EngineException e) {
      throw new IllegalStateException(
          "PyTorch's native library cannot be loaded. Give spark-submit's --jars the jar"
              + " ai.djl.pytorch:pytorch-native-cpu of this platform, or set PYTORCH_LIBRARY_PATH"
              + " to the lib directory of an installed PyTorch 2.7.1.",
          e);
    }
  }

  private static void endChildren() {
    ProcessHandle.current().descendants().forEach(ProcessHandle::destroyForcibly);
  }

  /** Ends this process, and what it started, as soon as the starter's end of stdin is closed. */
  private static void endWithParent(BufferedReader stdin) {
    var watchdog =
        new Thread(
            () -> {
              try {
                while (stdin.read() >= 0) {
                  // Nothing more is ever said; only the end matters.
                }
              } catch (IOException e) {
                // As good as the end.
              }
              endChildren();
              Runtime.getRuntime().halt(EXIT_ORPHANED);
            },
            "javatorch-watchdog");
    watchdog.setDaemon(true);
    watchdog.start();
  }
}
