package io.javatorch.distributor.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How process groups fail, whatever the data goes through. */
@Timeout(60)
abstract class FailureTest {
  /** Whether the ranks share memory. */
  abstract boolean sharedMemory();

  private <T> List<Ranks.Outcome<T>> outcomes(
      int worldSize, Duration callTimeout, Ranks.Body<T> body) throws Exception {
    return Ranks.outcomes(
        worldSize, InetAddress.getLoopbackAddress(), callTimeout, sharedMemory(), body);
  }

  private static final Duration LONG = Duration.ofMinutes(10);

  @ParameterizedTest
  @CsvSource({"4,40000000,2", "2,4,0"})
  void aKilledProcessIsNamedByAllOthersLongBeforeTheDeadline(int worldSize, int bytes, int victim)
      throws Exception {
    List<RankProcess> ranks = RankProcess.start(worldSize, bytes, LONG, sharedMemory());
    try {
      Thread.sleep(300);
      ranks.get(victim).kill();
      for (RankProcess rank : ranks) {
        if (rank.rank != victim) {
          assertThat(rank.awaitEnd()).startsWith("lost [" + victim + "] ");
        }
      }
    } finally {
      ranks.forEach(RankProcess::close);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = 40_000_000)
  void aStoppedProcessIsNamedByAllOthersAtTheDeadline(int bytes) throws Exception {
    List<RankProcess> ranks = RankProcess.start(4, bytes, Duration.ofSeconds(3), sharedMemory());
    try {
      Thread.sleep(300);
      ranks.get(2).signal("STOP");
      for (RankProcess rank : ranks) {
        if (rank.rank != 2) {
          assertThat(rank.awaitEnd()).startsWith("lost [2] ");
        }
      }
    } finally {
      ranks.forEach(RankProcess::close);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 1_000_000})
  void aRankThatDoesNotComeIsNamedByAllOthers(int elements) throws Exception {
    var over = new CountDownLatch(3);
    List<Ranks.Outcome<Void>> outcomes =
        outcomes(
            4,
            Duration.ofSeconds(2),
            group -> {
              group.barrier();
              if (group.rank() == 1) {
                over.await();
              }
              try {
                // The late rank may still get its result, from what the others had sent.
                for (int call = 0; call < 2; call++) {
                  group.allReduce(
                      ProcessGroupTest.direct(elements * 4), ElementType.FLOAT32, ReduceOp.SUM);
                }
              } finally {
                over.countDown();
              }
              return null;
            });
    for (Ranks.Outcome<Void> outcome : outcomes) {
      assertThat(outcome.error())
          .isInstanceOfSatisfying(
              RankLostException.class, e -> assertThat(e.ranks()).containsExactly(1))
          .hasMessageContaining("rank 1 did not come to it")
          .hasMessageContaining("PT2S");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 1_000_000})
  void aRankThatLeavesIsNamed(int elements) throws Exception {
    List<Ranks.Outcome<Void>> outcomes =
        outcomes(
            4,
            LONG,
            group -> {
              group.barrier();
              if (group.rank() != 3) {
                group.allReduce(FloatBuffer.allocate(elements), ReduceOp.SUM);
              }
              return null;
            });
    for (Ranks.Outcome<Void> outcome : outcomes.subList(0, 3)) {
      assertThat(outcome.error())
          .isInstanceOfSatisfying(
              RankLostException.class, e -> assertThat(e.ranks()).containsExactly(3))
          .hasMessageContaining("rank 3 has left the group");
    }
    assertThat(outcomes.get(3).error()).isNull();
  }

  @Test
  void afterAFailureEveryCallFailsAtOnceWithTheSameReason() throws Exception {
    List<Ranks.Outcome<Void>> outcomes =
        outcomes(
            3,
            LONG,
            group -> {
              if (group.rank() != 0) {
                for (int i = 0; i < 3; i++) {
                  assertThatThrownBy(group::barrier)
                      .isInstanceOfSatisfying(
                          RankLostException.class, e -> assertThat(e.ranks()).containsExactly(0));
                }
              }
              return null;
            });
    assertThat(outcomes).allSatisfy(outcome -> assertThat(outcome.error()).isNull());
  }

  interface Act {
    void on(ProcessGroup group);
  }

  @Test
  void callsThatDifferAreNamedOnAllRanks() throws Exception {
    Act smallSum = group -> group.allReduce(FloatBuffer.allocate(10), ReduceOp.SUM);
    Act smallMax = group -> group.allReduce(FloatBuffer.allocate(10), ReduceOp.MAX);
    Act shorter = group -> group.allReduce(FloatBuffer.allocate(9), ReduceOp.SUM);
    Act bigSum = group -> group.allReduce(FloatBuffer.allocate(1_000_000), ReduceOp.SUM);
    Act bigger = group -> group.allReduce(FloatBuffer.allocate(1_000_001), ReduceOp.SUM);
    Act bigBroadcast = group -> group.broadcast(ByteBuffer.allocate(4_000_000), 1);
    Act otherRoot = group -> group.broadcast(ByteBuffer.allocate(4_000_000), 2);
    Act gather = group -> group.allGather(new byte[3]);
    Act[][] pairs = {
      {smallSum, smallMax},
      {smallSum, shorter},
      {smallSum, bigSum},
      {bigSum, bigger},
      {bigSum, bigBroadcast},
      {bigBroadcast, otherRoot},
      {bigBroadcast, ProcessGroup::barrier},
      {gather, ProcessGroup::barrier},
      {gather, bigSum}
    };
    for (int pair = 0; pair < pairs.length; pair++) {
      Act[] acts = pairs[pair];
      List<Ranks.Outcome<Void>> outcomes =
          outcomes(
              4,
              LONG,
              group -> {
                group.barrier();
                acts[group.rank() == 2 ? 1 : 0].on(group);
                // A root may be done before the others notice.
                group.barrier();
                return null;
              });
      for (Ranks.Outcome<Void> outcome : outcomes) {
        assertThat(outcome.error())
            .as("pair %d", pair)
            .isInstanceOf(CallMismatchException.class)
            .hasMessageContaining("in call 2 ")
            .hasMessageContaining("rank 2 makes ");
      }
    }
  }

  @Test
  void anInterruptEndsTheCallAndTheGroupOnAllRanks() throws Exception {
    List<Ranks.Outcome<Void>> outcomes =
        outcomes(
            3,
            LONG,
            group -> {
              if (group.rank() == 1) {
                Thread.currentThread().interrupt();
                try {
                  group.barrier();
                } finally {
                  assertThat(Thread.interrupted()).isTrue();
                }
              }
              // What rank 1 sent may be enough for the others to finish one call.
              group.barrier();
              group.barrier();
              return null;
            });
    assertThat(outcomes)
        .allSatisfy(
            outcome ->
                assertThat(outcome.error())
                    .isInstanceOf(CollectiveException.class)
                    .hasMessageContaining("rank 1 was interrupted"));
  }

  @Test
  void closingFromAnotherThreadEndsTheCall() throws Exception {
    List<Ranks.Outcome<Void>> outcomes =
        outcomes(
            2,
            LONG,
            group -> {
              if (group.rank() == 0) {
                var closer =
                    new Thread(
                        () -> {
                          try {
                            Thread.sleep(200);
                          } catch (InterruptedException e) {
                            return;
                          }
                          group.close();
                        });
                closer.start();
                try {
                  group.barrier();
                } finally {
                  closer.join();
                }
              } else {
                Thread.sleep(500);
                // The first may end well: rank 0 had come to it.
                group.barrier();
                group.barrier();
              }
              return null;
            });
    assertThat(outcomes)
        .allSatisfy(
            outcome ->
                assertThat(outcome.error())
                    .isInstanceOf(CollectiveException.class)
                    .hasMessageContaining("rank 0 closed its group"));
  }
}
