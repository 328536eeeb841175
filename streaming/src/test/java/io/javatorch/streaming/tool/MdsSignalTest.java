package io.javatorch.streaming.tool;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.javatorch.streaming.TestShards;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The program as a process of its own. */
@Timeout(60)
class MdsSignalTest {
  @TempDir private Path root;

  private Process start(Path temporary, String... arguments) throws IOException {
    var command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Djava.io.tmpdir=" + temporary,
                "-D" + MdsTool.VERSION_PROPERTY + "=1.2",
                "-cp",
                System.getProperty("java.class.path"),
                MdsTool.class.getName()));
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command).redirectError(root.resolve("err").toFile()).start();
  }

  private static boolean hasEntries(Path directory) throws IOException {
    try (var entries = Files.list(directory)) {
      return entries.anyMatch(file -> file.getFileName().toString().startsWith("mds-"));
    }
  }

  /** Nobody reads what it prints, so that it hangs in its output when the signal comes. */
  @Test
  void leavesNothingBehindWhenASignalEndsIt() throws Exception {
    TestShards.write(root.resolve("data"), "zstd", 20_000);
    var temporary = Files.createDirectory(root.resolve("tmp"));
    var process = start(temporary, "cat", root.resolve("data").toString());
    try {
      // Its first line.
      assertThat(process.getInputStream().read()).isEqualTo('{');
      assertThat(hasEntries(temporary)).isTrue();
      process.destroy();
      assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).isNotZero();
      assertThat(hasEntries(temporary)).isFalse();
      assertThat(root.resolve("err")).isEmptyFile();
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  void saysWhatItWasBuiltFrom() throws Exception {
    var process = start(Files.createDirectory(root.resolve("tmp")), "--version");
    assertThat(new String(process.getInputStream().readAllBytes(), UTF_8)).isEqualTo("mds 1.2\n");
    assertThat(process.waitFor()).isZero();
  }
}
