package io.javatorch.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class SharedLookupsTest {
  private static final int THREADS = 6;
  private static final WorkerCredentials FOUND = WorkerCredentials.of("https://h", "t");

  private final SharedLookups<String> lookups = new SharedLookups<>();
  private final AtomicInteger looked = new AtomicInteger();
  private final CountDownLatch go = new CountDownLatch(1);

  /** Waits until the others wait too, so that all but one of them share. */
  private CompletableFuture<WorkerCredentials> asking(String key, SharedLookups.Lookup lookup) {
    var outcome = new CompletableFuture<WorkerCredentials>();
    var thread =
        new Thread(
            () -> {
              try {
                outcome.complete(
                    lookups.get(
                        key,
                        () -> {
                          looked.incrementAndGet();
                          awaitGo();
                          return lookup.get();
                        }));
              } catch (Throwable e) {
                outcome.completeExceptionally(e);
              }
            });
    thread.start();
    while (thread.getState() != Thread.State.WAITING) {
      Thread.onSpinWait();
    }
    return outcome;
  }

  private void awaitGo() {
    try {
      go.await();
    } catch (InterruptedException e) {
      throw new CompletionException(e);
    }
  }

  @Test
  void thoseWhoWaitShareWhatIsFound() {
    var asking = Stream.generate(() -> asking("a", () -> FOUND)).limit(THREADS).toList();
    go.countDown();
    assertThat(asking).allSatisfy(one -> assertThat(one.join()).isSameAs(FOUND));
    assertThat(looked).hasValue(1);
  }

  @Test
  void thoseWhoWaitShareAFailureAndTheNextOneLooksAgain() throws IOException {
    var asking =
        Stream.generate(
                () ->
                    asking(
                        "a",
                        () -> {
                          throw new InterruptedIOException("the first one was interrupted");
                        }))
            .limit(THREADS)
            .toList();
    go.countDown();
    assertThat(asking.get(0)).failsWithin(Duration.ofSeconds(20));
    for (var one : asking.subList(1, THREADS)) {
      // The others were not.
      assertThatThrownBy(one::join)
          .cause()
          .isExactlyInstanceOf(IOException.class)
          .hasMessage("the first one was interrupted");
    }
    assertThat(looked).hasValue(1);
    assertThat(lookups.get("a", () -> FOUND)).isSameAs(FOUND);
  }

  @Test
  void aLackOfCredentialsStaysOneForAll() {
    var asking =
        Stream.generate(
                () ->
                    asking(
                        "a",
                        () -> {
                          throw new DatabricksAuthException("none");
                        }))
            .limit(2)
            .toList();
    go.countDown();
    assertThat(asking)
        .allSatisfy(
            one ->
                assertThatThrownBy(one::join)
                    .hasCauseInstanceOf(DatabricksAuthException.class)
                    .hasMessageContaining("none"));
  }

  @Test
  void differentLookupsDoNotWaitForEachOther() throws IOException {
    var first = asking("a", () -> FOUND);
    var other = WorkerCredentials.of("https://h", "other");
    assertThat(lookups.get("b", () -> other)).isSameAs(other);
    go.countDown();
    assertThat(first.join()).isSameAs(FOUND);
  }
}
