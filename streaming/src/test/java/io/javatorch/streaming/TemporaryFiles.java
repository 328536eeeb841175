package io.javatorch.streaming;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;

/** What lies in the host's directory for temporary files, to see whether anything is left there. */
public final class TemporaryFiles {
  private final Set<Path> before;

  private TemporaryFiles(Set<Path> before) {
    this.before = before;
  }

  /** Remembers what is there now. */
  public static TemporaryFiles now() throws IOException {
    return new TemporaryFiles(list());
  }

  /** Fails if there is something new that does not go; other processes' files come and go. */
  public void assertNothingIsLeft() throws IOException, InterruptedException {
    var left = list();
    left.removeAll(before);
    long end = System.nanoTime() + 20_000_000_000L;
    while (left.stream().anyMatch(Files::exists) && System.nanoTime() < end) {
      Thread.sleep(20);
    }
    assertThat(left).noneMatch(Files::exists);
  }

  private static Set<Path> list() throws IOException {
    try (var files = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
      var found = new HashSet<Path>();
      files.filter(file -> file.getFileName().toString().startsWith("mds-")).forEach(found::add);
      return found;
    }
  }
}
