package io.javatorch.streaming;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;

class WorldTest {
  @Test
  void readsTheVariablesOfALaunchedRank() {
    World world =
        World.fromEnvironment(
            Map.of(
                "RANK", "5",
                "WORLD_SIZE", "6",
                "LOCAL_RANK", "2",
                "LOCAL_WORLD_SIZE", "3",
                "NODE_RANK", "1"));
    assertThat(world).isEqualTo(new World(5, 6, 2, 3, 1, 2)).isEqualTo(World.of(5, 2, 3));
    assertThat(world.isEven()).isTrue();
  }

  @Test
  void isASingleProcessWhereNothingIsSet() {
    assertThat(World.fromEnvironment(Map.of())).isEqualTo(World.single());
  }

  @Test
  void namesTheVariableThatIsMissingOrBad() {
    assertThatThrownBy(() -> World.fromEnvironment(Map.of("RANK", "1", "WORLD_SIZE", "2")))
        .hasMessageContaining("LOCAL_WORLD_SIZE");
    assertThatThrownBy(() -> World.fromEnvironment(Map.of("RANK", "1")))
        .hasMessageContaining("WORLD_SIZE");
    assertThatThrownBy(() -> World.fromEnvironment(Map.of("RANK", "x", "WORLD_SIZE", "2")))
        .hasMessageContaining("RANK=x");
    assertThatThrownBy(
            () ->
                World.fromEnvironment(
                    Map.of("RANK", "1", "WORLD_SIZE", "3", "LOCAL_WORLD_SIZE", "2")))
        .hasMessageContaining("WORLD_SIZE=3")
        .hasMessageContaining("LOCAL_WORLD_SIZE=2");
  }

  @Test
  void refusesARankOutsideTheWorld() {
    assertThatThrownBy(() -> new World(2, 2, 0, 1, 0, 2)).hasMessageContaining("rank 2");
    assertThatThrownBy(() -> new World(0, 0, 0, 1, 0, 1)).hasMessageContaining("world size");
    assertThatThrownBy(() -> World.of(-1, 2, 2)).hasMessageContaining("rank -1");
  }

  @Test
  void unevenWorldsCanBeSeenAsOneNode() {
    World uneven = new World(2, 3, 0, 1, 1, 2);
    assertThat(uneven.isEven()).isFalse();
    assertThat(uneven.asSingleNode()).isEqualTo(World.of(2, 1, 3));
  }
}
