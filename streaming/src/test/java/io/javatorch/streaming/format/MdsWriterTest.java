package io.javatorch.streaming.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
}
