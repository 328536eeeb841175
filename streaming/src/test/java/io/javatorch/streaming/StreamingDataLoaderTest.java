package io.javatorch.streaming;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.javatorch.streaming.order.ShuffleAlgorithm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StreamingDataLoaderTest {
  private static final int SAMPLES = 96;

  @TempDir Path root;
  private Path directory;

  @BeforeEach
  void write() throws IOException {
    directory = TestShards.write(root.resolve("data"), "zstd", 17, 1, 30, 24, 23, 1);
  }

  private StreamingDataset dataset(World world, int batchSize) {
    return StreamingDataset.builder()
        .local(directory)
        .batchSize(batchSize)
        .shuffle(true)
        .shuffleBlockSize(40)
        .numCanonicalNodes(4)
        .world(world)
        .build();
  }

  private static StreamingDataLoader<List<Long>> loader(StreamingDataset dataset, int workers) {
    return StreamingDataLoader.builder(dataset)
        .workers(workers)
        .build(sample -> sample.getLong("id"));
  }

  private static List<List<Long>> rest(Iterator<List<Long>> batches) {
    var all = new ArrayList<List<Long>>();
    batches.forEachRemaining(all::add);
    return all;
  }

  @ParameterizedTest
  @CsvSource({"1,8", "2,8", "3,7", "4,5"})
  void goesOnWithExactlyTheSamplesThatWereLeft(int workers, int batchSize) {
    try (var dataset = dataset(World.of(1, 1, 2), batchSize);
        var whole = loader(dataset, workers)) {
      rest(whole.iterator());
      List<List<Long>> expected = rest(whole.iterator());
      assertThat(whole.epoch()).isEqualTo(1);
      for (int taken = 0; taken <= expected.size(); taken++) {
        LoaderState state;
        try (var first = loader(dataset, workers)) {
          rest(first.iterator());
          var batches = first.iterator();
          for (int i = 0; i < taken; i++) {
            assertThat(batches.next()).isEqualTo(expected.get(i));
          }
          state = LoaderState.fromJson(first.state().toJson());
        }
        try (var other = dataset(World.of(1, 1, 2), batchSize);
            var second = loader(other, workers)) {
          second.loadState(state);
          assertThat(second.state()).isEqualTo(state);
          List<List<Long>> left = rest(second.iterator());
          assertThat(flat(left)).isEqualTo(flat(expected.subList(taken, expected.size())));
          List<List<Long>> next = rest(second.iterator());
          assertThat(second.epoch()).isEqualTo(2);
          assertThat(flat(next)).isEqualTo(flat(rest(whole(dataset, workers, 2))));
        }
      }
    }
  }

  private Iterator<List<Long>> whole(StreamingDataset dataset, int workers, int epoch) {
    var loader = loader(dataset, workers);
    var start = dataset.start();
    loader.loadState(new LoaderState(epoch, 0, start.numCanonicalNodes(), start.shuffleSeed(), 0));
    return loader.iterator();
  }

  @ParameterizedTest
  @CsvSource({"1,1,8", "1,2,4", "2,2,2", "4,2,1", "1,8,1", "2,1,4", "1,4,2"})
  void otherWorldsOfTheSameGlobalBatchGoOnWithTheSameGlobalBatches(
      int nodes, int ranks, int batchSize) {
    List<List<Long>> expected = globalBatches(2, 2, 2, null, SAMPLES / 8);
    assertThat(sorted(expected)).isEqualTo(LongStream.range(0, SAMPLES).boxed().toList());
    for (int taken = 0; taken <= expected.size(); taken++) {
      var state = new LoaderState[1];
      globalBatches(2, 2, 2, state, taken);
      List<List<Long>> left = globalBatches(nodes, ranks, batchSize, state, SAMPLES);
      assertThat(left).isEqualTo(expected.subList(taken, expected.size()));
    }
  }

  /** Canonical nodes, nodes and ranks do not divide the samples. */
  @ParameterizedTest
  @CsvSource({"1,1,8,2", "1,2,4,3", "2,2,2,5", "4,2,1,6", "1,8,1,7", "2,1,4,9", "1,4,2,12"})
  void otherWorldsGoOnToTheEndOfAnAwkwardNumberOfSamples(
      int nodes, int ranks, int batchSize, int lastShard) throws IOException {
    directory = TestShards.write(root.resolve("awkward"), "zstd", 17, 1, 30, 24, 23, lastShard);
    List<List<Long>> expected = globalBatches(2, 2, 2, null, SAMPLES);
    assertThat(sorted(expected)).containsAll(LongStream.range(0, 95 + lastShard).boxed().toList());
    for (int taken = 0; taken <= expected.size(); taken++) {
      var state = new LoaderState[1];
      globalBatches(2, 2, 2, state, taken);
      List<List<Long>> left = globalBatches(nodes, ranks, batchSize, state, SAMPLES);
      assertThat(left).as("after " + taken).hasSize(expected.size() - taken);
      // The last batch is filled up, as the number of ranks needs it.
      for (int i = taken; i < expected.size() - 1; i++) {
        assertThat(left.get(i - taken)).isEqualTo(expected.get(i));
      }
      if (taken < expected.size()) {
        assertThat(left.get(left.size() - 1)).containsAll(expected.get(expected.size() - 1));
      }
    }
  }

  @Test
  void theTailThatRepeatsSamplesIsGoneOnWithWhereItWasLeft() throws IOException {
    directory = TestShards.write(root.resolve("awkward"), null, 100);
    try (var dataset =
            StreamingDataset.builder()
                .local(directory)
                .batchSize(2)
                .shuffle(true)
                .shuffleAlgorithm(ShuffleAlgorithm.PY1S)
                .build();
        var loader = loader(dataset, 1)) {
      List<List<Long>> whole = rest(loader.iterator());
      assertThat(loader.state().numCanonicalNodes()).isEqualTo(64);
      assertThat(loader.state().sampleInEpoch()).isEqualTo(128);
      for (int read : new int[] {100, 102, 110, 126, 128}) {
        loader.loadState(new LoaderState(0, read, 64, 9176, 1));
        assertThat(rest(loader.iterator())).isEqualTo(whole.subList(read / 2, 64));
      }
      assertThatThrownBy(() -> loader.loadState(new LoaderState(0, 130, 64, 9176, 1)))
          .hasMessageContaining("130 samples")
          .hasMessageContaining("128 with");
    }
  }

  @Test
  void whoWaitsForABatchIsWokenWhenTheLoaderIsClosed() throws Exception {
    var release = new CountDownLatch(1);
    try (var dataset = dataset(World.single(), 8)) {
      var loader =
          StreamingDataLoader.builder(dataset)
              .build(
                  sample -> {
                    release.await();
                    return sample.getLong("id");
                  });
      var batches = loader.iterator();
      var failure = new Throwable[1];
      var waiting =
          new Thread(
              () -> {
                try {
                  batches.next();
                } catch (RuntimeException e) {
                  failure[0] = e;
                }
              });
      waiting.start();
      while (waiting.getState() != Thread.State.WAITING) {
        Thread.onSpinWait();
      }
      var closing = new Thread(loader::close);
      closing.start();
      waiting.join(20_000);
      release.countDown();
      closing.join();
      assertThat(waiting.isAlive()).isFalse();
      assertThat(failure[0])
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("closed");
    }
  }

  /** The samples of each step over all ranks, sorted; from the state if it holds one. */
  private List<List<Long>> globalBatches(
      int nodes, int ranks, int batchSize, LoaderState[] state, int steps) {
    var batches = new ArrayList<List<Long>>();
    LoaderState from = state == null ? null : state[0];
    for (int rank = 0; rank < nodes * ranks; rank++) {
      try (var dataset = dataset(World.of(rank, nodes, ranks), batchSize);
          var loader = loader(dataset, 2)) {
        if (from != null) {
          loader.loadState(from);
        }
        var iterator = loader.iterator();
        for (int step = 0; step < steps && iterator.hasNext(); step++) {
          if (batches.size() <= step) {
            batches.add(new ArrayList<>());
          }
          batches.get(step).addAll(iterator.next());
        }
        if (state != null) {
          assertThat(rank == 0 || loader.state().equals(state[0])).isTrue();
          state[0] = loader.state();
        }
      }
    }
    batches.forEach(Collections::sort);
    return batches;
  }

  private static List<Long> flat(List<List<Long>> batches) {
    return batches.stream().flatMap(List::stream).toList();
  }

  private static List<Long> sorted(List<List<Long>> batches) {
    return batches.stream().flatMap(List::stream).sorted().toList();
  }

  @Test
  void replicatesSamplesToConsecutiveRanks() {
    var byRank = new ArrayList<List<Long>>();
    for (int rank = 0; rank < 4; rank++) {
      try (var dataset =
              StreamingDataset.builder()
                  .local(directory)
                  .batchSize(8)
                  .shuffle(true)
                  .replication(2)
                  .world(World.of(rank, 1, 4))
                  .build();
          var loader = loader(dataset, 2)) {
        byRank.add(flat(rest(loader.iterator())));
        assertThat(loader.state().sampleInEpoch()).isEqualTo(SAMPLES);
        assertThat(dataset.samplesPerRank()).isEqualTo(SAMPLES / 2);
      }
    }
    assertThat(byRank.get(0)).isEqualTo(byRank.get(1)).doesNotContainAnyElementsOf(byRank.get(2));
    assertThat(byRank.get(2)).isEqualTo(byRank.get(3)).hasSize(SAMPLES / 2);
  }

  @Test
  void leavesOutIncompleteBatchesIfAsked() {
    try (var dataset = dataset(World.single(), 7);
        var loader =
            StreamingDataLoader.builder(dataset)
                .workers(2)
                .dropLast(true)
                .build(sample -> sample.getLong("id"))) {
      List<List<Long>> batches = rest(loader.iterator());
      assertThat(batches).hasSize(SAMPLES / 7).allMatch(batch -> batch.size() == 7);
      assertThat(loader.state().sampleInEpoch()).isEqualTo(SAMPLES / 7 * 7);
    }
  }

  @Test
  void countsOnlyBatchesThatWereTaken() {
    try (var dataset = dataset(World.of(0, 1, 2), 8);
        var loader = loader(dataset, 2)) {
      assertThat(loader.state()).isEqualTo(dataset.start());
      var batches = loader.iterator();
      assertThat(batches.hasNext()).isTrue();
      assertThat(loader.state().sampleInEpoch()).isZero();
      batches.next();
      assertThat(loader.state())
          .isEqualTo(new LoaderState(0, 16, 4, 9176, 1, SAMPLES, dataset.start().order()));
    }
  }

  @Test
  void aFailureComesWithTheSampleAfterTheBatchesBeforeIt() {
    try (var dataset = dataset(World.single(), 8)) {
      List<Long> order;
      try (var loader = loader(dataset, 1)) {
        order = flat(rest(loader.iterator()));
      }
      long bad = order.get(20);
      try (var loader =
          StreamingDataLoader.builder(dataset)
              .workers(2)
              .build(
                  sample -> {
                    if (sample.getLong("id") == bad) {
                      throw new IOException("no such picture");
                    }
                    return sample.getLong("id");
                  })) {
        var batches = loader.iterator();
        assertThat(batches.next()).isEqualTo(order.subList(0, 8));
        assertThat(batches.next()).isEqualTo(order.subList(8, 16));
        assertThatThrownBy(batches::next)
            .isInstanceOf(SampleReadException.class)
            .hasMessageContaining("sample " + bad)
            .hasMessageContaining("no such picture");
        assertThat(batches.hasNext()).isFalse();
        assertThat(loader.state().sampleInEpoch()).isEqualTo(16);
      }
    }
  }

  @Test
  void aDamagedShardIsNamed() throws IOException {
    Path shard = directory.resolve("00002/shard.00000.mds.zstd");
    byte[] bytes = Files.readAllBytes(shard);
    bytes[bytes.length / 2] ^= 0x55;
    Files.write(shard, bytes);
    try (var dataset =
            StreamingDataset.builder().local(directory).batchSize(4).validateHash("sha1").build();
        var loader = loader(dataset, 2)) {
      assertThatThrownBy(() -> rest(loader.iterator()))
          .isInstanceOf(SampleReadException.class)
          .hasMessageContaining("00002/shard.00000.mds.zstd")
          .satisfies(e -> assertThat(((SampleReadException) e).sampleId()).isBetween(18L, 47L));
    }
  }

  @Test
  void anEpochThatIsLeftEarlyLeavesNoThreads() {
    try (var dataset = dataset(World.single(), 4);
        var loader = loader(dataset, 3)) {
      var first = loader.iterator();
      first.next();
      var second = loader.iterator();
      assertThat(first.hasNext()).isFalse();
      assertThat(loader.epoch()).isEqualTo(1);
      second.next();
      loader.close();
      assertThat(Thread.getAllStackTraces().keySet())
          .noneMatch(thread -> thread.getName().matches("streaming-(epoch|predownload).*"));
      assertThatThrownBy(loader::iterator).hasMessageContaining("closed");
    }
  }

  @Test
  void aStateOfAnotherDataSetIsRefused() {
    try (var dataset = dataset(World.single(), 8);
        var loader = loader(dataset, 1)) {
      var batches = loader.iterator();
      batches.next();
      assertThatThrownBy(() -> loader.loadState(new LoaderState(0, 200, 4, 9176, 1)))
          .hasMessageContaining("200 samples")
          .hasMessageContaining("another data set");
      assertThatThrownBy(() -> loader.loadState(new LoaderState(0, 8, 4, 9176, 1, 95)))
          .hasMessageContaining("95 samples an epoch");
      // 5 canonical nodes cannot go on one node if the run began on 2: nothing divides.
      assertThatThrownBy(
              () -> {
                try (var two = dataset(World.of(0, 2, 1), 3);
                    var other = loader(two, 1)) {
                  other.loadState(new LoaderState(0, 8, 5, 9176, 5));
                }
              })
          .hasMessageContaining("global batch size 6");
      assertThat(loader.state().sampleInEpoch()).isEqualTo(8);
      assertThat(batches.next()).hasSize(8);
    }
  }

  @Test
  void aStateOfAnotherOrderIsRefusedUnlessAnEpochBegins() throws IOException {
    Path divided = TestShards.write(root.resolve("divided"), null, 48, 48);
    LoaderState state;
    try (var dataset = dataset(World.single(), 8);
        var loader = loader(dataset, 1)) {
      loader.iterator().next();
      state = LoaderState.fromJson(loader.state().toJson());
    }
    var others =
        List.of(
            StreamingDataset.builder().local(divided).shuffle(true).shuffleBlockSize(40),
            StreamingDataset.builder().local(directory).shuffle(true),
            StreamingDataset.builder().local(directory),
            StreamingDataset.builder()
                .local(directory)
                .shuffle(true)
                .shuffleBlockSize(40)
                .shuffleAlgorithm(ShuffleAlgorithm.PY1BR));
    for (var other : others) {
      try (var dataset = other.batchSize(8).build();
          var loader = loader(dataset, 1)) {
        assertThatThrownBy(() -> loader.loadState(state))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("py1e, blocks of 40, batching random")
            .hasMessageContaining("would repeat some samples");
        loader.loadState(
            new LoaderState(3, 0, 4, state.shuffleSeed(), 1, state.epochSize(), state.order()));
        assertThat(rest(loader.iterator())).hasSize(SAMPLES / 8);
        assertThat(loader.epoch()).isEqualTo(3);
      }
    }
    // Batch size, canonical nodes and seed are free or come with the state.
    try (var dataset =
            StreamingDataset.builder()
                .local(directory)
                .batchSize(4)
                .shuffle(true)
                .shuffleBlockSize(40)
                .shuffleSeed(1)
                .build();
        var loader = loader(dataset, 2)) {
      loader.loadState(state);
      assertThat(rest(loader.iterator())).hasSize((SAMPLES - 8) / 4);
      assertThat(loader.state().shuffleSeed()).isEqualTo(state.shuffleSeed());
    }
  }

  @Test
  void anOlderEpochIsGoneBackToAndNotPassedOver() {
    try (var dataset = dataset(World.single(), 8);
        var loader = loader(dataset, 1)) {
      List<List<Long>> first = rest(loader.iterator());
      rest(loader.iterator());
      assertThat(loader.epoch()).isEqualTo(1);
      loader.loadState(new LoaderState(0, 16, 4, 9176, 1));
      assertThat(rest(loader.iterator())).isEqualTo(first.subList(2, first.size()));
    }
  }

  @Test
  void epochsDifferAndRunsDoNot() {
    try (var dataset = dataset(World.single(), 8);
        var one = loader(dataset, 1);
        var two = loader(dataset, 4)) {
      List<Long> first = flat(rest(one.iterator()));
      List<Long> second = flat(rest(one.iterator()));
      assertThat(first).isNotEqualTo(second).containsExactlyInAnyOrderElementsOf(second);
      assertThat(flat(rest(two.iterator()))).isEqualTo(first);
    }
  }

  @Test
  void unshuffledSamplesComeInTheirOrder() {
    try (var dataset = StreamingDataset.builder().local(directory).batchSize(10).build();
        var loader = loader(dataset, 1)) {
      assertThat(flat(rest(loader.iterator())))
          .isEqualTo(LongStream.range(0, SAMPLES).boxed().toList());
    }
  }

  @Test
  void everyShuffleReadsEverySampleOnce() {
    for (var algorithm : ShuffleAlgorithm.values()) {
      var ids = new ArrayList<Long>();
      IntStream.range(0, 4)
          .forEach(
              rank -> {
                try (var dataset =
                        StreamingDataset.builder()
                            .local(directory)
                            .batchSize(8)
                            .shuffle(true)
                            .shuffleAlgorithm(algorithm)
                            .world(World.of(rank, 2, 2))
                            .numCanonicalNodes(2)
                            .build();
                    var loader = loader(dataset, 2)) {
                  ids.addAll(flat(rest(loader.iterator())));
                }
              });
      assertThat(ids)
          .as(algorithm.pythonName())
          .containsExactlyInAnyOrderElementsOf(LongStream.range(0, SAMPLES).boxed().toList());
    }
  }
}
