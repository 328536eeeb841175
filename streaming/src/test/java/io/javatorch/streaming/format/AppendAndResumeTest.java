package io.javatorch.streaming.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AppendAndResumeTest {
  @TempDir private Path root;

  private MdsWriter.Builder writer(String name, String compression) {
    var builder =
        MdsWriter.builder(root.resolve(name))
            .columns(Map.of("n", "int", "s", "str"))
            .hashes("md5", "xxh64")
            .sizeLimit(500);
    return compression.equals("none") ? builder : builder.compression(compression);
  }

  private static void write(MdsWriter writer, long from, long to) throws IOException {
    for (long i = from; i < to; i++) {
      writer.write(Map.of("n", i, "s", "sample ".repeat((int) (i % 7))));
    }
  }

  private List<Long> numbers(Path directory) throws IOException {
    var numbers = new ArrayList<Long>();
    for (var shard : ShardIndex.read(directory).shards()) {
      var file = shard.data();
      if (file.zip().isPresent()) {
        ShardFiles.decompress(
            shard, file, file.stored().in(directory), file.raw().in(directory), shard.hashes());
      }
      try (var reader = ShardReader.open(directory, shard)) {
        reader.forEach(sample -> numbers.add(sample.getLong("n")));
      }
    }
    return numbers;
  }

  private static List<Long> upTo(long end) {
    var numbers = new ArrayList<Long>();
    for (long i = 0; i < end; i++) {
      numbers.add(i);
    }
    return numbers;
  }

  @ParameterizedTest
  @ValueSource(strings = {"none", "zstd", "gz", "br:1", "bz2", "snappy"})
  void resumesToTheSameBytesAsAnUninterruptedWrite(String compression) throws IOException {
    try (var writer = writer("whole", compression).open()) {
      write(writer, 0, 100);
      writer.finish();
    }
    try (var writer = writer("parts", compression).open()) {
      write(writer, 0, 60);
      writer.abort();
    }
    var half = ".shard.00009.mds.6b1b36cb-0ae7-4b4a-9a8f-5f5b1f0b9a11.tmp";
    Files.writeString(root.resolve("parts").resolve(half), "left by a crash");
    try (var writer = writer("parts", compression).resume().open()) {
      assertThat(writer.samples()).isBetween(40L, 59L);
      write(writer, writer.samples(), 100);
      writer.finish();
    }
    assertThat(root.resolve("parts").resolve(half)).doesNotExist();
    try (var files = Files.list(root.resolve("whole"))) {
      for (var file : files.toList()) {
        assertThat(root.resolve("parts").resolve(file.getFileName())).hasSameBinaryContentAs(file);
      }
    }
    assertThat(numbers(root.resolve("parts"))).isEqualTo(upTo(100));
  }

  @Test
  void resumesAWriteThatHadNotBegun() throws IOException {
    try (var writer = writer("new", "none").resume().open()) {
      assertThat(writer.samples()).isZero();
      write(writer, 0, 3);
      writer.finish();
    }
    assertThat(numbers(root.resolve("new"))).isEqualTo(upTo(3));
  }

  @Test
  void refusesToResumeWhatIsFinishedDamagedOrOfOtherOptions() throws IOException {
    try (var writer = writer("a", "none").open()) {
      write(writer, 0, 100);
      writer.finish();
    }
    assertThatThrownBy(() -> writer("a", "none").resume().open())
        .isInstanceOf(FileAlreadyExistsException.class)
        .hasMessageContaining("finished; append");
    Files.delete(root.resolve("a/index.json"));
    assertThatThrownBy(() -> writer("a", "none").sizeLimit(501).resume().open())
        .isInstanceOf(MalformedShardException.class)
        .hasMessageContaining("not written with the same columns, compression, hashes");
    assertThatThrownBy(() -> writer("a", "zstd").resume().open())
        .isInstanceOf(FileAlreadyExistsException.class)
        .hasMessageContaining("not one of the shards of an interrupted write");
    var shard = root.resolve("a/shard.00001.mds");
    var bytes = Files.readAllBytes(shard);
    Files.write(shard, Arrays.copyOf(bytes, bytes.length - 1));
    assertThatThrownBy(() -> writer("a", "none").resume().open())
        .isInstanceOf(MalformedShardException.class)
        .hasMessageContaining("shard.00001.mds: it has " + (bytes.length - 1) + " bytes");
    Files.delete(shard);
    assertThatThrownBy(() -> writer("a", "none").resume().open())
        .isInstanceOf(FileAlreadyExistsException.class);
  }

  @Test
  void appendsToAFinishedDataSet() throws IOException {
    try (var writer = writer("a", "none").open()) {
      write(writer, 0, 30);
      writer.finish();
    }
    try (var writer = writer("a", "zstd").append().open()) {
      assertThat(writer.samples()).isEqualTo(30);
      write(writer, 30, 50);
      assertThat(ShardIndex.read(root.resolve("a")).samples()).isEqualTo(30);
      writer.finish();
    }
    assertThat(numbers(root.resolve("a"))).isEqualTo(upTo(50));
  }

  @Test
  void appendsToAMergedDataSetWithoutTouchingItsParts() throws IOException {
    for (int part = 0; part < 2; part++) {
      try (var writer = writer("m/" + part, "none").open()) {
        write(writer, 10L * part, 10L * part + 10);
        writer.finish();
      }
    }
    ShardIndex.merge(root.resolve("m"));
    try (var writer = writer("m", "none").append().open()) {
      write(writer, 20, 25);
      writer.finish();
    }
    assertThat(numbers(root.resolve("m"))).isEqualTo(upTo(25));
  }

  @Test
  void refusesToAppendWithOtherColumnsOrToNothing() throws IOException {
    try (var writer = writer("a", "none").open()) {
      write(writer, 0, 3);
      writer.finish();
    }
    assertThatThrownBy(() -> writer("a", "none").column("more", "int").append().open())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("cannot be appended to");
    assertThatThrownBy(() -> writer("b", "none").append().open())
        .isInstanceOf(NoSuchFileException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"zstd", "gz", "br:1", "bz2", "snappy"})
  void namesACompressedShardThatIsDamaged(String compression) throws IOException {
    try (var writer = writer("a", compression).open()) {
      write(writer, 0, 60);
      writer.abort();
    }
    var extension = compression.replaceFirst(":.*", "");
    var shard = root.resolve("a/shard.00001.mds." + extension);
    var whole = Files.readAllBytes(shard);
    var damaged = new ArrayList<byte[]>();
    damaged.add(new byte[0]);
    damaged.add(Arrays.copyOf(whole, whole.length / 2));
    damaged.add(Arrays.copyOf(whole, whole.length - 1));
    for (int at : new int[] {0, 3, whole.length / 2}) {
      var changed = whole.clone();
      changed[at] ^= 0x55;
      damaged.add(changed);
    }
    if (!compression.startsWith("br")) {
      // What follows its end is no concern of Brotli's.
      var longer = Arrays.copyOf(whole, whole.length + 20);
      Arrays.fill(longer, whole.length, longer.length, (byte) 7);
      damaged.add(longer);
    }
    for (var bytes : damaged) {
      Files.write(shard, bytes);
      try (var writer = writer("a", compression).resume().open()) {
        // Not every change of a byte can be seen in formats without checksums.
        assertThat(compression).isIn("zstd", "br:1", "snappy");
        assertThat(bytes).hasSameSizeAs(whole);
        assertThat(writer.samples()).isPositive();
      } catch (MalformedShardException e) {
        assertThat(e).hasMessageContaining(shard.getFileName().toString());
        assertThat(e.getMessage()).containsAnyOf("existOk", "options of the interrupted");
      }
    }
  }
}
