package io.javatorch.streaming.format;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * Damages data sets at random and reads them as a user would; see {@link FuzzMain}, which runs in a
 * process of 256 MiB.
 *
 * <p>Bounded for the build. Set {@code -Dfuzz.inputs} and {@code -Dfuzz.seconds} for more, {@code
 * -Dfuzz.seed} for another sequence, and {@code -Dfuzz.first} with one input to repeat that one.
 */
class MutationFuzzTest {
  @Test
  void readsDamagedDataSetsOrSaysWhatIsWrong() throws IOException, InterruptedException {
    boolean longer = System.getProperty("fuzz.seconds") != null;
    long seed = Long.getLong("fuzz.seed", longer ? System.nanoTime() & 0xffffff : 1);
    long inputs = Long.getLong("fuzz.inputs", longer ? Long.MAX_VALUE : 1_000);
    long seconds = Long.getLong("fuzz.seconds", 30);
    System.out.println("fuzz: seed " + seed);
    // What is forced to the disk takes no time in memory.
    var shared = Path.of("/dev/shm");
    var work =
        Files.isWritable(shared)
            ? Files.createTempDirectory(shared, "mds-fuzz-")
            : Files.createTempDirectory("mds-fuzz-");
    var log = Files.createTempFile("mds-fuzz-", ".log");
    try {
      var process =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-Xmx256m",
                  "-Djava.awt.headless=true",
                  "-XX:+ExitOnOutOfMemoryError",
                  "-Dorg.slf4j.simpleLogger.defaultLogLevel=off",
                  "-cp",
                  System.getProperty("java.class.path"),
                  FuzzMain.class.getName(),
                  work.toString(),
                  Golden.directory().toString(),
                  Long.toString(seed),
                  Long.toString(Long.getLong("fuzz.first", 0)),
                  Long.toString(inputs),
                  Long.toString(seconds))
              .redirectErrorStream(true)
              .redirectOutput(log.toFile())
              .start();
      boolean ended = process.waitFor(seconds + 120, TimeUnit.SECONDS);
      if (!ended) {
        process.destroyForcibly().waitFor();
      }
      var text = Files.readString(log, StandardCharsets.UTF_8);
      text.lines().filter(line -> line.startsWith("fuzz:")).forEach(System.out::println);
      assertThat(ended).as("it ended in time; %s", text).isTrue();
      assertThat(process.exitValue()).as(text).isZero();
      for (var outcome : List.of("VALUE read", "RAW refused", "STORED refused", "INDEX refused")) {
        assertThat(text).contains(outcome);
      }
    } finally {
      try (var files = Files.walk(work)) {
        for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.deleteIfExists(file);
        }
      }
      Files.deleteIfExists(log);
    }
  }
}
