package io.javatorch.streaming.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TextShardTest {
  private static final List<Column> COLUMNS =
      List.of(new Column("f", "float"), new Column("i", "int"), new Column("s", "str"));

  @TempDir private Path directory;

  /** One row after a header line that is not part of it. */
  private ShardInfo shard(String format, String row) throws IOException {
    var data = ("header\n" + row).getBytes(StandardCharsets.UTF_8);
    Files.write(directory.resolve("a"), data);
    var meta =
        ByteBuffer.allocate(12)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putInt(1)
            .putInt(7)
            .putInt(data.length);
    Files.write(directory.resolve("a.meta"), meta.array());
    return new ShardInfo(
        format,
        1,
        COLUMNS,
        Optional.empty(),
        List.of(),
        OptionalLong.empty(),
        new FilePair(new FileInfo("a", data.length, Map.of()), Optional.empty()),
        Optional.of(new FilePair(new FileInfo("a.meta", 12, Map.of()), Optional.empty())),
        Optional.of(new TextLayout("\n", ShardInfo.TEXT_FORMATS.get(format))));
  }

  @Test
  void readsNumbersWithoutBoxing() throws IOException {
    try (var reader = ShardReader.open(directory, shard("csv", "1.5,-7,é\n"))) {
      var sample = reader.get(0);
      assertThat(sample.getDouble("f")).isEqualTo(1.5);
      assertThat(sample.getLong("i")).isEqualTo(-7);
      assertThat(sample.getString("s")).isEqualTo("é");
      assertThat(reader.columns()).contains(new Column("f", "float64"));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '#',
      value = {
        "csv # 1.5,2,x       # does not end with a new line",
        "csv # 1.5,2\\n      # has 2 columns and the index says 3",
        "csv # 1.5,2,x,y\\n  # has 4 columns",
        "csv # 1.5,2.0,x\\n  # column 'i'",
        "csv # 1.5,9999999999999999999,x\\n # is out of the range of int",
        "csv # a,2,x\\n      # column 'f'",
        "json # {\\n         # it is not JSON",
        "json # []\\n        # is not a JSON object",
        "json # {\"f\": 1.5, \"s\": \"\"}\\n # the row lacks it",
        "json # {\"f\": 1.5, \"i\": \"2\", \"s\": \"\"}\\n # is no int",
        "json # {\"f\": 1.5, \"i\": true, \"s\": \"\"}\\n # is no int",
        "json # {\"f\": 1.5, \"i\": 1, \"s\": \"\\ud800\"}\\n # half a surrogate pair",
        "json # {\"f\": null, \"i\": 1, \"s\": \"\"}\\n # is no float",
      })
  void namesRowsThatAreNone(String format, String row, String problem) throws IOException {
    var shard = shard(format, row.replace("\\n", "\n"));
    try (var reader = ShardReader.open(directory, shard)) {
      assertThatThrownBy(() -> reader.get(0))
          .isInstanceOf(MalformedShardException.class)
          .hasMessageContaining("sample 0")
          .hasMessageContaining("byte 7")
          .hasMessageContaining(problem);
    }
  }

  @Test
  void namesADamagedTableOfOffsets() throws IOException {
    var shard = shard("csv", "1.5,2,x\n");
    var meta = directory.resolve("a.meta");
    var bytes = Files.readAllBytes(meta);
    bytes[8] = 99;
    Files.write(meta, bytes);
    assertThatThrownBy(() -> ShardReader.open(directory, shard))
        .isInstanceOf(MalformedShardException.class)
        .hasMessageContaining("a.meta, byte 8: its last sample is said to end at byte 99");
    Files.delete(meta);
    assertThatThrownBy(() -> ShardReader.open(directory, shard))
        .isInstanceOf(NoSuchFileException.class);
  }
}
