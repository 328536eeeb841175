package io.javatorch.streaming;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LoaderStateTest {
  @Test
  void survivesJson() {
    var state = new LoaderState(3, 5_000_000_000L, 64, 9176, 2);
    assertThat(LoaderState.fromJson(state.toJson())).isEqualTo(state);
    assertThat(state.toJson())
        .isEqualTo(
            "{\"epoch\":3,\"sample_in_epoch\":5000000000,\"num_canonical_nodes\":64,"
                + "\"shuffle_seed\":9176,\"initial_physical_nodes\":2}");
  }

  @Test
  void readsPythonsSpacingAndOldStatesWithoutTheInitialNodes() {
    var text =
        "{\"epoch\": 1, \"sample_in_epoch\": 8, \"shuffle_seed\": 7, \"num_canonical_nodes\": 2}";
    assertThat(LoaderState.fromJson(text)).isEqualTo(new LoaderState(1, 8, 2, 7, 0));
    assertThat(LoaderState.fromJson(new LoaderState(1, 8, 2, 7, 0).toJson()))
        .isEqualTo(new LoaderState(1, 8, 2, 7, 0));
  }

  @Test
  void namesTheKeyThatIsWrong() {
    assertThatThrownBy(() -> LoaderState.fromJson("{\"epoch\": 1}"))
        .hasMessageContaining("sample_in_epoch");
    assertThatThrownBy(
            () ->
                LoaderState.fromJson(
                    "{\"epoch\":1.5,\"sample_in_epoch\":0,\"num_canonical_nodes\":1,"
                        + "\"shuffle_seed\":1}"))
        .hasMessageContaining("epoch");
    assertThatThrownBy(() -> new LoaderState(0, -1, 1, 1, 1))
        .hasMessageContaining("sample_in_epoch");
    assertThatThrownBy(() -> new LoaderState(0, 0, 0, 1, 1))
        .hasMessageContaining("num_canonical_nodes");
    assertThatThrownBy(() -> LoaderState.fromJson("nonsense")).hasMessageContaining("not JSON");
    assertThatThrownBy(() -> LoaderState.fromJson("[1]")).hasMessageContaining("object");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "null",
        "7",
        "{\"epoch\":1,\"sample_in_epoch\":8,\"num_canonical_nodes\":2,\"shuffle_seed\":7",
        "{\"epoch\":1,\"sample_in_epoch\":8,\"num_canonical_nodes\":2,\"shuffle_seed\":7} 1",
        "{\"epoch\":1,\"epoch\":2,\"sample_in_epoch\":8,\"num_canonical_nodes\":2,\"shuffle_seed\":7}",
        "{\"epoch\":1,\"sample_in_epoch\":8.0,\"num_canonical_nodes\":2,\"shuffle_seed\":7}",
        "{\"epoch\":1,\"sample_in_epoch\":\"8\",\"num_canonical_nodes\":2,\"shuffle_seed\":7}",
        "{\"epoch\":1,\"sample_in_epoch\":null,\"num_canonical_nodes\":2,\"shuffle_seed\":7}",
        "{\"epoch\":true,\"sample_in_epoch\":8,\"num_canonical_nodes\":2,\"shuffle_seed\":7}",
        "{\"epoch\":-1,\"sample_in_epoch\":8,\"num_canonical_nodes\":2,\"shuffle_seed\":7}",
        "{\"epoch\":2147483648,\"sample_in_epoch\":8,\"num_canonical_nodes\":2,\"shuffle_seed\":7}",
        "{\"epoch\":1,\"sample_in_epoch\":9223372036854775808,\"num_canonical_nodes\":2,"
            + "\"shuffle_seed\":7}",
        "{\"epoch\":1,\"sample_in_epoch\":8,\"num_canonical_nodes\":0,\"shuffle_seed\":7}",
        "{\"epoch\":1,\"sample_in_epoch\":8,\"num_canonical_nodes\":2,\"shuffle_seed\":-7}",
        "{\"epoch\":1,\"sample_in_epoch\":8,\"num_canonical_nodes\":2}",
        "{\"epoch\":1,\"sample_in_epoch\":8,\"num_canonical_nodes\":2,\"shuffle_seed\":7,"
            + "\"initial_physical_nodes\":1.0}",
        "{\"epoch\":1,\"sample_in_epoch\":8,\"num_canonical_nodes\":2,\"shuffle_seed\":7,"
            + "\"order\":3}"
      })
  void refusesWhatIsNoState(String text) {
    assertThatThrownBy(() -> LoaderState.fromJson(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("loader state");
  }
}
