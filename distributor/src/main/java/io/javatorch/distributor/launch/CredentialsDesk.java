package io.javatorch.distributor.launch;

import io.javatorch.auth.CredentialsSource;
import io.javatorch.auth.DatabricksAuthException;
import io.javatorch.auth.WorkerCredentials;
import java.io.Closeable;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers the ranks' questions for credentials, on the driver, which alone knows where they come
 * from. Answers are made on threads of its own: a token may have to be fetched, and logs must go on
 * meanwhile.
 */
final class CredentialsDesk implements Closeable {
  private static final Logger LOG = LoggerFactory.getLogger(CredentialsDesk.class);

  /**
   * Most answers are at hand; those that are not wait for one and the same token. With fewer, some
   * would begin to wait only when the others have waited in vain.
   */
  private static final int THREADS = 16;

  /** Takes an answer to where the question came from. */
  @FunctionalInterface
  interface Reply {
    void send(Message.CredentialsAnswer answer) throws IOException;
  }

  private final Optional<CredentialsSource> source;
  private final ExecutorService threads;

  /** Why there were none at last; empty where there were some. */
  private final AtomicReference<String> lastFailure = new AtomicReference<>("");

  CredentialsDesk(Optional<CredentialsSource> source) {
    this.source = source;
    this.threads =
        Executors.newFixedThreadPool(
            THREADS,
            task -> {
              var thread = new Thread(task, "javatorch-credentials");
              thread.setDaemon(true);
              return thread;
            });
  }

  void take(Message.CredentialsQuestion question, Reply reply) {
    try {
      threads.execute(
          () -> {
            try {
              reply.send(answer(question));
            } catch (IOException e) {
              LOG.debug("a rank that asked for credentials is gone", e);
            }
          });
    } catch (RejectedExecutionException e) {
      LOG.debug("the job is over", e);
    }
  }

  private Message.CredentialsAnswer answer(Message.CredentialsQuestion question) {
    try {
      var found = source.orElseThrow(() -> new DatabricksAuthException("the job has none"));
      var current = found.current();
      if (current.token().equals(question.refusedToken())) {
        current = found.renew(WorkerCredentials.of(current.host(), question.refusedToken()));
      }
      lastFailure.set("");
      return new Message.CredentialsAnswer(
          question.id(), current.host(), current.token(), "", false);
    } catch (IOException e) {
      return refusal(question, e, true);
    } catch (RuntimeException e) {
      return refusal(question, e, !(e instanceof DatabricksAuthException));
    }
  }

  private Message.CredentialsAnswer refusal(
      Message.CredentialsQuestion question, Exception failure, boolean mayPass) {
    var reason = failure.getMessage() == null ? failure.getClass().getName() : failure.getMessage();
    // Each rank asks now and then, all with the same result.
    if (lastFailure.getAndSet(reason).equals(reason)) {
      LOG.debug("Still no credentials for a rank: {}", reason);
    } else {
      LOG.warn("No credentials for a rank", failure);
    }
    return new Message.CredentialsAnswer(question.id(), "", "", reason, mayPass);
  }

  @Override
  public void close() {
    threads.shutdownNow();
  }
}
