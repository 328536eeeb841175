package io.javatorch.conversion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SampleSpoolTest {
  @TempDir private Path directory;

  @Test
  void givesSamplesInTheirOrderFromMemoryAndFromDisk() throws IOException {
    try (var spool = new SampleSpool(10, directory)) {
      for (int round = 0; round < 3; round++) {
        // More each time, of which four bytes fit after six do not.
        int count = 3 + round * 40_000;
        for (int i = 0; i < count; i++) {
          spool.add(new byte[] {1, 2, 3, 4, (byte) round, (byte) i});
          spool.add(new byte[i % 5]);
        }
        for (int i = 0; i < count; i++) {
          assertThat(spool.remove()).containsExactly(1, 2, 3, 4, round, (byte) i);
          assertThat(spool.remove()).hasSize(i % 5);
        }
        assertThat(spool.isEmpty()).isTrue();
      }
    }
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void leavesNothingWhenItIsClosedWithSamplesInIt() throws IOException {
    var spool = new SampleSpool(10, directory);
    spool.add(new byte[100]);
    spool.close();

    assertThat(directory).isEmptyDirectory();
    assertThat(spool.isEmpty()).isTrue();
    assertThatThrownBy(() -> spool.add(new byte[1])).isInstanceOf(IllegalStateException.class);
  }
}
