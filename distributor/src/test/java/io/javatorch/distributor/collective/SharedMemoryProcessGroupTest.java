package io.javatorch.distributor.collective;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class SharedMemoryProcessGroupTest extends ProcessGroupTest {
  @Override
  boolean sharedMemory() {
    return true;
  }

  @Test
  void ranksOfOneHostShareMemoryThatHasNoName() throws Exception {
    Ranks.run(
        3,
        group -> {
          assertThat(((SocketProcessGroup) group).sharesMemory()).isTrue();
          group.barrier();
          try (Stream<Path> files = Files.list(Path.of("/dev/shm"))) {
            // Other groups may be connecting at this moment; none of theirs stays.
            assertThat(files.filter(this::isStale)).isEmpty();
          }
          group.barrier();
          return null;
        });
  }

  private boolean isStale(Path file) {
    try {
      return file.getFileName().toString().startsWith("javatorch-")
          && System.currentTimeMillis() - Files.getLastModifiedTime(file).toMillis() > 60_000;
    } catch (java.io.IOException e) {
      return false;
    }
  }
}
