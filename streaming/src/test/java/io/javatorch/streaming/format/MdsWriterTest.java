package io.javatorch.streaming.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MdsWriterTest {
  @TempDir private Path out;

  private MdsWriter.Builder labelled() {
    return MdsWriter.builder(out).column("text", "str").column("label", "int8");
  }

  @Test
  void refusesAMissingColumn() throws IOException {
    try (var writer = labelled().open()) {
      assertThatThrownBy(() -> writer.write(Map.of("text", "a")))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("sample 0 has no column 'label'");
    }
  }

  @Test
  void refusesAnUnknownColumn() throws IOException {
    try (var writer = labelled().open()) {
      assertThatThrownBy(() -> writer.write(Map.of("text", "a", "label", 1, "more", 2)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("no column 'more'")
          .hasMessageContaining("[label, text]");
    }
  }

  @Test
  void refusesNull() throws IOException {
    var sample = new HashMap<String, Object>(Map.of("label", 1));
    sample.put("text", null);
    try (var writer = labelled().open()) {
      assertThatThrownBy(() -> writer.write(sample))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "sample 0, column 'text' (str): the value is null, and the format has no null");
    }
  }

  @Test
  void refusesAWrongType() throws IOException {
    try (var writer = labelled().open()) {
      assertThatThrownBy(() -> writer.write(Map.of("text", 1, "label", 1)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "sample 0, column 'text' (str): the value must be a String, not a"
                  + " java.lang.Integer");
      assertThatThrownBy(() -> writer.write(Map.of("text", "a", "label", 1.0)))
          .hasMessage(
              "sample 0, column 'label' (int8): the value must be an integer, not a"
                  + " java.lang.Double");
    }
  }

  @Test
  void refusesANumberOutOfRange() throws IOException {
    try (var writer = labelled().open()) {
      assertThatThrownBy(() -> writer.write(Map.of("text", "a", "label", 128)))
          .hasMessageContaining("column 'label' (int8): 128 is out of the range of int8");
      assertThatThrownBy(() -> writer.write(Map.of("text", "a", "label", -129L)))
          .hasMessageContaining("-129 is out of the range");
    }
  }

  @Test
  void refusesTextThatUtf8CannotHold() throws IOException {
    try (var writer = labelled().open()) {
      assertThatThrownBy(() -> writer.write(Map.of("text", "a\ud800", "label", 1)))
          .hasMessageContaining("half a surrogate pair at index 1");
    }
  }

  @Test
  void goesOnAfterASampleItRefused() throws IOException {
    try (var writer = labelled().open()) {
      writer.write(Map.of("text", "a", "label", 1));
      assertThatThrownBy(() -> writer.write(Map.of("text", "a")))
          .isInstanceOf(IllegalArgumentException.class);
      writer.write(Map.of("text", "b", "label", 2));
      writer.finish();
    }
    var index = ShardIndex.read(out);
    assertThat(index.samples()).isEqualTo(2);
    try (var reader = ShardReader.open(out, index.shards().get(0))) {
      assertThat(reader.get(1).toMap()).isEqualTo(Map.of("text", "b", "label", (byte) 2));
    }
  }

  @Test
  void leavesNoIndexIfItsCallerFails() throws IOException {
    assertThatThrownBy(
            () -> {
              try (var writer = labelled().open()) {
                writer.write(Map.of("text", "a", "label", 1));
                throw new IllegalStateException("no more samples");
              }
            })
        .hasMessage("no more samples");
    assertThat(out.resolve("index.json")).doesNotExist();
  }

  @Test
  void leavesTheOldDataSetIfAppendingIsNotFinished() throws IOException {
    try (var writer = labelled().open()) {
      writer.write(Map.of("text", "a", "label", 1));
      writer.finish();
    }
    var before = ShardIndex.read(out);
    try (var writer = labelled().append().open()) {
      writer.write(Map.of("text", "b", "label", 2));
    }
    assertThat(ShardIndex.read(out)).isEqualTo(before);
  }

  @Test
  void takesNothingAfterItIsClosed() throws IOException {
    var writer = labelled().open();
    writer.close();
    assertThatThrownBy(writer::finish)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("was aborted, or closed before finish()");
  }

  @Test
  void leavesNoIndexAfterAbort() throws IOException {
    try (var writer = labelled().open()) {
      writer.write(Map.of("text", "a", "label", 1));
      writer.abort();
    }
    assertThat(out).isEmptyDirectory();
  }

  @Test
  void finishesOnlyOnce() throws IOException {
    try (var writer = labelled().open()) {
      writer.write(Map.of("text", "a", "label", 1));
      assertThat(writer.finish()).isSameAs(writer.finish()).isEqualTo(ShardIndex.read(out));
      assertThatThrownBy(() -> writer.write(Map.of("text", "a", "label", 1)))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("is finished");
    }
  }

  @Test
  void refusesADirectoryThatIsNotEmpty() throws IOException {
    Files.writeString(out.resolve("mine.txt"), "mine");
    assertThatThrownBy(() -> labelled().open())
        .isInstanceOf(FileAlreadyExistsException.class)
        .hasMessageContaining("not empty");
  }

  @Test
  void replacesADataSetAndNothingElse() throws IOException {
    Files.writeString(out.resolve("mine.txt"), "mine");
    Files.writeString(out.resolve("shard.00007.mds"), "old");
    Files.writeString(out.resolve("index.json"), "old");
    try (var writer = labelled().existOk(true).open()) {
      writer.write(Map.of("text", "a", "label", 1));
      writer.finish();
    }
    try (Stream<Path> files = Files.list(out)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder("mine.txt", "shard.00000.mds", "index.json");
    }
  }

  @Test
  void writesTheSameByRowAsByMap() throws IOException {
    try (var writer = MdsWriter.builder(out.resolve("map")).columns(mixed()).open()) {
      writer.write(Map.of("i", 5, "u", 6, "f", 1.5, "s", "x", "b", new byte[] {1}));
      writer.finish();
    }
    try (var writer = MdsWriter.builder(out.resolve("row")).columns(mixed()).open()) {
      var row = writer.row();
      row.setLong(row.ordinal("i"), 5)
          .setLong(row.ordinal("u"), 6)
          .setDouble(row.ordinal("f"), 1.5)
          .set("s", "x")
          .set("b", new byte[] {1})
          .write();
      writer.finish();
    }
    assertThat(out.resolve("row/shard.00000.mds"))
        .hasSameBinaryContentAs(out.resolve("map/shard.00000.mds"));
  }

  @Test
  void namesShardsTheSameWhateverTheLocale() throws IOException {
    var before = Locale.getDefault();
    // Arabic as written in Egypt has digits of its own.
    Locale.setDefault(Locale.forLanguageTag("ar-EG"));
    try (var writer = MdsWriter.builder(out).column("j", "json").open()) {
      writer.write(Map.of("j", 1e-7));
      writer.finish();
    } finally {
      Locale.setDefault(before);
    }
    try (Stream<Path> files = Files.list(out)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder("shard.00000.mds", "index.json");
    }
    try (var reader = ShardReader.open(out, ShardIndex.read(out).shards().get(0))) {
      assertThat(new String(reader.get(0).getBytes("j"), StandardCharsets.US_ASCII))
          .isEqualTo("1e-07");
    }
  }

  private static Map<String, String> mixed() {
    return Map.of("i", "int", "u", "uint16", "f", "float32", "s", "str", "b", "bytes");
  }

  @Test
  void namesAnUnknownEncoding() {
    assertThatThrownBy(() -> MdsWriter.builder(out).column("x", "int7").open())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("column 'x': unknown encoding 'int7'; known are bytes, str, int");
  }

  @Test
  void namesUnknownCompressionsAndHashes() {
    for (var spec : List.of("zip", "zstd:0", "zstd:23", "zstd:07", "zstd:", "zstd:x")) {
      assertThatThrownBy(() -> labelled().compression(spec))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("'" + spec + "'");
    }
    assertThatThrownBy(() -> labelled().hashes("crc"))
        .hasMessageContaining("unknown hash 'crc'; known are");
  }

  @Test
  void readsSizesAsPeopleWriteThem() {
    assertThat(SizeLimit.parse("512")).isEqualTo(512);
    assertThat(SizeLimit.parse("512b")).isEqualTo(512);
    assertThat(SizeLimit.parse("100kb")).isEqualTo(102_400);
    assertThat(SizeLimit.parse(" 1.5 GB ")).isEqualTo(3L << 29);
    for (var bad : List.of("", "kb", "1xb", "one", "1e99gb")) {
      assertThatThrownBy(() -> SizeLimit.parse(bad)).isInstanceOf(IllegalArgumentException.class);
    }
    assertThatThrownBy(() -> labelled().sizeLimit("4gb")).hasMessageContaining("below 2^32");
    assertThatThrownBy(() -> labelled().sizeLimit(0)).hasMessageContaining("above 0");
  }

  /** Writes shards of 8 MiB that nothing compresses; prints how many threads helped. */
  static final class SmallHeap {
    public static void main(String[] arguments) throws IOException {
      var noise = new byte[1 << 20];
      var random = new Random(1);
      try (var writer =
          MdsWriter.builder(Path.of(arguments[0]))
              .column("x", "bytes")
              .compression("zstd:1")
              .sizeLimit(8 << 20)
              .open()) {
        for (int i = 0; i < 80; i++) {
          random.nextBytes(noise);
          writer.write(Map.of("x", noise));
        }
        long helping =
            Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("mds-shard"))
                .count();
        System.out.println("threads: " + helping);
        writer.finish();
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"48m, 0", "128m, 2"})
  void worksInTheBackgroundAsFarAsTheHeapHasRoom(String heap, int threads) throws Exception {
    var process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx" + heap,
                "-XX:+UseG1GC",
                "-cp",
                System.getProperty("java.class.path"),
                SmallHeap.class.getName(),
                out.toString())
            .redirectErrorStream(true)
            .start();
    var text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(text).isZero();
    assertThat(text).contains("threads: " + threads);
    assertThat(ShardIndex.read(out).samples()).isEqualTo(80);
  }

  @Test
  void countsSamplesWithoutLookingAtTheShards() throws IOException {
    try (var writer = labelled().sizeLimit(200).shardThreads(0).open()) {
      for (int i = 0; i < 200; i++) {
        assertThat(writer.samples()).isEqualTo(i);
        writer.write(Map.of("text", "sample", "label", 1));
      }
      var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
      long sum = 0;
      long before = threads.getCurrentThreadAllocatedBytes();
      for (int i = 0; i < 10_000; i++) {
        sum += writer.samples();
      }
      assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(100_000);
      assertThat(sum).isEqualTo(200 * 10_000);
    }
  }

  @Test
  void aListenerThatFailsDoesNotEndTheWriter() throws IOException {
    try (var writer =
        labelled()
            .sizeLimit(200)
            .progress(
                now -> {
                  throw new IllegalStateException("the terminal is gone");
                })
            .open()) {
      for (int i = 0; i < 50; i++) {
        writer.write(Map.of("text", "sample", "label", 1));
      }
      assertThat(writer.finish()).isEqualTo(ShardIndex.read(out));
    }
    assertThat(ShardIndex.read(out).samples()).isEqualTo(50);
  }

  @Test
  void aSampleBeyondWhatOffsetsCountLeavesNoTrace() throws IOException {
    var builder = MdsWriter.builder(out).compression("zstd");
    for (int i = 0; i < 65; i++) {
      builder.column("c" + i, "bytes");
    }
    var large = new byte[1 << 26];
    try (var writer = builder.open()) {
      var row = writer.row();
      for (int i = 0; i < 65; i++) {
        row.set(i, large);
      }
      assertThatThrownBy(row::write)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("2^32");
      row = writer.row();
      for (int i = 0; i < 65; i++) {
        row.set(i, new byte[1]);
      }
      row.write();
      assertThat(writer.samples()).isEqualTo(1);
      writer.finish();
    }
    assertThat(ShardIndex.read(out).shards()).hasSize(1);
  }

  @Test
  void replacingRemovesWhatAKilledWriterLeft() throws IOException {
    var id = "01234567-89ab-cdef-0123-456789abcdef";
    for (var left :
        List.of(
            ".shard.00001.mds.zstd." + id + ".tmp",
            ".shard.00001.mds." + id + ".tmp",
            ".index.json." + id + ".tmp",
            ".spool." + id + ".tmp")) {
      Files.writeString(out.resolve(left), "half");
    }
    Files.writeString(out.resolve(".mine." + id + ".tmp"), "mine");
    try (var writer = labelled().existOk(true).open()) {
      writer.write(Map.of("text", "a", "label", 1));
      writer.finish();
    }
    try (Stream<Path> files = Files.list(out)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder(".mine." + id + ".tmp", "shard.00000.mds", "index.json");
    }
  }
}
