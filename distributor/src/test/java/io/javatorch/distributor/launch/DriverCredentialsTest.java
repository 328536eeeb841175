package io.javatorch.distributor.launch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.javatorch.auth.DatabricksAuthException;
import io.javatorch.auth.WorkerCredentials;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class DriverCredentialsTest {
  private static final WorkerCredentials FIRST = WorkerCredentials.of("https://workspace", "first");
  private static final WorkerCredentials SECOND =
      WorkerCredentials.of("https://workspace", "second");

  private static final Duration LONG = Duration.ofHours(1);

  private ChannelPair channels;
  private final BlockingQueue<Message.CredentialsQuestion> questions = new LinkedBlockingQueue<>();

  @BeforeEach
  void open() throws IOException {
    channels = ChannelPair.open();
  }

  @AfterEach
  void close() {
    channels.close();
  }

  /** A rank's credentials, and a driver that only notes the questions. */
  private DriverCredentials credentials(Duration fresh, Duration patience) {
    var credentials = new DriverCredentials(channels.rank(), FIRST, fresh, patience);
    daemon(
        () -> {
          for (var message = Message.receiveFrom(channels.rank());
              message.isPresent();
              message = Message.receiveFrom(channels.rank())) {
            credentials.answered((Message.CredentialsAnswer) message.get());
          }
          credentials.driverIsGone();
          return null;
        });
    daemon(
        () -> {
          for (var message = Message.receiveFrom(channels.driver());
              message.isPresent();
              message = Message.receiveFrom(channels.driver())) {
            questions.add((Message.CredentialsQuestion) message.get());
          }
          return null;
        });
    return credentials;
  }

  private static void daemon(Callable<?> body) {
    var thread =
        new Thread(
            () -> {
              try {
                body.call();
              } catch (Exception e) {
                throw new IllegalStateException(e);
              }
            });
    thread.setDaemon(true);
    thread.start();
  }

  private Message.CredentialsQuestion question() throws InterruptedException {
    var question = questions.poll(20, TimeUnit.SECONDS);
    assertThat(question).as("a question").isNotNull();
    return question;
  }

  private void answer(long id, WorkerCredentials credentials) throws IOException {
    new Message.CredentialsAnswer(id, credentials.host(), credentials.token(), "", false)
        .sendOver(channels.driver());
  }

  private void refuse(long id, boolean mayPass) throws IOException {
    new Message.CredentialsAnswer(id, "", "", "the job has none", mayPass)
        .sendOver(channels.driver());
  }

  private static void awaitCurrent(DriverCredentials credentials, WorkerCredentials expected)
      throws InterruptedException {
    while (!credentials.current().equals(expected)) {
      Thread.sleep(5);
    }
  }

  private static CompletableFuture<WorkerCredentials> renewing(DriverCredentials credentials) {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return credentials.renew(FIRST);
          } catch (IOException e) {
            throw new CompletionException(e);
          }
        },
        task -> new Thread(task).start());
  }

  @Test
  void freshOnesAreUsedWithoutAQuestion() {
    var credentials = credentials(LONG, LONG);
    assertThat(credentials.current()).isEqualTo(FIRST);
    assertThat(questions).isEmpty();
  }

  @Test
  void oldOnesAreUsedOnWhileOthersAreAskedForOnce() throws Exception {
    var credentials = credentials(Duration.ofSeconds(1), LONG);
    Thread.sleep(1_100);
    for (int i = 0; i < 100; i++) {
      assertThat(credentials.current()).isEqualTo(FIRST); // While nobody answers.
    }
    var question = question();
    assertThat(question.refusedToken()).isEmpty();
    assertThat(questions).isEmpty();

    answer(question.id(), SECOND);
    awaitCurrent(credentials, SECOND);
  }

  @Test
  void onesThatWereIdleForLongAreFreshWhenTheyAreAskedForAgain() throws Exception {
    var credentials = credentials(Duration.ofMillis(10), LONG);
    Thread.sleep(30);
    daemon(
        () -> {
          answer(question().id(), SECOND);
          return null;
        });
    assertThat(credentials.current()).isEqualTo(SECOND);
  }

  @Test
  void oldOnesThatTheDriverCannotReplaceAreKept() throws Exception {
    for (boolean mayPass : new boolean[] {true, false}) {
      var credentials = new DriverCredentials(channels.rank(), FIRST, Duration.ofMillis(10), LONG);
      Thread.sleep(30);
      var current = CompletableFuture.supplyAsync(credentials::current);
      var question =
          (Message.CredentialsQuestion) Message.receiveFrom(channels.driver()).orElseThrow();
      credentials.answered(
          new Message.CredentialsAnswer(question.id(), "", "", "the job has none", mayPass));
      assertThat(current.get()).isEqualTo(FIRST);
    }
  }

  @Test
  void refusedOnesAreReplacedOnceForAllThreads() throws Exception {
    var credentials = credentials(LONG, LONG);
    var renewing = Stream.generate(() -> renewing(credentials)).limit(8).toList();
    var question = question();
    assertThat(question.refusedToken()).isEqualTo("first");
    answer(question.id(), SECOND);
    for (var one : renewing) {
      assertThat(one.get()).isEqualTo(SECOND);
    }
    assertThat(credentials.renew(FIRST)).isEqualTo(SECOND);
    assertThat(questions).isEmpty();
  }

  @Test
  void anAnswerThatWasMadeBeforeTheRefusalDoesNotCount() throws Exception {
    var credentials = credentials(Duration.ofSeconds(1), LONG);
    Thread.sleep(1_100);
    credentials.current();
    var early = question();
    var renewing = renewing(credentials);
    var late = question();
    answer(late.id(), SECOND);
    assertThat(renewing.get()).isEqualTo(SECOND);
    answer(early.id(), FIRST);
    // What follows on the channel is taken after it.
    var third = WorkerCredentials.of("https://workspace", "third");
    var again = CompletableFuture.supplyAsync(() -> renewed(credentials, SECOND));
    answer(question().id(), third);
    assertThat(again.get()).isEqualTo(third);
  }

  private static WorkerCredentials renewed(DriverCredentials credentials, WorkerCredentials old) {
    try {
      return credentials.renew(old);
    } catch (IOException e) {
      throw new CompletionException(e);
    }
  }

  @Test
  void aRenewalThatTheDriverCannotMakeFailsForGoodOrForNow() throws Exception {
    var credentials = credentials(LONG, LONG);
    var forNow = renewing(credentials);
    refuse(question().id(), true);
    assertThatThrownBy(forNow::get)
        .hasCauseInstanceOf(IOException.class)
        .hasMessageContaining("the job has none");

    var forGood = renewing(credentials);
    refuse(question().id(), false);
    assertThatThrownBy(forGood::get)
        .hasCauseInstanceOf(DatabricksAuthException.class)
        .hasMessageContaining("the job has none");
    assertThat(credentials.current()).isEqualTo(FIRST);
  }

  @Test
  void aRenewalDoesNotWaitForEverAndTheNextOneWaitsForTheSameAnswer() throws Exception {
    var credentials = credentials(LONG, Duration.ofMillis(50));
    assertThatThrownBy(() -> credentials.renew(FIRST))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("within PT0.05S");
    var question = question();
    assertThatThrownBy(() -> credentials.renew(FIRST)).isInstanceOf(IOException.class);
    assertThat(questions).isEmpty();
    answer(question.id(), SECOND);
    awaitCurrent(credentials, SECOND);
  }

  @Test
  void aDriverThatGoesEndsTheWaitAtOnce() throws Exception {
    var credentials = credentials(LONG, LONG);
    var renewing = renewing(credentials);
    question();
    channels.driver().close();
    assertThatThrownBy(renewing::get)
        .hasCauseInstanceOf(IOException.class)
        .hasMessageContaining("the driver is gone");
    assertThatThrownBy(() -> credentials.renew(FIRST)).hasMessageContaining("the driver is gone");
    assertThat(credentials.current()).isEqualTo(FIRST);
  }
}
