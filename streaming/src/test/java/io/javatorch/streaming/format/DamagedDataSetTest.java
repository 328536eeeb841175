package io.javatorch.streaming.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.github.luben.zstd.Zstd;
import io.javatorch.streaming.codec.Compression;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DamagedDataSetTest {
  @TempDir private Path out;
  private ShardInfo shard;
  private Path raw;

  /** Two samples; columns in order: b (bytes), n (int), t (str). */
  @BeforeEach
  void writeADataSet() throws IOException {
    try (var writer =
        MdsWriter.builder(out)
            .columns(Map.of("t", "str", "n", "int", "b", "bytes"))
            .hashes("md5")
            .open()) {
      writer.write(Map.of("t", "first", "n", 1, "b", new byte[] {1, 2, 3}));
      writer.write(Map.of("t", "second", "n", 2, "b", new byte[] {4}));
      shard = writer.finish().shards().get(0);
    }
    raw = out.resolve("shard.00000.mds");
  }

  private interface Damage {
    void to(ByteBuffer file);
  }

  private void damage(Damage damage) throws IOException {
    var file = ByteBuffer.wrap(Files.readAllBytes(raw)).order(ByteOrder.LITTLE_ENDIAN);
    damage.to(file);
    Files.write(raw, file.array());
  }

  private int offset(ByteBuffer file, int sample) {
    return file.getInt(4 + 4 * sample);
  }

  private MalformedShardException failure() {
    return catchThrowableOfType(
        MalformedShardException.class,
        () -> {
          try (var reader = ShardReader.open(out, shard)) {
            for (var sample : reader) {
              sample.toMap();
            }
          }
        });
  }

  @Test
  void namesATruncatedFile() throws IOException {
    var bytes = Files.readAllBytes(raw);
    Files.write(raw, Arrays.copyOf(bytes, bytes.length - 1));
    assertThat(failure())
        .hasMessageContaining(raw.toString())
        .hasMessageContaining("the index says " + bytes.length)
        .hasMessageContaining("fetch it again");
  }

  @Test
  void namesAWrongCountOfSamples() throws IOException {
    damage(file -> file.putInt(0, 3));
    assertThat(failure())
        .hasMessageContaining("it has 3 samples and the index says 2")
        .returns(OptionalLong.of(0), MalformedShardException::position);
  }

  @Test
  void namesOffsetsThatGoBackwards() throws IOException {
    damage(file -> file.putInt(8, 20));
    assertThat(failure())
        .hasMessageContaining("it is said to lie from byte")
        .returns(OptionalLong.of(0), MalformedShardException::sample);
  }

  @Test
  void namesOffsetsBeyondTheFile() throws IOException {
    damage(file -> file.putInt(8, -1));
    assertThat(failure()).hasMessageContaining("to 4294967295 of");
  }

  @Test
  void namesAHugeSizeOfAColumn() throws IOException {
    damage(file -> file.putInt(offset(file, 1) + 4, -2));
    assertThat(failure())
        .hasMessageContaining("its size is said to be 4294967294 bytes")
        .returns(OptionalLong.of(1), MalformedShardException::sample)
        .returns(Optional.of("t"), MalformedShardException::column);
  }

  @Test
  void namesASampleWithBytesLeftOver() throws IOException {
    damage(file -> file.putInt(offset(file, 0) + 4, 4));
    assertThat(failure()).hasMessageContaining("its columns end 1 bytes before it does");
  }

  @Test
  void namesInvalidUtf8WithItsPosition() throws IOException {
    damage(file -> file.put(file.capacity() - 1, (byte) 0xc3));
    assertThat(failure())
        .hasMessageContaining("not UTF-8 from byte 5 of the value on")
        .returns(OptionalLong.of(1), MalformedShardException::sample)
        .returns(Optional.of("t"), MalformedShardException::column)
        .returns(OptionalLong.of(Files.size(raw) - 6), MalformedShardException::position);
  }

  @Test
  void findsAFlippedBitByItsHash() throws IOException {
    damage(file -> file.put(file.capacity() - 1, (byte) 'e'));
    ShardFiles.verify(shard.data().raw(), raw, List.of());
    assertThatThrownBy(() -> ShardFiles.verify(shard.data().raw(), raw, List.of("md5")))
        .isInstanceOf(MalformedShardException.class)
        .hasMessageContaining("its md5 is")
        .hasMessageContaining(shard.data().raw().hashes().get("md5"));
    assertThatThrownBy(() -> ShardFiles.verify(shard.data().raw(), raw, List.of("sha1")))
        .hasMessageContaining("the index has no sha1 of it");
  }

  @Test
  void saysThatAFileIsMissing() throws IOException {
    Files.delete(raw);
    assertThatThrownBy(() -> ShardReader.open(out, shard)).isInstanceOf(NoSuchFileException.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "../x",
        "/etc/passwd",
        "a/../../x",
        "",
        ".",
        "a//b",
        "a/",
        "..",
        "a\\..\\b",
        "a\0"
      })
  void refusesABaseNameThatLeadsOut(String basename) throws IOException {
    var index = out.resolve("index.json");
    var text = Files.readString(index);
    Files.writeString(
        index, text.replace("\"shard.00000.mds\"", PythonJson.write((Object) basename)));
    assertThatThrownBy(() -> ShardIndex.read(out))
        .isInstanceOf(MalformedShardException.class)
        .hasMessageContaining("the base name '" + basename + "'");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "{}",
        "{\"shards\": [",
        "{\"shards\": [], \"version\": 2} {",
        "{\"shards\": [], \"version\": 3}",
        "{\"shards\": [], \"version\": \"2\"}",
        "{\"shards\": [], \"version\": 99999999999999999999}",
        "{\"shards\": {}, \"version\": 2}",
        "{\"shards\": [1], \"version\": 2}",
        "{\"shards\": [{}], \"version\": 2}",
        "\u0000\u0001",
      })
  void refusesWhatIsNoIndex(String text) throws IOException {
    Files.writeString(out.resolve("index.json"), text);
    assertThatThrownBy(() -> ShardIndex.read(out))
        .isInstanceOf(MalformedShardException.class)
        .hasMessageContaining("index.json");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"samples\": 2 -> \"samples\": -1",
        "\"samples\": 2 -> \"samples\": 4294967296",
        "\"samples\": 2 -> \"samples\": 2.5",
        "\"str\" -> \"text\"",
        "\"format\": \"mds\" -> \"format\": \"zip\"",
        "[null, 8, null] -> [null, 4, null]",
        "[null, 8, null] -> [null, 8, 9]",
        "[null, 8, null] -> [null, 8]",
        "\"n\" -> \"b\"",
        "\"bytes\":  -> \"bytes\": -",
        "\"compression\": null -> \"compression\": \"zstd\"",
        "\"raw_data\" -> \"no_data\"",
        "\"version\": 2, \"zip -> \"version\": 1, \"zip",
      })
  void refusesAShardThatCannotBe(String edit) throws IOException {
    var index = out.resolve("index.json");
    var text = Files.readString(index);
    var parts = edit.split(" -> ");
    assertThat(text).contains(parts[0]);
    Files.writeString(index, text.replace(parts[0], parts[1]));
    assertThatThrownBy(() -> ShardIndex.read(out))
        .isInstanceOf(MalformedShardException.class)
        .hasMessageContaining("shard 0");
  }

  private ShardInfo compressed(String compression, long rawBytes) {
    var file = new FileInfo("a.mds", rawBytes, Map.of());
    return ShardInfo.mds(
        1,
        shard.columns(),
        Optional.of(compression),
        List.of(),
        OptionalLong.empty(),
        new FilePair(file, Optional.of(new FileInfo("a.mds.zstd", 1, Map.of()))));
  }

  private void assertNotDecompressed(byte[] zip, long rawBytes, String problem) throws IOException {
    assertNotDecompressed("zstd", zip, rawBytes, problem);
  }

  private void assertNotDecompressed(String compression, byte[] zip, long rawBytes, String problem)
      throws IOException {
    var from = Files.write(out.resolve("a.mds.zstd"), zip);
    var to = out.resolve("a.mds");
    var info = compressed(compression, rawBytes);
    assertThatThrownBy(() -> ShardFiles.decompress(info, info.data(), from, to, List.of()))
        .isInstanceOf(MalformedShardException.class)
        .hasMessageContaining(from.toString())
        .hasMessageContaining(problem);
    try (var files = Files.list(out)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder("index.json", "shard.00000.mds", "a.mds.zstd");
    }
  }

  @Test
  void stopsADecompressionBombAtTheDeclaredSize() throws IOException {
    assertNotDecompressed(
        Zstd.compress(new byte[50_000_000]), 1000, "to more than the 1000 bytes of the index");
  }

  @Test
  void refusesCompressedFilesThatAreTooShortOrBroken() throws IOException {
    var zip = Zstd.compress(new byte[1000]);
    assertNotDecompressed(zip, 1001, "it decompresses to 1000 bytes and the index says 1001");
    assertNotDecompressed(Arrays.copyOf(zip, zip.length - 1), 1000, "it cannot be decompressed");
    assertNotDecompressed(new byte[] {1, 2, 3, 4, 5}, 1000, "it cannot be decompressed");
    assertNotDecompressed(new byte[0], 1000, "it decompresses to 0 bytes");
  }

  @ParameterizedTest
  @ValueSource(strings = {"br", "bz2", "gz", "snappy", "zstd"})
  void refusesDamageInEveryCompression(String name) throws IOException {
    var data = new byte[100_000];
    new Random(1).nextBytes(data);
    var zip = Compression.parse(name).compress(data);
    assertNotDecompressed(name, zip, 99_999, "");
    assertNotDecompressed(name, zip, 100_001, "");
    for (int length : List.of(0, 1, 5, zip.length / 2, zip.length - 1)) {
      assertNotDecompressed(name, Arrays.copyOf(zip, length), 100_000, "");
    }
    assertNotDecompressed(name, Arrays.copyOf(new byte[] {1, 2, 3, 4, 5}, 999), 100_000, "");
    var bomb = Compression.parse(name).compress(new byte[2_000_000]);
    assertNotDecompressed(name, bomb, 1000, "");
  }

  @Test
  void namesAnUnknownCompression() throws IOException {
    assertNotDecompressed("lz4", new byte[9], 1000, "unknown compression 'lz4'; known are br, bz2");
  }
}
