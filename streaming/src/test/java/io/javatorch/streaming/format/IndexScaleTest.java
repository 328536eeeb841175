package io.javatorch.streaming.format;

import static org.assertj.core.api.Assertions.assertThat;

import io.javatorch.streaming.StreamingDataset;
import io.javatorch.streaming.World;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Reads, writes, merges and opens an index of many shards, and prints what it takes. Few in the
 * build; set {@code -Djavatorch.scale.shards=100000} for many.
 */
class IndexScaleTest {
  private static final int SHARDS = Integer.getInteger("javatorch.scale.shards", 5_000);

  /**
   * What a shard with two hashes of both forms may take: its names and digests, and little else.
   */
  private static final long MOST_BYTES_A_SHARD = 800;

  @TempDir private Path directory;

  private static String digest(int i, int digits) {
    return String.format(Locale.ROOT, "%0" + digits + "x", i * 2_654_435_761L);
  }

  private static ShardIndex index(int shards) {
    var columns =
        List.of(
            new Column("image", "jpeg"),
            new Column("label", "int32"),
            new Column("text", "str"),
            new Column("vector", "ndarray:float32:512"));
    var infos = new ArrayList<ShardInfo>();
    for (int i = 0; i < shards; i++) {
      var name = String.format(Locale.ROOT, "shard.%05d.mds", i);
      var hashes = Map.of("sha256", digest(i, 64), "xxh64", digest(i, 16));
      infos.add(
          ShardInfo.mds(
              1_000,
              columns,
              Optional.of("zstd"),
              List.of("sha256", "xxh64"),
              OptionalLong.of(1 << 26),
              new FilePair(
                  new FileInfo(name, 67_000_000 + i, hashes),
                  Optional.of(new FileInfo(name + ".zstd", 33_000_000 + i, hashes)))));
    }
    return new ShardIndex(infos);
  }

  private static long usedHeap() {
    long used = Long.MAX_VALUE;
    for (int i = 0; i < 4; i++) {
      System.gc();
      var runtime = Runtime.getRuntime();
      used = Math.min(used, runtime.totalMemory() - runtime.freeMemory());
    }
    return used;
  }

  @Test
  void readsAnIndexOfManyShardsCompactly() throws IOException {
    long start = System.nanoTime();
    index(SHARDS).write(directory);
    long written = System.nanoTime();
    long before = usedHeap();
    long from = System.nanoTime();
    var index = ShardIndex.read(directory);
    long read = System.nanoTime() - from;
    long bytesAShard = (usedHeap() - before) / SHARDS;
    System.out.printf(
        Locale.ROOT,
        "scale: an index of %d shards, %d bytes: made and written in %d ms, read in %d ms, %d bytes"
            + " of heap a shard%n",
        SHARDS,
        Files.size(directory.resolve("index.json")),
        (written - start) / 1_000_000,
        read / 1_000_000,
        bytesAShard);
    assertThat(index.shards()).hasSize(SHARDS);
    assertThat(index.samples()).isEqualTo(1_000L * SHARDS);
    assertThat(bytesAShard).isLessThan(MOST_BYTES_A_SHARD);
    assertThat(index).isEqualTo(index(SHARDS));
    var again = Files.createDirectory(directory.resolve("again"));
    index.write(again);
    assertThat(again.resolve("index.json")).hasSameBinaryContentAs(directory.resolve("index.json"));
  }

  @Test
  void mergesManyShards() throws IOException {
    int parts = 10;
    for (int i = 0; i < parts; i++) {
      index(SHARDS / parts).write(Files.createDirectory(directory.resolve("part-" + i)));
    }
    long from = System.nanoTime();
    var merged = ShardIndex.merge(directory);
    System.out.printf(
        "scale: merged %d indexes of %d shards in %d ms%n",
        parts, merged.shards().size(), (System.nanoTime() - from) / 1_000_000);
    assertThat(merged).isEqualTo(ShardIndex.read(directory));
  }

  @Test
  void opensADataSetOfManyShardsWithoutALookAtEach() throws IOException {
    // Their files do not exist, so that a look at one of them would fail.
    index(SHARDS).write(directory);
    long from = System.nanoTime();
    try (var dataset =
        StreamingDataset.builder().local(directory).batchSize(8).world(World.single()).build()) {
      System.out.printf(
          "scale: opened a data set of %d shards in %d ms%n",
          SHARDS, (System.nanoTime() - from) / 1_000_000);
      assertThat(dataset.size()).isEqualTo(1_000L * SHARDS);
    }
    assertThat(Files.readString(directory.resolve("index.json"), StandardCharsets.US_ASCII))
        .startsWith("{\"shards\": [{\"column_encodings\"");
  }
}
