package io.javatorch.streaming.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.javatorch.streaming.TestShards;
import io.javatorch.streaming.format.MalformedShardException;
import io.javatorch.streaming.format.ShardIndex;
import io.javatorch.streaming.storage.Cancellation;
import io.javatorch.streaming.storage.CancelledException;
import io.javatorch.streaming.storage.Downloader;
import io.javatorch.streaming.storage.RetryPolicy;
import io.javatorch.streaming.storage.Storage;
import io.javatorch.streaming.storage.Storages;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How compressed files that are not kept become shards, in memory and through the disk. */
@Timeout(60)
class ShardFolderTest {
  private static final int MEMORY = 1 << 20;

  @TempDir Path root;

  private ShardFolder folder(String remote, List<String> hashes, DownloadMemory memory)
      throws IOException {
    return folder(Storages.connect(remote), hashes, memory);
  }

  private ShardFolder folder(Storage store, List<String> hashes, DownloadMemory memory)
      throws IOException {
    Path local = Files.createDirectories(root.resolve("local"));
    var policy = new RetryPolicy(3, Duration.ofSeconds(50), Duration.ofMillis(1));
    return new ShardFolder(
        new StreamFiles(
            local,
            local,
            Optional.of(new Downloader(store, policy)),
            ShardIndex.read(root.resolve("remote")).shards(),
            hashes,
            false),
        memory);
  }

  private static ShardFolder.Opened open(ShardFolder folder, Cancellation cancellation)
      throws IOException {
    return folder.open(0, false, bytes -> Optional.of(() -> {}), cancellation).orElseThrow();
  }

  private List<String> brought() throws IOException {
    try (var files = Files.walk(root.resolve("local"))) {
      return files
          .filter(Files::isRegularFile)
          .map(file -> file.getFileName().toString())
          .filter(name -> !name.endsWith(".lock"))
          .toList();
    }
  }

  private static void assertFree(DownloadMemory memory, int bytes) {
    assertThat(memory.take(bytes)).isPresent();
    assertThat(memory.take(1)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "zstd,1048576",
    "zstd,0",
    "br,1048576",
    "br,0",
    "snappy,1048576",
    "snappy,0",
    "gz,1048576",
    "gz,0",
    "bz2,1048576",
    "bz2,0"
  })
  void onlyTheRawFileIsThereInTheEnd(String compression, int bytes) throws IOException {
    Path remote = TestShards.write(root.resolve("remote"), compression, 50);
    var memory = new DownloadMemory(bytes, bytes);
    // The second try goes on where the first broke off, and comes to something else.
    try (var folder = folder("faulty:" + remote + "?drop,corrupt", List.of("sha1"), memory)) {
      var opened = open(folder, new Cancellation());
      assertThat(opened.reader().get(49).getLong("id")).isEqualTo(49);
      opened.close();
      assertThat(folder.remote().orElseThrow().retries()).isEqualTo(2);
      assertThat(folder.downloadedShards()).isOne();
      assertThat(folder.decompressedShards()).isOne();
    }
    assertThat(brought()).containsExactly("shard.00000.mds");
    if (bytes > 0) {
      assertFree(memory, bytes);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, MEMORY})
  void aFileThatCannotBeDecompressedNeverGetsItsName(int bytes) throws IOException {
    Path remote = TestShards.write(root.resolve("remote"), "zstd", 50);
    Path zip = remote.resolve("00000/shard.00000.mds.zstd");
    byte[] noise = new byte[(int) Files.size(zip)];
    new Random(3).nextBytes(noise);
    Files.write(zip, noise);
    var memory = new DownloadMemory(bytes, bytes);
    try (var folder = folder(remote.toString(), List.of(), memory)) {
      assertThatThrownBy(() -> open(folder, new Cancellation()))
          .isInstanceOf(MalformedShardException.class)
          .hasMessageContaining("shard.00000.mds.zstd")
          .hasMessageContaining("cannot be decompressed");
    }
    assertThat(brought()).isEmpty();
    if (bytes > 0) {
      assertFree(memory, bytes);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, MEMORY})
  void whatTheStoreLacksIsAskedForOnce(int bytes) throws IOException {
    Path remote = TestShards.write(root.resolve("remote"), "zstd", 50);
    Files.delete(remote.resolve("00000/shard.00000.mds.zstd"));
    Storage store = Storages.connect(remote.toString());
    var opens = new AtomicInteger();
    var counting =
        (Storage)
            Proxy.newProxyInstance(
                Storage.class.getClassLoader(),
                new Class<?>[] {Storage.class},
                (proxy, method, arguments) -> {
                  opens.addAndGet(method.getName().equals("open") ? 1 : 0);
                  try {
                    return method.invoke(store, arguments);
                  } catch (InvocationTargetException e) {
                    throw e.getCause();
                  }
                });
    try (var folder = folder(counting, List.of(), new DownloadMemory(bytes, bytes))) {
      assertThatThrownBy(() -> open(folder, new Cancellation()))
          .isInstanceOf(NoSuchFileException.class);
      assertThat(opens).hasValue(1);
    }
    assertThat(brought()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"stall,0", "stall,1048576", "refuse,1048576"})
  void cancellingLeavesNothing(String fault, int bytes) throws Exception {
    Path remote = TestShards.write(root.resolve("remote"), "zstd", 50);
    var memory = new DownloadMemory(bytes, bytes);
    var cancellation = new Cancellation();
    try (var folder = folder("faulty:" + remote + "?" + fault, List.of(), memory)) {
      var error =
          CompletableFuture.supplyAsync(() -> catchThrowable(() -> open(folder, cancellation)));
      while (Files.notExists(root.resolve("local/.javatorch-shards.lock"))) {
        Thread.onSpinWait();
      }
      cancellation.cancel();
      var thrown = error.get(20, TimeUnit.SECONDS);
      if (fault.equals("stall")) {
        assertThat(thrown).isInstanceOf(CancelledException.class);
        assertThat(brought()).isEmpty();
      }
    }
    if (bytes > 0) {
      assertFree(memory, bytes);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {40, 60})
  void filesThatFindNoMemoryGoThroughTheDisk(int bytes) {
    var memory = new DownloadMemory(100, 50);
    assertThat(memory.take(51)).isEmpty();
    var first = memory.take(Math.min(bytes, 50)).orElseThrow();
    var second = memory.take(50).orElseThrow();
    assertThat(memory.take(11)).isEmpty();
    first.close();
    second.close();
    assertThat(memory.take(50)).isPresent();
    assertThat(memory.take(50)).isPresent();
    assertThat(memory.take(1)).isEmpty();
  }
}
