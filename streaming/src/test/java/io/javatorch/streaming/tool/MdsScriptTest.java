package io.javatorch.streaming.tool;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code bin/mds} itself, with a build and a Java that only say what they were asked. */
class MdsScriptTest {
  @TempDir private Path root;
  private Path base;
  private Path arguments;

  @BeforeEach
  void makeARepository() throws IOException {
    base = root.resolve("a base");
    var script = Path.of("../bin/mds");
    Files.createDirectories(base.resolve("bin"));
    Files.copy(script, base.resolve("bin/mds"));
    program(base.resolve("mvnw"), "echo built >&2");
    program(root.resolve("java/bin/java"), "printf '%s\\n' \"$@\"");
    for (var source :
        new String[] {
          "pom.xml",
          "auth/pom.xml",
          "auth/src/main/A.java",
          "streaming/pom.xml",
          "streaming/src/main/S.java"
        }) {
      Files.createDirectories(base.resolve(source).getParent());
      Files.writeString(base.resolve(source), "");
      Files.setLastModifiedTime(base.resolve(source), FileTime.from(Instant.EPOCH));
    }
    arguments = base.resolve("streaming/target/launch/mds.args");
    Files.createDirectories(arguments.getParent());
    Files.writeString(arguments, "-Dsome=thing\n-cp \"/own path/a.jar:/b.jar\"\n");
  }

  private static void program(Path file, String body) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, "#!/bin/sh\n" + body + "\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private record Result(String out, String err) {}

  private Result run(Map<String, String> environment, String... words) throws Exception {
    var builder = new ProcessBuilder("sh", base.resolve("bin/mds").toString());
    builder.command().addAll(List.of(words));
    builder.environment().remove("MDS_CLASSPATH");
    builder.environment().put("JAVA_HOME", root.resolve("java").toString());
    builder.environment().putAll(environment);
    builder.redirectError(root.resolve("err").toFile());
    var process = builder.start();
    var out = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).isZero();
    return new Result(out, Files.readString(root.resolve("err")));
  }

  @Test
  void startsWhatWasBuilt() throws Exception {
    var result = run(Map.of(), "cat", "a directory");
    assertThat(result.out().lines())
        .containsExactly(
            "@" + arguments, "io.javatorch.streaming.tool.MdsTool", "cat", "a directory");
    assertThat(result.err()).isEmpty();
  }

  @Test
  void addsJarsToTheClassPath() throws Exception {
    assertThat(run(Map.of("MDS_CLASSPATH", "/jars/*:/x.jar"), "cat").out().lines())
        .containsExactly(
            "@" + arguments,
            "-cp",
            "/own path/a.jar:/b.jar:/jars/*:/x.jar",
            "io.javatorch.streaming.tool.MdsTool",
            "cat");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "pom.xml",
        "auth/pom.xml",
        "auth/src/main/A.java",
        "streaming/pom.xml",
        "streaming/src/main/S.java"
      })
  void buildsAgainWhereSomethingChanged(String source) throws Exception {
    Files.setLastModifiedTime(base.resolve(source), FileTime.from(Instant.now().plusSeconds(60)));
    assertThat(run(Map.of(), "cat").err()).isEqualTo("mds: building\nbuilt\n");
  }
}
