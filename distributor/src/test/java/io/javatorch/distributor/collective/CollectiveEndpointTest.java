package io.javatorch.distributor.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class CollectiveEndpointTest {
  private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();
  private static final Duration LONG = Duration.ofSeconds(30);

  private final List<CollectiveEndpoint> endpoints = new ArrayList<>();
  private final List<InetSocketAddress> addresses = new ArrayList<>();
  private final ExecutorService threads = Executors.newCachedThreadPool();

  @BeforeEach
  void openThree() throws Exception {
    for (int rank = 0; rank < 3; rank++) {
      endpoints.add(CollectiveEndpoint.open(LOOPBACK));
      addresses.add(endpoints.get(rank).address());
    }
  }

  @AfterEach
  void closeAll() throws Exception {
    threads.shutdownNow();
    for (CollectiveEndpoint endpoint : endpoints) {
      endpoint.close();
    }
  }

  private Future<Integer> gather(int rank, byte[] secret, Duration timeout) {
    return threads.submit(
        () -> {
          try (ProcessGroup group =
              endpoints.get(rank).connect(rank, addresses, secret, timeout, LONG)) {
            return group.allGather(new byte[] {(byte) rank}).size();
          }
        });
  }

  @Test
  void strangersDoNotDisturb() throws Exception {
    List<Socket> strangers = new ArrayList<>();
    for (InetSocketAddress address : addresses) {
      // One says nothing, one talks HTTP, one hangs up; all before the ranks arrive.
      strangers.add(new Socket(address.getAddress(), address.getPort()));
      Socket talker = new Socket(address.getAddress(), address.getPort());
      talker
          .getOutputStream()
          .write("GET / HTTP/1.1\r\nHost: x\r\n\r\n".repeat(9).getBytes(StandardCharsets.US_ASCII));
      strangers.add(talker);
      new Socket(address.getAddress(), address.getPort()).close();
    }
    List<Future<Integer>> sizes = new ArrayList<>();
    for (int rank = 0; rank < 3; rank++) {
      sizes.add(gather(rank, Ranks.SECRET, LONG));
    }
    for (Future<Integer> size : sizes) {
      assertThat(size.get()).isEqualTo(3);
    }
    for (Socket stranger : strangers) {
      stranger.close();
    }
  }

  @Test
  void aRankWithAnotherSecretIsAStrangerAndIsNamedAsMissing() throws Exception {
    Duration brief = Duration.ofSeconds(2);
    Future<Integer> zero = gather(0, Ranks.SECRET, brief);
    Future<Integer> one = gather(1, Ranks.SECRET, brief);
    byte[] other = Ranks.SECRET.clone();
    other[0] ^= 1;
    Future<Integer> two = gather(2, other, brief);
    for (Future<Integer> honest : List.of(zero, one)) {
      assertThatThrownBy(honest::get)
          .cause()
          .isInstanceOfSatisfying(
              RankLostException.class, e -> assertThat(e.ranks()).containsExactly(2));
    }
    assertThatThrownBy(two::get)
        .cause()
        .isInstanceOf(RankLostException.class)
        .hasMessageContaining("rank 0 at")
        .hasMessageContaining("does not know this job's secret");
  }

  @Test
  void ranksThatDoNotComeAreNamedWithTheirAddresses() throws Exception {
    endpoints.get(1).close();
    Future<Integer> zero = gather(0, Ranks.SECRET, Duration.ofSeconds(1));
    assertThatThrownBy(zero::get)
        .cause()
        .isInstanceOfSatisfying(
            RankLostException.class, e -> assertThat(e.ranks()).containsExactly(1, 2))
        .hasMessageContaining("waited PT1S")
        .hasMessageContaining("rank 1 at " + addresses.get(1))
        .hasMessageContaining("rank 2 at " + addresses.get(2));
    Future<Integer> two = gather(2, Ranks.SECRET, Duration.ofSeconds(1));
    assertThatThrownBy(two::get).cause().hasMessageContaining("Connection refused");
  }

  @Test
  void aRankThatStartsLateIsWaitedFor() throws Exception {
    Future<Integer> zero = gather(0, Ranks.SECRET, LONG);
    Future<Integer> two = gather(2, Ranks.SECRET, LONG);
    Thread.sleep(500);
    assertThat(gather(1, Ranks.SECRET, LONG).get()).isEqualTo(3);
    assertThat(zero.get()).isEqualTo(3);
    assertThat(two.get()).isEqualTo(3);
  }

  @Test
  void ranksThatCountTheWorldDifferentlySaySoAtOnce() throws Exception {
    Future<Integer> zero = gather(0, Ranks.SECRET, LONG);
    List<InetSocketAddress> four = new ArrayList<>(addresses);
    four.add(new InetSocketAddress(LOOPBACK, 9));
    assertThatThrownBy(() -> endpoints.get(1).connect(1, four, Ranks.SECRET, LONG))
        .isInstanceOf(CollectiveException.class)
        .hasMessageContaining("rank 0 counts 3 ranks, this rank 4");
    zero.cancel(true);
  }

  @Test
  void addressesOutOfRankOrderAreFound() throws Exception {
    Future<Integer> zero = gather(0, Ranks.SECRET, LONG);
    List<InetSocketAddress> swapped = List.of(addresses.get(1), addresses.get(0), addresses.get(2));
    Future<Integer> one = gather(1, Ranks.SECRET, LONG);
    assertThatThrownBy(() -> endpoints.get(2).connect(2, swapped, Ranks.SECRET, LONG))
        .isInstanceOf(CollectiveException.class)
        .hasMessageMatching("the address given for rank [01] is that of rank [01]");
    one.cancel(true);
    zero.cancel(true);
  }

  @Test
  void anEndpointConnectsOnceAndChecksItsArguments() throws Exception {
    CollectiveEndpoint endpoint = endpoints.get(0);
    assertThatThrownBy(() -> endpoint.connect(3, addresses, Ranks.SECRET, LONG))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("rank 3");
    assertThatThrownBy(() -> endpoint.connect(0, addresses, new byte[15], LONG))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("secret of 15 bytes");
    try (ProcessGroup single = endpoint.connect(0, addresses.subList(0, 1), Ranks.SECRET, LONG)) {
      assertThat(single.worldSize()).isEqualTo(1);
    }
    assertThatThrownBy(() -> endpoint.connect(0, addresses, Ranks.SECRET, LONG))
        .isInstanceOf(IllegalStateException.class);
  }
}
