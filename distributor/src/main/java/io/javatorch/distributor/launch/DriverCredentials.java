package io.javatorch.distributor.launch;

import io.javatorch.auth.CredentialsSource;
import io.javatorch.auth.DatabricksAuthException;
import io.javatorch.auth.WorkerCredentials;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A rank's credentials, which the driver keeps fresh: asked for again now and then while those that
 * are known are used on, and waited for where the workspace has refused them. One question is under
 * way at a time, whatever the number of threads. Thread-safe.
 */
final class DriverCredentials implements CredentialsSource {
  private static final Logger LOG = LoggerFactory.getLogger(DriverCredentials.class);

  /** The SDK refreshes a token that has less than twice this to live. */
  private static final Duration FRESH = Duration.ofSeconds(20);

  private static final Duration BRIEFLY = Duration.ofSeconds(2);

  /** How long one who was refused waits; the next one waits for the same answer. */
  private static final Duration PATIENCE = Duration.ofSeconds(15);

  /** After this no answer is expected any more, and the next one asks again. */
  private static final Duration LOST = Duration.ofSeconds(60);

  private static final String GONE = "the driver is gone, and with it the source of credentials";

  private final SealedChannel driver;
  private final Duration fresh;
  private final Duration patience;

  // Guarded by this, which is never held while a question is sent or an answer waited for.
  private WorkerCredentials known;
  private long checked = System.nanoTime();
  private long questions;
  private Question underWay;
  private String lastWarning = "";
  private boolean gone;

  /** A question and who wait for its outcome. */
  private record Question(
      long id, String refusedToken, long since, CompletableFuture<WorkerCredentials> outcome) {}

  /**
   * Starts with what the process was started with.
   *
   * @param driver the channel on which questions go; answers are given to {@link #answered}
   */
  DriverCredentials(SealedChannel driver, WorkerCredentials known) {
    this(driver, known, FRESH, PATIENCE);
  }

  DriverCredentials(
      SealedChannel driver, WorkerCredentials known, Duration fresh, Duration patience) {
    this.driver = driver;
    this.known = known;
    this.fresh = fresh;
    this.patience = patience;
  }

  /**
   * Those that are known; the driver is asked for others where these are not fresh. Waits for them,
   * and not for long, only where nobody has asked for so long that the known ones may have expired.
   */
  @Override
  public WorkerCredentials current() {
    Question question;
    boolean isNew;
    boolean isIdle;
    synchronized (this) {
      if (isYounger(checked, fresh) || gone) {
        return known;
      }
      isIdle = !isYounger(checked, fresh.multipliedBy(2));
      isNew = !isUnderWay();
      question = isNew ? begin("") : underWay;
    }
    if (isNew) {
      send(question);
    }
    if (isIdle) {
      awaitBriefly(question);
    }
    synchronized (this) {
      return known;
    }
  }

  private void awaitBriefly(Question question) {
    try {
      question.outcome.get(BRIEFLY.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      synchronized (this) {
        checked = System.nanoTime(); // Others need not wait in vain as well.
      }
    } catch (ExecutionException e) {
      LOG.debug("No fresh credentials", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public WorkerCredentials renew(WorkerCredentials refused) throws IOException {
    Question question;
    boolean isNew;
    synchronized (this) {
      if (!known.equals(refused)) {
        return known;
      }
      if (gone) {
        throw new IOException(GONE);
      }
      // One that only looks for fresh ones may bring those that were refused.
      isNew = !isUnderWay() || !underWay.refusedToken.equals(refused.token());
      question = isNew ? begin(refused.token()) : underWay;
    }
    if (isNew) {
      send(question);
    }
    return await(question);
  }

  private boolean isUnderWay() {
    return underWay != null && isYounger(underWay.since, LOST);
  }

  private static boolean isYounger(long since, Duration age) {
    return System.nanoTime() - since < age.toNanos();
  }

  /** What is under way is given up: only the latest question's answer counts. */
  private Question begin(String refusedToken) {
    if (underWay != null) {
      underWay.outcome.completeExceptionally(new IOException("the driver was asked once more"));
    }
    underWay =
        new Question(++questions, refusedToken, System.nanoTime(), new CompletableFuture<>());
    return underWay;
  }

  private void send(Question question) {
    try {
      new Message.CredentialsQuestion(question.id, question.refusedToken).sendOver(driver);
    } catch (IOException e) {
      end(question.id, new IOException(GONE, e));
    }
  }

  private WorkerCredentials await(Question question) throws IOException {
    try {
      return question.outcome.get(patience.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw new IOException("the driver gave no credentials within " + patience, e);
    } catch (ExecutionException e) {
      // A new exception, for each of those who wait may add to its own.
      if (e.getCause() instanceof DatabricksAuthException cause) {
        throw new DatabricksAuthException(cause.getMessage());
      }
      throw new IOException(e.getCause().getMessage(), e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      var interrupted = new InterruptedIOException("interrupted while asking for credentials");
      interrupted.initCause(e);
      throw interrupted;
    }
  }

  /** An answer has come. */
  void answered(Message.CredentialsAnswer answer) {
    if (!answer.failure().isEmpty()) {
      var message = "the driver has no fresh Databricks credentials: " + answer.failure();
      end(
          answer.id(),
          answer.mayPass() ? new IOException(message) : new DatabricksAuthException(message));
      return;
    }
    WorkerCredentials given;
    try {
      given = WorkerCredentials.of(answer.host(), answer.token());
    } catch (DatabricksAuthException e) {
      end(answer.id(), e);
      return;
    }
    synchronized (this) {
      if (underWay != null && underWay.id == answer.id()) {
        known = given;
        lastWarning = "";
        over().complete(given);
      }
    }
  }

  /** The question gets no credentials. Those that are known may be valid for long yet. */
  private synchronized void end(long id, Exception why) {
    if (underWay != null && underWay.id == id) {
      if (underWay.refusedToken.isEmpty() && !lastWarning.equals(why.getMessage())) {
        lastWarning = why.getMessage();
        LOG.warn("Going on with the Databricks credentials there are: {}", lastWarning);
      }
      over().completeExceptionally(why);
    }
  }

  private CompletableFuture<WorkerCredentials> over() {
    var outcome = underWay.outcome;
    underWay = null;
    checked = System.nanoTime();
    return outcome;
  }

  /** No answer will come any more. */
  synchronized void driverIsGone() {
    gone = true;
    if (underWay != null) {
      over().completeExceptionally(new IOException(GONE));
    }
  }

  @Override
  public String toString() {
    return "DriverCredentials";
  }
}
