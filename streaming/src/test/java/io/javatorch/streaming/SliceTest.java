package io.javatorch.streaming;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SliceTest {
  /** Expected: list(range(7))[...] in Python. */
  @ParameterizedTest
  @CsvSource({
    "':', 0 1 2 3 4 5 6",
    "'2:5', 2 3 4",
    "'-2:', 5 6",
    "':-5', 0 1",
    "'::3', 0 3 6",
    "'::-1', 6 5 4 3 2 1 0",
    "'5:1:-2', 5 3",
    "'-100:100', 0 1 2 3 4 5 6",
    "'100:-100:-3', 6 3 0",
    "'-100:2:-1', ''",
    "'4:4', ''",
    "'5:2', ''",
    "'9:', ''",
    "'3::-1', 3 2 1 0",
    "':3:-1', 6 5 4",
    "'-3:-1', 4 5",
    "'::9223372036854775807', 0",
    "'::-9223372036854775808', 6"
  })
  void meansWhatItMeansInPython(String slice, String expected) {
    assertThat(
            Arrays.stream(Slice.parse(slice).ids(7))
                .mapToObj(Long::toString)
                .collect(Collectors.joining(" ")))
        .isEqualTo(expected);
    assertThat(Slice.parse(slice).ids(0)).isEmpty();
  }

  @Test
  void refusesWhatIsNoSlice() {
    assertThatThrownBy(() -> Slice.parse("3")).hasMessageContaining("3");
    assertThatThrownBy(() -> Slice.parse("a:b")).hasMessageContaining("a:b");
    assertThatThrownBy(() -> Slice.parse("1:2:0")).hasMessageContaining("0");
    assertThatThrownBy(() -> Slice.of(0, 1L << 40).ids(1L << 41)).hasMessageContaining("in parts");
  }

  /** Expected: bytes_to_int and number_abbrev_to_int of mosaicml-streaming 0.13.0. */
  @ParameterizedTest
  @CsvSource({
    "1234, 1234, 1234",
    "100b, 100, 100000000000",
    "64kb, 65536,",
    "1.5GB, 1610612736,",
    "' 77Mb ', 80740352,",
    "2tb, 2199023255552,",
    "1.5m,, 1500000",
    "100K,, 100000",
    "2t,, 2000000000000",
    "0.1kb, 102,",
    "-1,,",
    "1.5,,",
    "kb,,",
    "5x,,",
    "'',,",
    "9eb,,"
  })
  void readsNumbersThatPeopleWrite(String text, Long bytes, Long count) {
    if (bytes == null) {
      assertThatThrownBy(() -> HumanNumbers.bytes("cacheLimit", text))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("cacheLimit")
          .hasMessageContaining(text);
    } else {
      assertThat(HumanNumbers.bytes("cacheLimit", text)).isEqualTo(bytes);
    }
    if (count == null) {
      assertThatThrownBy(() -> HumanNumbers.count("epochSize", text))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("epochSize");
    } else {
      assertThat(HumanNumbers.count("epochSize", text)).isEqualTo(count);
    }
  }
}
