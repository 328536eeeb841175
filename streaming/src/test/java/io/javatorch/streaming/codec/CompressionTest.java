package io.javatorch.streaming.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class CompressionTest {
  static List<String> everyName() {
    var names = new ArrayList<String>();
    for (var family : Compression.Family.values()) {
      names.add(family.extension());
      for (int level = family.lowestLevel(); level <= family.highestLevel(); level++) {
        names.add(family.extension() + ":" + level);
      }
    }
    return names;
  }

  private static byte[] text() {
    var text = new StringBuilder();
    for (int i = 0; i < 5000; i++) {
      text.append("sample ").append(i * 7919 % 1000).append('\n');
    }
    return text.toString().getBytes(StandardCharsets.US_ASCII);
  }

  @Test
  void hasAsManyNamesAsPython() {
    // len(streaming.base.compression.get_compressions()) of the Python library is 58.
    assertThat(everyName()).hasSize(58);
  }

  @ParameterizedTest
  @MethodSource("everyName")
  void givesBackWhatItCompressed(String name) throws IOException {
    var compression = Compression.parse(name);
    for (var data : List.of(text(), new byte[0], new byte[] {7})) {
      var zip = compression.compress(data);
      try (var in = compression.decompressing(new ByteArrayInputStream(zip), data.length)) {
        assertThat(in.readAllBytes()).isEqualTo(data);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"br", "bz2", "gz", "zstd", "zstd:19"})
  void givesBackWhatItCompressedAsAStream(String name) throws IOException {
    var compression = Compression.parse(name);
    var data = text();
    var zip = new ByteArrayOutputStream();
    try (var out = compression.compressing(zip, data.length)) {
      out.write(data, 0, 10_000);
      out.write(data[10_000]);
      out.write(data, 10_001, data.length - 10_001);
    }
    try (var in =
        compression.decompressing(new ByteArrayInputStream(zip.toByteArray()), data.length)) {
      assertThat(in.readAllBytes()).isEqualTo(data);
    }
  }

  @Test
  void recordsTheSizeInAZstdStream() throws IOException {
    var zip = new ByteArrayOutputStream();
    try (var out = Compression.parse("zstd").compressing(zip, 12345)) {
      out.write(new byte[12345]);
    }
    assertThat(com.github.luben.zstd.Zstd.getFrameContentSize(zip.toByteArray())).isEqualTo(12345);
  }

  @Test
  void saysThatSnappyHasNoStreams() {
    assertThatThrownBy(
            () -> Compression.parse("snappy").compressing(new ByteArrayOutputStream(), 1L << 31))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("set a lower size limit");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "lz4", "snappy:1", "br:12", "bz2:0", "gz:10", "gz:", "zstd:-1", "ZSTD"})
  void refusesOtherNames(String name) {
    assertThatThrownBy(() -> Compression.parse(name))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'" + name + "'");
  }
}
