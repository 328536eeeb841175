package io.javatorch.distributor.launch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.javatorch.auth.CredentialsSource;
import io.javatorch.auth.DatabricksAuthException;
import io.javatorch.auth.WorkerCredentials;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A rank and the driver's desk, over two real channels with the executor's relay between them. */
@Timeout(60)
class CredentialsDeskTest {
  private static final WorkerCredentials FIRST = WorkerCredentials.of("https://workspace", "first");
  private static final WorkerCredentials SECOND =
      WorkerCredentials.of("https://workspace", "second");

  /** What the driver has, as each test sets it. */
  private static final class Source implements CredentialsSource {
    private volatile WorkerCredentials now = FIRST;
    private volatile Exception failure;

    @Override
    public WorkerCredentials current() throws IOException {
      if (failure instanceof IOException e) {
        throw e;
      }
      if (failure instanceof RuntimeException e) {
        throw e;
      }
      return now;
    }

    @Override
    public WorkerCredentials renew(WorkerCredentials refused) throws IOException {
      if (current().equals(refused)) {
        now = SECOND;
      }
      return now;
    }
  }

  private final Source source = new Source();
  private ChannelPair toExecutor;
  private ChannelPair toDriver;
  private CredentialsDesk desk;

  @BeforeEach
  void open() throws IOException {
    toExecutor = ChannelPair.open();
    toDriver = ChannelPair.open();
  }

  @AfterEach
  void close() {
    toExecutor.close();
    toDriver.close();
    desk.close();
  }

  private DriverCredentials rank(Optional<CredentialsSource> ofDriver, Duration fresh) {
    desk = new CredentialsDesk(ofDriver);
    var relay = new CredentialsRelay(toDriver.rank());
    daemon(relay::passOnAnswers);
    var rank = new DriverCredentials(toExecutor.rank(), FIRST, fresh, Duration.ofSeconds(30));
    reading(
        toDriver.driver(),
        message ->
            desk.take(
                (Message.CredentialsQuestion) message,
                answer -> answer.sendOver(toDriver.driver())));
    reading(
        toExecutor.driver(),
        message ->
            relay.take(
                (Message.CredentialsQuestion) message,
                answer -> answer.sendOver(toExecutor.driver())));
    reading(toExecutor.rank(), message -> rank.answered((Message.CredentialsAnswer) message));
    return rank;
  }

  private static void reading(SealedChannel channel, Consumer<Message> sink) {
    daemon(
        () -> {
          try {
            for (var message = Message.receiveFrom(channel);
                message.isPresent();
                message = Message.receiveFrom(channel)) {
              sink.accept(message.get());
            }
          } catch (IOException e) {
            throw new IllegalStateException(e);
          }
        });
  }

  private static void daemon(Runnable body) {
    var thread = new Thread(body);
    thread.setDaemon(true);
    thread.start();
  }

  @Test
  void aRankSeesWhatTheDriverHasNow() throws Exception {
    var rank = rank(Optional.of(source), Duration.ofMillis(1));
    source.now = SECOND;
    Thread.sleep(10);
    assertThat(rank.current()).isEqualTo(SECOND);
  }

  @Test
  void aRefusedTokenIsRenewedAndALateRefusalGetsWhatTheFirstOneGot() throws Exception {
    var rank = rank(Optional.of(source), Duration.ofHours(1));
    assertThat(rank.renew(FIRST)).isEqualTo(SECOND);
    assertThat(rank.renew(FIRST)).isEqualTo(SECOND);
    assertThat(rank.current()).isEqualTo(SECOND);
  }

  @Test
  void anAgedTokenIsKeptWhereTheDriverHasNoneAndOnlyItsRefusalIsFinal() throws Exception {
    var rank = rank(Optional.empty(), Duration.ofMillis(1));
    for (int i = 0; i < 5; i++) {
      Thread.sleep(5);
      assertThat(rank.current()).isEqualTo(FIRST);
    }
    assertThatThrownBy(() -> rank.renew(FIRST))
        .isInstanceOf(DatabricksAuthException.class)
        .hasMessageContaining("the job has none");
  }

  @Test
  void aDriverThatGetsNoneForNowIsAskedAgain() throws Exception {
    var rank = rank(Optional.of(source), Duration.ofHours(1));
    source.failure = new IOException("the workspace is down");
    assertThatThrownBy(() -> rank.renew(FIRST))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("the workspace is down");
    source.failure = new IllegalStateException("a source that is broken");
    assertThatThrownBy(() -> rank.renew(FIRST))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("a source that is broken");
    source.failure = new DatabricksAuthException("the principal was deleted");
    assertThatThrownBy(() -> rank.renew(FIRST))
        .isInstanceOf(DatabricksAuthException.class)
        .hasMessageContaining("the principal was deleted");
    source.failure = null;
    assertThat(rank.renew(FIRST)).isEqualTo(SECOND);
  }

  @Test
  void theExecutorAnswersWhereTheDriverIsGone() throws Exception {
    var rank = rank(Optional.of(source), Duration.ofHours(1));
    toDriver.driver().close();
    for (int i = 0; i < 3; i++) {
      assertThatThrownBy(() -> rank.renew(FIRST))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("the driver")
          .hasMessageNotContaining("PT30S");
    }
    assertThat(rank.current()).isEqualTo(FIRST);
  }

  @Test
  void aQuestionThatIsUnderWayWhenTheDriverGoesIsAnsweredByTheExecutor() throws Exception {
    var relay = new CredentialsRelay(toDriver.rank());
    daemon(relay::passOnAnswers);
    desk = new CredentialsDesk(Optional.empty());
    var answers = new LinkedBlockingQueue<Message.CredentialsAnswer>();
    relay.take(new Message.CredentialsQuestion(7, ""), answers::add);
    assertThat(Message.receiveFrom(toDriver.driver())).isPresent();
    toDriver.driver().close();

    var answer = answers.poll(20, TimeUnit.SECONDS);
    assertThat(answer.id()).isEqualTo(7);
    assertThat(answer.failure()).contains("the driver is gone");
    assertThat(answer.mayPass()).isTrue();
  }
}
