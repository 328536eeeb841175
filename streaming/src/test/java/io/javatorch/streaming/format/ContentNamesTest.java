package io.javatorch.streaming.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.javatorch.streaming.codec.HashAlgorithm;
import io.javatorch.streaming.storage.Storages;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ContentNamesTest {
  private static final int SAMPLES = 40;

  @TempDir private Path root;

  private static MdsWriter.Builder described(MdsWriter.Builder builder) {
    return builder.columns(Map.of("id", "int", "text", "str")).sizeLimit(400).contentNames();
  }

  private static void writeSamples(MdsWriter writer, int from) throws IOException {
    for (int i = from; i < from + SAMPLES; i++) {
      writer.write(Map.of("id", i, "text", "sample " + i));
    }
  }

  private static String hash(Path file) throws IOException {
    var hasher = new HashAlgorithm("xxh3_64").start();
    var bytes = Files.readAllBytes(file);
    hasher.update(bytes, 0, bytes.length);
    return hasher.hexDigest();
  }

  private static List<String> names(Path directory) throws IOException {
    try (var files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  private static void checkNames(ShardIndex index, Path directory, int firstNumber)
      throws IOException {
    int number = firstNumber;
    for (var shard : index.shards()) {
      var stored = shard.data().stored();
      var hash = hash(stored.in(directory));
      assertThat(stored.bytes()).isEqualTo(Files.size(stored.in(directory)));
      assertThat(shard.data().raw().basename())
          .isEqualTo("shard.%05d.%s.mds".formatted(number++, hash));
      shard
          .data()
          .zip()
          .ifPresent(
              zip ->
                  assertThat(zip.basename())
                      .isEqualTo(
                          shard.data().raw().basename() + "." + shard.compression().orElseThrow()));
    }
  }

  @ParameterizedTest
  @CsvSource({",0,64000000", ",2,64000000", "zstd,0,64000000", "zstd,2,64000000", "zstd,2,1"})
  void eachShardIsNamedAfterWhatIsStored(String compression, int threads, long bufferBytes)
      throws IOException {
    var builder = described(MdsWriter.builder(root)).shardThreads(threads).bufferBytes(bufferBytes);
    if (compression != null) {
      builder.compression(compression);
    }
    try (var writer = builder.hashes("sha1", "xxh3_64").open()) {
      writeSamples(writer, 0);
      var index = writer.finish();

      assertThat(index.shards()).hasSizeGreaterThan(2);
      checkNames(index, root, 0);
      for (var shard : index.shards()) {
        var stored = shard.data().stored();
        ShardFiles.verify(stored, stored.in(root), List.of("sha1", "xxh3_64"));
        assertThat(stored.hashes()).containsOnlyKeys("sha1", "xxh3_64");
      }
    }
    assertThat(names(root)).noneMatch(name -> name.endsWith(".tmp"));
    try (var data = LocalDataSet.open(root)) {
      assertThat(data.get(SAMPLES - 1).get("text")).isEqualTo("sample " + (SAMPLES - 1));
    }
  }

  @Test
  void aShardBeyondTheBufferIsNamedToo() throws IOException {
    try (var writer =
        MdsWriter.builder(root)
            .column("data", "bytes")
            .compression("zstd")
            .contentNames()
            .bufferBytes(1)
            .open()) {
      for (int i = 0; i < 10; i++) {
        writer.write(Map.of("data", new byte[200_000]));
      }
      var index = writer.finish();
      assertThat(index.shards()).hasSize(1);
      checkNames(index, root, 0);
    }
  }

  @Test
  void appendedShardsGoOnWithTheNextNumber() throws IOException {
    int first;
    try (var writer = described(MdsWriter.builder(root)).open()) {
      writeSamples(writer, 0);
      first = writer.finish().shards().size();
    }
    try (var writer = described(MdsWriter.builder(root)).append().open()) {
      writeSamples(writer, SAMPLES);
      var index = writer.finish();
      assertThat(index.shards()).hasSizeGreaterThan(first);
      checkNames(index, root, 0);
      assertThat(index.samples()).isEqualTo(2L * SAMPLES);
    }
  }

  @Test
  void anotherDataSetHasOtherNames() throws IOException {
    var all = new TreeSet<String>();
    for (int i = 0; i < 2; i++) {
      var directory = root.resolve("set" + i);
      try (var writer = described(MdsWriter.builder(directory)).noIndex().open()) {
        writeSamples(writer, i);
        writer.finish();
      }
      all.addAll(names(directory));
    }
    assertThat(all).hasSize(2 * names(root.resolve("set0")).size());
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void withoutAnIndexTheShardsComeToADirectoryThatOthersUse(boolean remote) throws IOException {
    var shared = Files.createDirectories(root.resolve("shared"));
    Files.writeString(shared.resolve("other"), "of another");
    ShardIndex before = null;
    for (int attempt = 0; attempt < 2; attempt++) {
      var builder =
          described(
              remote
                  ? MdsWriter.builder(root.resolve("local"))
                      .remote(Storages.connect(shared.toString()))
                  : MdsWriter.builder(shared));
      try (var writer = builder.noIndex().open()) {
        writeSamples(writer, 0);
        var index = writer.finish();
        checkNames(index, shared, 0);
        assertThat(index.samples()).isEqualTo(SAMPLES);
        assertThat(before == null || before.equals(index)).isTrue();
        before = index;
      }
    }
    assertThat(names(shared))
        .hasSize(1 + before.shards().size())
        .contains("other")
        .doesNotContain("index.json");
    assertThat(root.resolve("local")).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void anAbortedWriterLeavesWhatAnotherMayHaveWritten(boolean remote) throws IOException {
    var shared = root.resolve("shared");
    try (var writer = described(MdsWriter.builder(shared)).noIndex().open()) {
      writeSamples(writer, 0);
      writer.finish();
    }
    var all = names(shared);
    var builder =
        described(
            remote
                ? MdsWriter.builder(root.resolve("local")).remote(shared.toString())
                : MdsWriter.builder(shared));
    try (var writer = builder.noIndex().open()) {
      writeSamples(writer, 0);
      writer.abort();
    }
    assertThat(names(shared)).isEqualTo(all);
  }

  @Test
  void withoutContentNamesTheDirectoryMustBeEmptyAndAnAbortedWriterTakesItsShardsAway()
      throws IOException {
    var store = root.resolve("store");
    var plain =
        MdsWriter.builder(root.resolve("local")).column("id", "int").remote(store.toString());
    try (var writer = plain.noIndex().sizeLimit(100).open()) {
      for (int i = 0; i < 100; i++) {
        writer.write(Map.of("id", i));
      }
      writer.abort();
    }
    assertThat(names(store)).isEmpty();
    Files.writeString(store.resolve("other"), "of another");
    assertThatThrownBy(plain::open).isInstanceOf(FileAlreadyExistsException.class);
  }

  @Test
  void whatContradictsItIsRefused() {
    assertThatThrownBy(() -> described(MdsWriter.builder(root)).resume().open())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("contentNames");
    assertThatThrownBy(() -> described(MdsWriter.builder(root)).noIndex().append().open())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("noIndex");
  }
}
