package io.javatorch.streaming.tool;

import static org.assertj.core.api.Assertions.assertThat;

import io.javatorch.streaming.TemporaryFiles;
import io.javatorch.streaming.format.MdsWriter;
import io.javatorch.streaming.storage.MiniHdfs;
import io.javatorch.streaming.storage.Storages;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The commands over data sets in HDFS give what they give over the same files here. */
@ExtendWith(MiniHdfs.Extension.class)
@Timeout(120)
class MdsToolRemoteTest {
  private static final int SAMPLES = 60;

  @TempDir private Path here;
  private Path local;
  private String remote;
  private TemporaryFiles before;

  private record Result(int code, String out, String err) {}

  private static Result run(Object... arguments) {
    var out = new StringWriter();
    var err = new StringWriter();
    var command = MdsTool.commandLine().setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    var texts = new String[arguments.length];
    for (int i = 0; i < texts.length; i++) {
      texts[i] = arguments[i].toString();
    }
    int code = command.execute(texts);
    command.getOut().flush();
    command.getErr().flush();
    return new Result(code, out.toString(), err.toString());
  }

  private static void write(MdsWriter.Builder builder) throws IOException {
    try (var writer =
        builder.columns(Map.of("n", "int", "text", "str")).hashes("sha1").sizeLimit(400).open()) {
      for (int i = 0; i < SAMPLES; i++) {
        writer.write(Map.of("n", i, "text", "a text of sample " + i));
      }
      writer.finish();
    }
  }

  @BeforeEach
  void places(MiniHdfs hdfs) throws IOException {
    before = TemporaryFiles.now();
    local = here.resolve("data");
    remote = hdfs.location();
  }

  @AfterEach
  void leavesNothingOnTheDisk() throws Exception {
    before.assertNothingIsLeft();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "zstd"})
  void givesTheSameAsLocally(String compression) throws IOException {
    for (var builder : List.of(MdsWriter.builder(local), MdsWriter.builder(remote))) {
      write(compression.isEmpty() ? builder : builder.compression(compression));
    }
    for (var command :
        List.of(
            List.of("inspect", "--samples", "2"),
            List.of("verify"),
            List.of("verify", "--files-only"),
            List.of("cat"),
            List.of("cat", "--offset", "17", "--samples", "20", "--columns", "n"),
            List.of("stats", "--shards", "3"))) {
      var words = command.toArray();
      var expected = run(append(words, local));
      var found = run(append(words, remote));
      assertThat(found).as("%s", command).isEqualTo(expected);
      assertThat(found.code()).isZero();
      assertThat(found.out()).isNotEmpty();
    }
    assertThat(run("stats", remote).out()).contains("in 8 shards");
  }

  private static Object[] append(Object[] words, Object last) {
    var all = Arrays.copyOf(words, words.length + 1);
    all[words.length] = last;
    return all;
  }

  @Test
  void reportsAllFaultsByTheirRemoteNames() throws IOException {
    write(MdsWriter.builder(local).compression("zstd"));
    write(MdsWriter.builder(remote).compression("zstd"));
    var damaged = here.resolve("damaged");
    var bytes = Files.readAllBytes(local.resolve("shard.00001.mds.zstd"));
    try (var storage = Storages.connect(remote)) {
      bytes[bytes.length / 2] ^= 1;
      storage.put(Files.write(damaged, bytes), "shard.00001.mds.zstd");
      storage.put(Files.writeString(damaged, "short"), "shard.00002.mds.zstd");
      storage.delete("shard.00003.mds.zstd");
    }
    var result = run("verify", remote);
    assertThat(result.code()).isEqualTo(1);
    assertThat(result.out())
        .contains("3 faults")
        .contains(remote + "/shard.00001.mds.zstd: its sha1 is")
        .contains(remote + "/shard.00002.mds.zstd: it has 5 bytes")
        .contains(remote + "/shard.00003.mds.zstd: it is missing")
        .doesNotContain(System.getProperty("java.io.tmpdir"));
    var cat = run("cat", remote);
    assertThat(cat.code()).isEqualTo(1);
    assertThat(cat.out()).isNotEmpty();
    assertThat(cat.err())
        .contains(remote + "/shard.00001.mds.zstd: its sha1 is")
        .doesNotContain(System.getProperty("java.io.tmpdir"));
  }

  @Test
  void convertsFromAnywhereToAnywhere(MiniHdfs hdfs) throws IOException {
    write(MdsWriter.builder(local));
    var back = here.resolve("back");
    var second = hdfs.location();
    for (var step :
        List.of(List.of(local, remote), List.of(remote, second), List.of(second, back))) {
      var result = run("convert", step.get(0), step.get(1), "--compression", "zstd");
      assertThat(result.err()).isEmpty();
      assertThat(result.code()).isZero();
    }
    assertThat(run("cat", back).out()).isEqualTo(run("cat", local).out());
    assertThat(run("convert", local, remote).err()).contains(remote).contains("not empty");
  }

  @Test
  void mergesAtAnyDepth() throws IOException {
    for (var part : List.of("b", "a/1", "a/0/deep")) {
      write(MdsWriter.builder(local.resolve(part)));
      write(MdsWriter.builder(remote + "/" + part));
    }
    assertThat(run("merge", remote)).isEqualTo(run("merge", local));
    assertThat(run("cat", remote).out())
        .isEqualTo(run("cat", local).out())
        .satisfies(text -> assertThat(text.lines()).hasSize(3 * SAMPLES));
    assertThat(run("merge", remote).out()).contains("180 samples");
    assertThat(run("merge", remote + "/b").err()).contains(remote + "/b").contains("to merge");
  }

  @Test
  void saysThatThereIsNoDataSetOrNoStore() {
    var result = run("inspect", remote);
    assertThat(result.code()).isEqualTo(1);
    assertThat(result.err()).contains(remote).doesNotContain("at io.javatorch");
    assertThat(run("cat", "nowhere://x/y").err()).contains("no storage for nowhere://x/y");
  }
}
