package io.javatorch.distributor.launch;

import io.javatorch.auth.CredentialsSource;
import io.javatorch.auth.DatabricksAuthException;
import io.javatorch.auth.WorkerCredentials;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A rank's credentials, which the driver keeps fresh: asked for again now and then, and at once
 * where the workspace has refused a token. Thread-safe.
 */
final class DriverCredentials implements CredentialsSource {
  private static final Logger LOG = LoggerFactory.getLogger(DriverCredentials.class);

  /** The SDK refreshes a token that has less than this and a bit to live. */
  private static final Duration FRESH = Duration.ofSeconds(20);

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final SealedChannel driver;
  private final Duration fresh;
  private final AtomicLong ids = new AtomicLong();
  private final Map<Long, CompletableFuture<Message.CredentialsAnswer>> pending =
      new ConcurrentHashMap<>();
  private WorkerCredentials known;
  private long knownSince = System.nanoTime();
  private volatile boolean gone;

  /**
   * Starts with what the process was started with.
   *
   * @param driver the channel on which questions go; answers are given to {@link #answered}
   */
  DriverCredentials(SealedChannel driver, WorkerCredentials known) {
    this(driver, known, FRESH);
  }

  DriverCredentials(SealedChannel driver, WorkerCredentials known, Duration fresh) {
    this.driver = driver;
    this.known = known;
    this.fresh = fresh;
  }

  @Override
  public synchronized WorkerCredentials current() throws IOException {
    if (System.nanoTime() - knownSince < fresh.toNanos()) {
      return known;
    }
    try {
      ask("");
    } catch (IOException e) {
      // It may be valid for long yet, and if not, the workspace says so.
      LOG.warn("going on with the credentials there are: {}", e.getMessage());
      knownSince = System.nanoTime();
    }
    return known;
  }

  @Override
  public synchronized WorkerCredentials renew(WorkerCredentials refused) throws IOException {
    if (known.equals(refused)) {
      ask(refused.token());
    }
    return known;
  }

  private void ask(String refusedToken) throws IOException {
    long id = ids.incrementAndGet();
    var reply = new CompletableFuture<Message.CredentialsAnswer>();
    pending.put(id, reply);
    try {
      if (gone) {
        throw new IOException("the driver is gone, and with it the source of credentials");
      }
      new Message.CredentialsQuestion(id, refusedToken).sendOver(driver);
      var answer = reply.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
      if (!answer.failure().isEmpty()) {
        var message = "the driver has no fresh Databricks credentials: " + answer.failure();
        if (answer.mayPass()) {
          throw new IOException(message);
        }
        throw new DatabricksAuthException(message);
      }
      known = WorkerCredentials.of(answer.host(), answer.token());
      knownSince = System.nanoTime();
    } catch (TimeoutException e) {
      throw new IOException("the driver gave no credentials within " + PATIENCE, e);
    } catch (ExecutionException e) {
      throw new IOException(e.getCause().getMessage(), e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      var interrupted = new InterruptedIOException("interrupted while asking for credentials");
      interrupted.initCause(e);
      throw interrupted;
    } finally {
      pending.remove(id);
    }
  }

  /** An answer has come. */
  void answered(Message.CredentialsAnswer answer) {
    var waiting = pending.get(answer.id());
    if (waiting != null) {
      waiting.complete(answer);
    }
  }

  /** No answer will come any more. */
  void driverIsGone() {
    gone = true;
    var failure = new IOException("the driver is gone, and with it the source of credentials");
    pending.values().forEach(waiting -> waiting.completeExceptionally(failure));
  }

  @Override
  public String toString() {
    return "DriverCredentials";
  }
}
