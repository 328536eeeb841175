package io.javatorch.streaming.tool;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.javatorch.streaming.format.MdsWriter;
import io.javatorch.streaming.format.NdArray;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MdsToolTest {
  @TempDir private Path root;
  private Path data;

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

  @BeforeEach
  void writeADataSet() throws IOException {
    data = root.resolve("data/part");
    try (var writer =
        MdsWriter.builder(data)
            .columns(Map.of("n", "int", "b", "bytes", "a", "ndarray", "f", "float64"))
            .compression("zstd")
            .hashes("sha1")
            .sizeLimit(400)
            .open()) {
      for (int i = 0; i < 10; i++) {
        writer.write(
            Map.of(
                "n",
                i,
                "b",
                new byte[i],
                "a",
                NdArray.of(new short[] {1, 2}, 2, 1),
                "f",
                i == 0 ? Double.NaN : 0.5));
      }
      writer.finish();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"inspect", "verify", "cat", "merge", "convert", "stats"})
  void explainsEveryCommand(String command) {
    var result = run(command, "--help");
    assertThat(result.code()).isZero();
    assertThat(result.out()).contains("Usage: mds " + command).contains("DIRECTORY");
    assertThat(run(command).code()).isEqualTo(2);
    assertThat(run("--help").out()).contains("  " + command);
  }

  @Test
  void inspects() {
    var result = run("inspect", "--samples", 1, data);
    assertThat(result.code()).isZero();
    assertThat(result.out())
        .contains("samples      10")
        .contains("compression  zstd")
        .contains("hashes       sha1")
        .containsPattern("a +ndarray")
        .containsPattern("shard +samples +raw +stored +ratio +compression +hashes")
        .containsPattern("shard.00000.mds.zstd +[0-9]+ +[0-9]+ B +[0-9]+ B +[0-9.]+ % +zstd +sha1")
        .containsPattern("sample +a +b +f +n\\R-+")
        .containsPattern("\\R +0 +\\{")
        .doesNotContainPattern("\\R +1 +\\{");
    assertThat(run("inspect", "--shards", 1, data).out())
        .contains("shard.00000")
        .containsPattern("and [0-9]+ more")
        .doesNotContain("shard.00001");
  }

  @Test
  void showsHowFarItIs() {
    for (var result :
        List.of(
            run("verify", "--progress", data),
            run("convert", "--progress", data, root.resolve("converted")),
            run("stats", "--progress", data))) {
      assertThat(result.code()).isZero();
      assertThat(result.err()).containsPattern("\\(100.0 %\\), .+/s, .+ in all").endsWith("\n");
    }
    assertThat(run("verify", data).err()).isEmpty();
  }

  @Test
  void printsSamplesAsJsonLines() throws IOException {
    var result = run("cat", data, "--from", 9, "--count", 5);
    assertThat(new ObjectMapper().readTree(result.out()))
        .isEqualTo(
            new ObjectMapper()
                .readTree(
                    """
                    {"n": 9, "b": {"base64": "AAAAAAAAAAAA"}, "f": 0.5,
                     "a": {"dtype": "int16", "shape": [2, 1], "values": [[1], [2]]}}
                    """));
    assertThat(run("cat", data, "--columns", "f,n", "--count", 1).out())
        .isEqualToIgnoringNewLines("{\"f\":\"NaN\",\"n\":0}");
    assertThat(run("cat", data).out().lines()).hasSize(10);
    assertThat(run("cat", data, "--columns", "x"))
        .satisfies(
            failed -> {
              assertThat(failed.code()).isEqualTo(1);
              assertThat(failed.err()).startsWith("mds: there is no column 'x'");
            });
  }

  @Test
  void verifiesAndFailsWhereThereAreFaults() throws IOException {
    assertThat(run("verify", data).out()).contains("10 samples: no faults");
    try (var files = Files.newDirectoryStream(data, "*.zstd")) {
      for (var file : files) {
        var bytes = Files.readAllBytes(file);
        bytes[bytes.length / 2] ^= 1;
        Files.write(file, bytes);
      }
    }
    for (var result : List.of(run("verify", data), run("verify", "--files-only", data))) {
      assertThat(result.code()).isEqualTo(1);
      assertThat(result.out()).contains("its sha1 is").containsPattern("[2-9] faults");
    }
  }

  @Test
  void merges() {
    assertThat(run("merge", root).out()).contains("10 samples");
    assertThat(run("verify", root).code()).isZero();
  }

  @Test
  void convertsWithoutLoss() {
    var target = root.resolve("converted");
    var result =
        run(
            "convert",
            data,
            target,
            "--compression",
            "br:1",
            "--hashes",
            "xxh64,md5",
            "--size-limit",
            "1kb");
    assertThat(result.err()).isEmpty();
    assertThat(result.code()).isZero();
    assertThat(run("cat", target).out()).isEqualTo(run("cat", data).out());
    assertThat(run("inspect", target).out()).contains("br:1").contains("md5, xxh64");
    assertThat(run("convert", data, target).err()).contains("not empty");
  }

  @Test
  void countsSizes() throws IOException {
    var picture = root.resolve("sizes.png");
    var result = run("stats", data, "--image", picture);
    assertThat(result.out()).contains("10 samples of 24 B to 33 B").contains("below");
    assertThat(ImageIO.read(picture.toFile()).getHeight()).isEqualTo(400);
  }

  @Test
  void countsTheSizesOfSomeShards() {
    assertThat(run("stats", data, "--shards", 1).out())
        .containsPattern("[1-9] of 10 samples were read, in 1 shards");
  }

  @Test
  void mergesAtAnyDepth() throws IOException {
    for (var part : List.of("x/1/a", "x/1/b", "y")) {
      try (var writer = MdsWriter.builder(root.resolve("deep/" + part)).column("n", "int").open()) {
        writer.write(Map.of("n", part.length()));
        writer.finish();
      }
    }
    assertThat(run("merge", root.resolve("deep")).out()).contains("3 shards, 3 samples");
    assertThat(run("cat", root.resolve("deep")).out().lines())
        .containsExactly("{\"n\":5}", "{\"n\":5}", "{\"n\":1}");
  }

  /** A column's name can hold anything; these would colour, overwrite and reverse the line. */
  private static final String EVIL = "\u001b[31m\u009b31m\u202e\rname";

  @Test
  void sendsNothingToTheTerminalThatControlsIt() throws IOException {
    var evil = root.resolve("evil");
    try (var writer =
        MdsWriter.builder(evil).columns(Map.of(EVIL, "str", ">right", "int")).open()) {
      writer.write(Map.of(EVIL, "text " + EVIL, ">right", 7));
      writer.finish();
    }
    var index = Files.readString(evil.resolve("index.json"));
    Files.writeString(
        evil.resolve("index.json"),
        index.replace("shard.00000.mds", "shard\\u001b[31m\\u202e.mds"));
    for (var result :
        List.of(
            run("inspect", evil),
            run("inspect", "--samples", 0, evil),
            run("verify", evil),
            run("stats", evil),
            run("cat", evil, "--columns", EVIL))) {
      assertThat(result.out() + result.err())
          .isNotEmpty()
          .doesNotContainPattern("[\\p{Cc}\\p{Cf}&&[^\\n\\r]]")
          .doesNotContain("\r");
    }
    Files.writeString(evil.resolve("index.json"), index);
    var cat = run("cat", evil);
    assertThat(cat.out()).doesNotContainPattern("[\\p{Cc}\\p{Cf}&&[^\\n]]");
    assertThat(new ObjectMapper().readTree(cat.out()).get(EVIL).asText()).isEqualTo("text " + EVIL);
    assertThat(run("stats", evil).out()).contains(">right").contains("name");
  }

  @Test
  void cutsNoCharacterInHalf() {
    var out = new StringWriter();
    var table = new Table().text("column").number(">a");
    table.add("x".repeat(38) + "\ud83d\ude00" + "y", "1");
    table.print(new PrintWriter(out, true));
    assertThat(out.toString()).contains("x".repeat(38) + "…").contains(">a");
    assertThat(out.toString().codePoints()).noneMatch(c -> c >= 0xd800 && c <= 0xdfff);
  }

  @ParameterizedTest
  @ValueSource(strings = {"merge", "inspect", "verify", "cat", "stats"})
  void saysWhatIsWrongWithAFileForADirectory(String command) {
    var file = data.resolve("index.json");
    var result = run(command, file);
    assertThat(result.code()).isEqualTo(1);
    assertThat(result.err())
        .contains(file.toString())
        .containsPattern("not a directory|no such file|Not a directory")
        .doesNotContain("\tat ");
  }

  @Test
  void looksAtThePicturesPlaceBeforeItReads() {
    var missing = root.resolve("missing/sizes.png");
    for (var place : List.of(missing, root)) {
      var result = run("stats", data, "--image", place);
      assertThat(result.code()).isEqualTo(1);
      assertThat(result.out()).isEmpty();
      assertThat(result.err()).contains(place.toString()).contains("directory");
    }
  }

  @Test
  void readsPicklesWhenAskedAlone() throws IOException {
    var pickled = root.resolve("pickled");
    try (var writer = MdsWriter.builder(pickled).column("p", "pkl").open()) {
      writer.write(Map.of("p", List.of(1, 2)));
      writer.finish();
    }
    for (var command : List.of("inspect", "verify", "cat")) {
      var refused = run(command, pickled);
      assertThat(refused.code()).as(command).isEqualTo(1);
      assertThat(refused.out() + refused.err()).contains("column 'p'").contains("--pickles");
      var read = run(command, "--pickles", pickled);
      assertThat(read.code()).as(command + read).isZero();
    }
    assertThat(run("verify", "--files-only", pickled).code()).isZero();
    assertThat(run("convert", pickled, root.resolve("copy")).code()).isZero();
    assertThat(run("cat", "--pickles", root.resolve("copy")).out()).isEqualTo("{\"p\":[1,2]}\n");
  }

  @Test
  void convertsADataSetWithoutSamples() throws IOException {
    var empty = root.resolve("empty");
    try (var writer = MdsWriter.builder(empty).column("n", "int").open()) {
      writer.finish();
    }
    var target = root.resolve("still empty");
    var result = run("convert", empty, target);
    assertThat(result.err()).isEmpty();
    assertThat(result.out()).contains("0 shards, 0 samples");
    assertThat(run("verify", target).code()).isZero();
    assertThat(target.resolve("index.json")).hasSameTextualContentAs(empty.resolve("index.json"));
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aConversionThatFailedCanBeTriedAgain(boolean targetIsThere) throws IOException {
    var target = root.resolve("target");
    if (targetIsThere) {
      Files.createDirectory(target);
    }
    Path last;
    try (var files = Files.list(data)) {
      last = files.filter(f -> f.toString().endsWith(".zstd")).sorted().reduce((a, b) -> b).get();
    }
    var whole = Files.readAllBytes(last);
    Files.write(last, new byte[whole.length]);
    // Small shards, so that some are written before.
    var failed = run("convert", data, target, "--size-limit", 400);
    assertThat(failed.code()).isEqualTo(1);
    assertThat(failed.err()).contains(last.toString());
    if (targetIsThere) {
      assertThat(target).isEmptyDirectory();
    } else {
      assertThat(target).doesNotExist();
    }
    Files.write(last, whole);
    assertThat(run("convert", data, target, "--size-limit", 400).code()).isZero();
    assertThat(run("convert", data, target).err())
        .contains("not empty")
        .doesNotContain("existOk")
        .contains(target.toString());
    assertThat(run("cat", target).out()).isEqualTo(run("cat", data).out());
  }

  @Test
  void describesEachCommandByASentence() {
    assertThat(run("--help").out().lines())
        .filteredOn(line -> line.startsWith("  merge"))
        .singleElement()
        .asString()
        .endsWith(".");
    assertThat(run("--version").out()).startsWith("mds ");
  }

  @Test
  void saysThatThereIsNoDataSet() {
    var result = run("inspect", root.resolve("nowhere"));
    assertThat(result.code()).isEqualTo(1);
    assertThat(result.err()).contains("there is no such file").doesNotContain("at io.javatorch");
  }
}
