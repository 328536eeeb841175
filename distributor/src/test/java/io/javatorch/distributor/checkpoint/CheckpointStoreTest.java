package io.javatorch.distributor.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.javatorch.distributor.checkpoint.Checkpoint.OptimizerSnapshot;
import io.javatorch.distributor.collective.Ranks;
import io.javatorch.streaming.LoaderState;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointStoreTest {
  @TempDir Path directory;

  static Checkpoint sample(long step) {
    return sample(step, 1000);
  }

  static Checkpoint sample(long step, int floats) {
    ByteBuffer weights = ByteBuffer.allocate(floats * 4).order(ByteOrder.LITTLE_ENDIAN);
    Random random = new Random(step);
    for (int i = 0; i < floats; i++) {
      weights.putFloat(i * 4, (float) random.nextGaussian());
    }
    return Checkpoint.builder()
        .step(step)
        .epoch(2)
        .worldSize(4)
        .seed(-7)
        .loaderState(new LoaderState(2, 123456789012L, 8, 9176, 2, 0))
        .metadata("note", "with \"quotes\", newline\n and ü")
        .parameters(
            Map.of(
                "01Linear_weight",
                new SavedTensor(SavedTensor.Type.F32, List.of(10L, floats / 10L), weights),
                "02Flag",
                new SavedTensor(
                    SavedTensor.Type.BOOL, List.of(3L), ByteBuffer.wrap(new byte[] {1, 0, 1})),
                "03Scalar",
                new SavedTensor(SavedTensor.Type.I64, List.of(), ByteBuffer.allocate(8)),
                "04Empty",
                new SavedTensor(SavedTensor.Type.F64, List.of(0L, 5L), ByteBuffer.allocate(0))))
        .optimizer(
            new OptimizerSnapshot(
                "adam",
                77,
                Map.of(
                    "exp_avg/01Linear_weight",
                    new SavedTensor(
                        SavedTensor.Type.F32, List.of((long) floats), weights.duplicate()))))
        .build();
  }

  static void assertSame(Checkpoint actual, Checkpoint expected) {
    assertThat(actual.step()).isEqualTo(expected.step());
    assertThat(actual.epoch()).isEqualTo(expected.epoch());
    assertThat(actual.worldSize()).isEqualTo(expected.worldSize());
    assertThat(actual.seed()).isEqualTo(expected.seed());
    assertThat(actual.loaderState()).isEqualTo(expected.loaderState());
    assertThat(actual.metadata()).isEqualTo(expected.metadata());
    assertThat(actual.parameters()).isEqualTo(expected.parameters());
    assertThat(actual.optimizer()).isEqualTo(expected.optimizer());
  }

  private Path file(long step) {
    return directory.resolve(String.format("checkpoint-%012d.safetensors", step));
  }

  @Test
  void whatIsSavedIsLoaded() throws Exception {
    CheckpointStore store = CheckpointStore.in(directory.resolve("new/directory"));
    assertThat(store.latest()).isEmpty();
    store.save(sample(5));
    assertSame(store.latest().orElseThrow(), sample(5));
  }

  @Test
  void aCheckpointMayHoldNextToNothing() throws Exception {
    CheckpointStore store = CheckpointStore.in(directory);
    store.save(Checkpoint.builder().build());
    Checkpoint loaded = store.latest().orElseThrow();
    assertThat(loaded.parameters()).isEmpty();
    assertThat(loaded.optimizer()).isEmpty();
    assertThat(loaded.loaderState()).isEmpty();
    assertThat(loaded.seed()).isEqualTo(OptionalLong.empty());
  }

  @Test
  void theLatestIsThatOfTheHighestStepAndOlderOnesAreDeleted() throws Exception {
    CheckpointStore store = CheckpointStore.in(directory).keepLast(2);
    for (long step : new long[] {1, 2, 30, 4}) {
      store.save(sample(step));
    }
    assertThat(store.steps()).containsExactly(4L, 30L);
    assertThat(store.latest().orElseThrow().step()).isEqualTo(30);
    assertThat(store.load(4).step()).isEqualTo(4);
    store.save(sample(3));
    assertThat(store.steps()).containsExactly(3L, 30L);
    assertThatThrownBy(() -> store.keepLast(0)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aSaveOfTheSameStepReplacesTheEarlierOne() throws Exception {
    CheckpointStore store = CheckpointStore.in(directory);
    store.save(sample(1, 10));
    Checkpoint other = Checkpoint.builder().step(1).metadata("which", "second").build();
    store.save(other);
    assertSame(store.load(1), other);
  }

  @Test
  void foreignAndUnfinishedFilesAreNotTouchedUnlessTheyAreOld() throws Exception {
    Path foreign = Files.writeString(directory.resolve("notes.txt"), "mine");
    Path fresh = Files.writeString(directory.resolve(".checkpoint-1.tmp"), "half");
    Path old = Files.writeString(directory.resolve(".checkpoint-0.tmp"), "half");
    Files.setLastModifiedTime(
        old, FileTime.fromMillis(System.currentTimeMillis() - TimeUnit.HOURS.toMillis(2)));
    CheckpointStore store = CheckpointStore.in(directory);
    assertThat(store.latest()).isEmpty();
    store.save(sample(1));
    assertThat(foreign).exists();
    assertThat(fresh).exists();
    assertThat(old).doesNotExist();
  }

  @Test
  void anyFlippedBitIsFoundAndTheEarlierCheckpointUsed() throws Exception {
    CheckpointStore store = CheckpointStore.in(directory);
    store.save(sample(1, 10));
    store.save(sample(2, 10));
    byte[] whole = Files.readAllBytes(file(2));
    for (int at = 0; at < whole.length; at++) {
      byte[] damaged = whole.clone();
      damaged[at] ^= (byte) (1 << (at % 8));
      Files.write(file(2), damaged);
      assertThat(store.latest().orElseThrow().step()).as("byte %d", at).isEqualTo(1);
    }
  }

  @Test
  void anyTruncationIsFoundAndTheEarlierCheckpointUsed() throws Exception {
    CheckpointStore store = CheckpointStore.in(directory);
    store.save(sample(1, 10));
    store.save(sample(2, 10));
    byte[] whole = Files.readAllBytes(file(2));
    for (int length = 0; length < whole.length; length++) {
      Files.write(file(2), Arrays.copyOf(whole, length));
      assertThat(store.latest().orElseThrow().step()).as("%d bytes", length).isEqualTo(1);
    }
    Files.write(file(2), Arrays.copyOf(whole, whole.length + 1));
    assertThat(store.latest().orElseThrow().step()).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "[]",
        "null",
        "{\"__metadata__\":7}",
        "{\"a\":1,\"a\":2}",
        "@{\"x\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,0]}",
        "@{\"x\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,0]}",
        "@{\"x\":{\"dtype\":\"F32\",\"shape\":[1e2],\"data_offsets\":[0,400]}",
        "@{\"x\":{\"dtype\":\"F32\",\"shape\":[500000000],\"data_offsets\":[0,2000000000]}",
        "@{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}",
        "@{\"x\":{\"dtype\":\"F33\",\"shape\":[1],\"data_offsets\":[0,4]}",
        "@{\"x\":{\"dtype\":\"F32\",\"shape\":[1]}",
        "@{\"x\":7",
      })
  void hostileHeadersAreRefusedBeforeAnythingIsAllocated(String header) throws Exception {
    String metadata =
        "\"__metadata__\":{\"javatorch.format\":\"1\",\"javatorch.sha256\":\""
            + "0".repeat(64)
            + "\"}";
    String text = header.startsWith("@") ? header.substring(1) + "," + metadata + "}" : header;
    byte[] json = text.getBytes(StandardCharsets.UTF_8);
    ByteBuffer file = ByteBuffer.allocate(8 + json.length + 4).order(ByteOrder.LITTLE_ENDIAN);
    file.putLong(json.length).put(json);
    Files.write(file(1), file.array());
    CheckpointStore store = CheckpointStore.in(directory);
    assertThatThrownBy(() -> store.load(1))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining(file(1).toString())
        .hasMessageContaining("is damaged");
    assertThat(store.latest()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(longs = {0, -1, Long.MAX_VALUE, Long.MIN_VALUE, 99_999_999, 100_000_001})
  void impossibleHeaderLengthsAreRefused(long length) throws Exception {
    Files.write(
        file(1), ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN).putLong(length).array());
    assertThatThrownBy(() -> CheckpointStore.in(directory).load(1))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("the header says it has " + length + " bytes");
  }

  @Test
  void aWriteThatFailsLeavesTheEarlierCheckpointsAndNoRubbish() throws Exception {
    CheckpointStorage local = new LocalCheckpointStorage(directory);
    CheckpointStore.in(local).save(sample(1));
    assertThatThrownBy(
            () ->
                local.write(
                    "checkpoint-000000000002.safetensors",
                    out -> {
                      out.write(ByteBuffer.allocate(100));
                      throw new IOException("disk full");
                    }))
        .hasMessage("disk full");
    try (Stream<Path> files = Files.list(directory)) {
      assertThat(files).containsExactly(file(1));
    }
  }

  @Test
  void ranksThatCannotReadTheStoreGetTheCheckpointFromRankZero() throws Exception {
    Ranks.run(
        3,
        group -> {
          Optional<Checkpoint> none = Checkpoint.broadcast(Optional.empty(), group);
          assertThat(none).isEmpty();
          Optional<Checkpoint> own =
              group.rank() == 0 ? Optional.of(sample(9, 50_000)) : Optional.empty();
          assertSame(Checkpoint.broadcast(own, group).orElseThrow(), sample(9, 50_000));
          return null;
        });
  }

  @Test
  void aTensorMustHaveTheBytesOfItsShape() {
    assertThatThrownBy(
            () -> new SavedTensor(SavedTensor.Type.F32, List.of(2L, 3L), ByteBuffer.allocate(20)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("20 bytes do not fill a tensor F32[2, 3]");
  }

  @Test
  void savingAndLoadingAtTheSameTimeDoNotDisturbEachOther() throws Exception {
    CheckpointStore store = CheckpointStore.in(directory).keepLast(1);
    store.save(sample(0, 1000));
    List<Throwable> problems = new ArrayList<>();
    Thread reader =
        new Thread(
            () -> {
              try {
                long last = 0;
                while (last < 60) {
                  Optional<Checkpoint> found = store.latest();
                  // A file may be deleted between the listing and the reading; then nothing is
                  // found.
                  if (found.isPresent()) {
                    assertThat(found.get().step()).isGreaterThanOrEqualTo(last);
                    last = found.get().step();
                  }
                }
              } catch (IOException | AssertionError e) {
                problems.add(e);
              }
            });
    reader.start();
    for (long step = 1; step <= 60; step++) {
      store.save(sample(step, 1000));
    }
    reader.join(20_000);
    assertThat(problems).isEmpty();
    assertThat(reader.isAlive()).isFalse();
  }
}
