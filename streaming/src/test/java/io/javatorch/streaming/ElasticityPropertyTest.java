package io.javatorch.streaming;

import static org.assertj.core.api.Assertions.assertThat;

import io.javatorch.streaming.order.ShuffleAlgorithm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.stream.LongStream;
import net.jqwik.api.Assume;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/** Runs that are killed at any point and go on in any world, with real data sets and loaders. */
class ElasticityPropertyTest {
  private static final int GLOBAL_BATCH = 12;
  private static final int SAMPLES = 8 * GLOBAL_BATCH;
  private static final int EPOCHS = 2;
  private static final int CANONICAL_NODES = 4;

  /** Nodes and ranks a node; those that do not divide the canonical nodes only go on. */
  private static final int[][] WORLDS = {
    {1, 1}, {1, 2}, {2, 1}, {2, 2}, {4, 1}, {1, 4}, {3, 1}, {3, 2}, {6, 1}, {1, 12}, {1, 3}, {12, 1}
  };

  private static final int BEGINNINGS = 6;

  private static Path directory;

  @BeforeContainer
  static void write() throws IOException {
    directory = Files.createTempDirectory("elasticity");
    TestShards.write(directory, null, 17, 1, 30, 24, 23, 1);
  }

  @AfterContainer
  static void delete() throws IOException {
    try (var files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  @Property(tries = 60)
  void everySampleIsReadOnceAnEpochInTheSameGlobalOrder(
      @ForAll ShuffleAlgorithm algorithm,
      @ForAll @IntRange(max = 1000) int seed,
      @ForAll @Size(min = 1, max = 7) List<@IntRange(max = 11) Integer> worlds,
      @ForAll @Size(min = 1, max = 7) List<@IntRange(max = 7) Integer> kills,
      @ForAll @IntRange(min = 1, max = 3) int workers)
      throws IOException {
    int[] beginning = WORLDS[worlds.get(0) % BEGINNINGS];
    Assume.that(worlds.stream().allMatch(world -> canGoOn(beginning, WORLDS[world])));
    var whole = new ArrayList<List<Long>>();
    live(beginning, algorithm, seed, 1, null, Integer.MAX_VALUE, whole);
    assertThat(whole).hasSize(EPOCHS * SAMPLES / GLOBAL_BATCH);

    var read = new ArrayList<List<Long>>();
    String state = null;
    for (int life = 0; read.size() < whole.size(); life++) {
      int[] world = life == 0 ? beginning : WORLDS[worlds.get(life % worlds.size())];
      // In the end one gets through.
      int kill = life > 8 ? Integer.MAX_VALUE : kills.get(life % kills.size());
      state = live(world, algorithm, seed, workers, state, kill, read);
    }
    assertThat(read).isEqualTo(whole);
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
      int batches = SAMPLES / GLOBAL_BATCH;
      assertThat(
              read.subList(epoch * batches, (epoch + 1) * batches).stream()
                  .flatMap(List::stream)
                  .sorted())
          .containsExactlyElementsOf(LongStream.range(0, SAMPLES).boxed().toList());
    }
  }

  /**
   * Whether a run can go on in a world. On nodes that do not divide the canonical ones, the batches
   * of the nodes that it began on are dealt out anew, so that there must be such batches.
   */
  private static boolean canGoOn(int[] beginning, int[] world) {
    return CANONICAL_NODES % world[0] == 0 || GLOBAL_BATCH % (beginning[0] * world[1]) == 0;
  }

  /**
   * All ranks read until they are killed; adds the sorted samples of each global batch.
   *
   * @return the state as rank 0 saved it after its last batch
   */
  private static String live(
      int[] world,
      ShuffleAlgorithm algorithm,
      int seed,
      int workers,
      String state,
      int kill,
      List<List<Long>> read)
      throws IOException {
    int before = read.size();
    int ranks = world[0] * world[1];
    String saved = state;
    for (int rank = 0; rank < ranks; rank++) {
      try (var dataset =
              StreamingDataset.builder()
                  .local(directory)
                  .batchSize(GLOBAL_BATCH / ranks)
                  .shuffle(true)
                  .shuffleAlgorithm(algorithm)
                  .shuffleBlockSize(20)
                  .shuffleSeed(state == null ? seed : 77)
                  .numCanonicalNodes(state == null ? CANONICAL_NODES : 1)
                  .world(World.of(rank, world[0], world[1]))
                  .build();
          var loader =
              StreamingDataLoader.builder(dataset)
                  .workers(workers)
                  .build(sample -> sample.getLong("id"))) {
        if (state != null) {
          loader.loadState(LoaderState.fromJson(state));
        }
        int batches = 0;
        String own = loader.state().toJson();
        while (batches < kill && loader.epoch() < EPOCHS) {
          var iterator = loader.iterator();
          if (loader.epoch() == EPOCHS) {
            break;
          }
          while (batches < kill && iterator.hasNext()) {
            List<Long> batch = iterator.next();
            if (read.size() == before + batches) {
              read.add(new ArrayList<>());
            }
            read.get(before + batches).addAll(batch);
            batches++;
            own = loader.state().toJson();
          }
        }
        if (rank == 0) {
          saved = own;
        } else {
          assertThat(own).as("the state of rank " + rank).isEqualTo(saved);
        }
      }
    }
    read.subList(before, read.size()).forEach(Collections::sort);
    return saved;
  }
}
