package io.javatorch.distributor.launch;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes a rank's questions for credentials from its executor to the driver, and the answers back.
 * Where the driver is gone it answers itself, at once, so that no rank waits for nobody. {@link
 * #take} is for any thread.
 */
final class CredentialsRelay {
  private static final Logger LOG = LoggerFactory.getLogger(CredentialsRelay.class);

  private final SealedChannel driver;
  private final Map<Long, CredentialsDesk.Reply> unanswered = new ConcurrentHashMap<>();
  private volatile boolean gone;

  CredentialsRelay(SealedChannel driver) {
    this.driver = driver;
  }

  void take(Message.CredentialsQuestion question, CredentialsDesk.Reply reply) {
    unanswered.put(question.id(), reply);
    try {
      if (gone) {
        throw new IOException("its connection is closed");
      }
      question.sendOver(driver);
    } catch (IOException e) {
      refuse(question.id(), "the driver cannot be asked: " + e.getMessage());
    }
  }

  /** Passes answers on, until the channel to the driver is closed. */
  void passOnAnswers() {
    var why = "the driver is gone, and with it the source of credentials";
    try {
      for (var message = Message.receiveFrom(driver);
          message.isPresent();
          message = Message.receiveFrom(driver)) {
        if (message.get() instanceof Message.CredentialsAnswer answer) {
          answer(answer);
        }
      }
    } catch (IOException e) {
      LOG.debug("The driver gives no more answers", e);
      why += ": " + e.getMessage();
    } finally {
      gone = true; // Before the rest is answered: a question that comes now sees it.
      for (var id : List.copyOf(unanswered.keySet())) {
        refuse(id, why);
      }
    }
  }

  private void refuse(long id, String why) {
    answer(new Message.CredentialsAnswer(id, "", "", why, true));
  }

  private void answer(Message.CredentialsAnswer answer) {
    var reply = unanswered.remove(answer.id());
    if (reply != null) {
      try {
        reply.send(answer);
      } catch (IOException e) {
        LOG.debug("The rank that asked for credentials is gone", e);
      }
    }
  }
}
