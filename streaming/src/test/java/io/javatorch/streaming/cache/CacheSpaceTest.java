package io.javatorch.streaming.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.javatorch.streaming.TestShards;
import io.javatorch.streaming.format.ShardIndex;
import io.javatorch.streaming.format.ShardInfo;
import io.javatorch.streaming.storage.Cancellation;
import io.javatorch.streaming.storage.Downloader;
import io.javatorch.streaming.storage.RetryPolicy;
import io.javatorch.streaming.storage.Storages;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What is counted of a cache, with two objects that share it as two processes do. */
@Timeout(60)
class CacheSpaceTest {
  @TempDir private Path root;
  private Path remote;
  private Path local;
  private List<ShardInfo> shards;
  private long bytes;

  @BeforeEach
  void write() throws IOException {
    remote = TestShards.write(root.resolve("remote"), null, 20, 20, 20, 20);
    local = Files.createDirectories(root.resolve("local"));
    shards = ShardIndex.read(remote).shards();
    bytes = shards.get(0).rawBytes();
  }

  private ShardFolder folder() throws IOException {
    var downloader = new Downloader(Storages.connect(remote.toString()), RetryPolicy.DEFAULT);
    return new ShardFolder(
        new StreamFiles(local, local, Optional.of(downloader), shards, List.of(), false),
        DownloadMemory.ofThisProcess());
  }

  private static ShardFolder.Reservation reserve(
      CacheSpace space, ShardFolder folder, int shard, long bytes) throws IOException {
    return space.reserve(folder, shard, bytes, Optional::empty, new Cancellation());
  }

  private Path bring(int shard) throws IOException {
    var file = shards.get(shard).data().raw();
    Path target = file.in(local);
    Files.createDirectories(target.getParent());
    return Files.copy(file.in(remote), target);
  }

  @Test
  void aShardThatAnotherSeesBeforeItIsReleasedCountsOnce() throws IOException {
    try (var one = folder();
        var other = folder();
        var first = new CacheSpace(List.of(one), 4 * bytes, new Cancellation());
        var second = new CacheSpace(List.of(other), 4 * bytes, new Cancellation())) {
      try (var room = reserve(first, one, 0, bytes)) {
        bring(0);
        // The second has not looked at the disk yet.
        reserve(second, other, 1, bytes).close();
        assertThat(room).isNotNull();
      }
      try (var room = reserve(second, other, 1, 3 * bytes)) {
        assertThat(room).isNotNull();
      }
      assertThat(second.evictedShards()).isZero();
      try (var room = reserve(second, other, 1, 3 * bytes + 1)) {
        assertThat(room).isNotNull();
      }
      assertThat(second.evictedShards()).isOne();
    }
  }

  @Test
  void aShardWhoseReleaseFailsIsCountedLater() throws IOException {
    try (var folder = folder();
        var space = new CacheSpace(List.of(folder), 4 * bytes, new Cancellation())) {
      var room = reserve(space, folder, 0, bytes);
      Path file = bring(0);
      Thread.currentThread().interrupt();
      assertThatThrownBy(room::close).isInstanceOf(ClosedByInterruptException.class);
      assertThat(Thread.interrupted()).isTrue();
      reserve(space, folder, 1, 3 * bytes).close();
      assertThat(file).exists();
      reserve(space, folder, 1, 3 * bytes + 1).close();
      assertThat(file).doesNotExist();
    }
  }

  @Test
  void deletesWhatAKilledProcessLeftUnlessItsShardIsBeingBrought() throws IOException {
    Path place = bring(0).getParent();
    String name = shards.get(1).data().raw().in(local).getFileName().toString();
    Path directory = Files.createDirectories(shards.get(1).data().raw().in(local).getParent());
    Path left = Files.write(directory.resolve("." + name + ".0123-4567.tmp"), new byte[9]);
    Path strange = Files.write(place.resolve(".notes.txt.0123.tmp"), new byte[9]);
    try (var locks = new HostLock(local.resolve(".javatorch-shards.lock"), Duration.ofMinutes(1));
        var folder = folder()) {
      try (var held = locks.acquire(1, "a test", new Cancellation());
          var space = new CacheSpace(List.of(folder), 4 * bytes, new Cancellation())) {
        reserve(space, folder, 2, bytes).close();
        assertThat(left).exists();
        assertThat(held).isNotNull();
      }
      try (var space = new CacheSpace(List.of(folder), 4 * bytes, new Cancellation())) {
        reserve(space, folder, 2, bytes).close();
      }
      assertThat(left).doesNotExist();
      assertThat(strange).exists();
    }
  }

  @Test
  void deletesCopiesOfTheIndexThatAreTooOldToBeInUse() throws IOException {
    Path index = Files.copy(remote.resolve("index.json"), local.resolve("index.json"));
    String copy = "index.json.01234567-0123-0123-0123-0123456789ab";
    Path old = Files.write(local.resolve("." + copy), new byte[3]);
    Path older = Files.write(local.resolve(".." + copy + ".x.tmp"), new byte[3]);
    Path young = Files.write(local.resolve("." + copy + ".tmp"), new byte[3]);
    var past = FileTime.fromMillis(1_000_000);
    Files.setLastModifiedTime(old, past);
    Files.setLastModifiedTime(older, past);
    Files.setLastModifiedTime(index, past);
    try (var downloader =
        new Downloader(Storages.connect(remote.toString()), RetryPolicy.DEFAULT)) {
      HostIndex.bring(index, "index.json", downloader, 1);
    }
    assertThat(old).doesNotExist();
    assertThat(older).doesNotExist();
    assertThat(young).exists();
    assertThat(index).exists();
  }
}
