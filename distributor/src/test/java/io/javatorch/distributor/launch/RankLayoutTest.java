package io.javatorch.distributor.launch;

import static org.assertj.core.api.Assertions.assertThat;

import io.javatorch.streaming.World;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RankLayoutTest {
  @Test
  void ranksCountThroughOneHostBeforeTheNext() {
    var layout = RankLayout.of(List.of("b", "a", "b", "a"));
    assertThat(layout.worlds())
        .containsExactly(
            new World(0, 4, 0, 2, 0, 2),
            new World(2, 4, 0, 2, 1, 2),
            new World(1, 4, 1, 2, 0, 2),
            new World(3, 4, 1, 2, 1, 2));
  }

  @Test
  void hostsMayHoldDifferentNumbersOfRanks() {
    assertThat(RankLayout.of(List.of("a", "b", "a")).worlds())
        .containsExactly(
            new World(0, 3, 0, 2, 0, 2), new World(2, 3, 0, 1, 1, 2), new World(1, 3, 1, 2, 0, 2));
  }

  @Test
  void theRanksOfAHostShareItsProcessors() {
    var environment =
        RankEnvironment.of(
            Map.of("MINE", "x"),
            new World(3, 4, 1, 2, 1, 2),
            new HostAndPort("fe80::1", 4321),
            List.of("2", "3"),
            9);
    assertThat(environment)
        .containsEntry("RANK", "3")
        .containsEntry("WORLD_SIZE", "4")
        .containsEntry("LOCAL_RANK", "1")
        .containsEntry("LOCAL_WORLD_SIZE", "2")
        .containsEntry("NODE_RANK", "1")
        .containsEntry("MASTER_ADDR", "fe80::1")
        .containsEntry("MASTER_PORT", "4321")
        .containsEntry("CUDA_VISIBLE_DEVICES", "2,3")
        .containsEntry("OMP_NUM_THREADS", "4")
        .containsEntry("MINE", "x");
  }

  @Test
  void takesAddressesAsSparkWritesThem() {
    assertThat(new HostAndPort("host", 1)).hasToString("host:1");
    assertThat(new HostAndPort("[::1]", 2)).isEqualTo(new HostAndPort("::1", 2));
    assertThat(new HostAndPort("::1", 2)).hasToString("[::1]:2");
  }
}
