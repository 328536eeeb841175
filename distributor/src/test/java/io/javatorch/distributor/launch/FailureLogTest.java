package io.javatorch.distributor.launch;

import static org.assertj.core.api.Assertions.assertThat;

import io.javatorch.distributor.RankError;
import io.javatorch.distributor.RankLogLine;
import io.javatorch.distributor.collective.CallMismatchException;
import io.javatorch.distributor.collective.RankLostException;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class FailureLogTest {
  private final RankLogs logs = new RankLogs(line -> {});
  private final FailureLog failures = new FailureLog();

  private static RankFailure consequence(int rank) {
    var lost =
        new RuntimeException("step 7", new RankLostException(List.of(2), "rank 2 is gone", null));
    return RankFailure.threw(rank, "a", ErrorReport.of(lost));
  }

  private static RankFailure cause(int rank) {
    return RankFailure.threw(rank, "b", ErrorReport.of(new IllegalStateException("NaN")));
  }

  @Test
  void theRankThatFailedOfItselfIsToBlameHoweverLateItSaysSo() throws InterruptedException {
    failures.add(consequence(0));
    failures.add(consequence(1));
    assertThat(failures.awaitCause(Duration.ofMillis(1))).isFalse();
    failures.add(cause(2));
    assertThat(failures.awaitCause(Duration.ofMinutes(1))).isTrue();
    var exception = failures.toException(logs).orElseThrow();
    assertThat(exception.rank()).hasValue(2);
    assertThat(exception).hasMessageContaining("rank 2 on b").hasMessageContaining("NaN");
    assertThat(exception.getCause()).isInstanceOf(RankError.class).hasMessage("NaN");
  }

  @Test
  void whereAllOnlyLostPeersTheFirstIsReported() {
    failures.add(consequence(1));
    failures.add(consequence(0));
    assertThat(failures.toException(logs).orElseThrow().rank()).hasValue(1);
  }

  @Test
  void aMismatchOfCallsIsTheRanksOwnFailure() {
    failures.add(consequence(0));
    var mismatch = new CallMismatchException("rank 1 makes another call", null);
    failures.add(RankFailure.threw(1, "b", ErrorReport.of(mismatch)));
    assertThat(failures.toException(logs).orElseThrow().rank()).hasValue(1);
  }

  @Test
  void aJobWithoutFailuresHasNoException() {
    assertThat(failures.toException(logs)).isEmpty();
  }

  @Test
  void theLastHundredLinesOfTheRankAreKept() {
    logs.lines(
        2, RankLogLine.Stream.STDOUT, IntStream.range(0, 150).mapToObj(i -> "line " + i).toList());
    logs.lines(1, RankLogLine.Stream.STDOUT, List.of("somebody else's"));
    failures.add(cause(2));
    var lines = failures.toException(logs).orElseThrow().lastLogLines();
    assertThat(lines).hasSize(100).startsWith("line 50").endsWith("line 149");
  }

  @Test
  void anExitCodeIsExplained() {
    assertThat(RankFailure.exited(0, "h", 137).describe()).contains("signal 9", "SIGKILL");
    assertThat(RankFailure.exited(0, "h", 139).describe()).contains("signal 11", "SIGSEGV");
    assertThat(RankFailure.exited(0, "h", 3).describe()).contains("workerHeap");
    assertThat(RankFailure.exited(0, "h", 5).describe()).contains("exited with code 5");
  }
}
