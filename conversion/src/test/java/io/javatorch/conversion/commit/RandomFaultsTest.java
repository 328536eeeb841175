package io.javatorch.conversion.commit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A store that fails at random, from a seed, in every operation of the driver and of tasks. */
class RandomFaultsTest {
  /** More of them were run by hand; each takes a third of a second. */
  private static final int SEEDS = Integer.getInteger("seeds", 15);

  private static final long[] OLD = {0, 40, 80, 81};
  private static final long[] NEW = {1000, 1050, 1050, 1100};

  @TempDir private Path directory;

  @AfterEach
  void heal() {
    FaultyStorageProvider.heal();
  }

  /**
   * Fails some operations before they are done and some after. Which of them follows from the seed,
   * whatever the threads do: the how-manieth operation of its kind on its file each is.
   */
  private record RandomFault(
      long seed, double rate, AtomicInteger count, Map<String, AtomicInteger> seen)
      implements FaultyStorageProvider.Fault {
    @Override
    public void before(String operation, String path) throws IOException {
      fail("before " + operation, path);
    }

    @Override
    public void after(String operation, String path) throws IOException {
      fail("after " + operation, path);
    }

    private void fail(String operation, String path) throws IOException {
      if (path.equals(Claim.FILE) && !operation.endsWith("putNew")) {
        // Renewals come at any time.
        return;
      }
      var what = operation + " " + path;
      int number = seen.computeIfAbsent(what, w -> new AtomicInteger()).incrementAndGet();
      if (new SplittableRandom(31 * (31 * seed + what.hashCode()) + number).nextDouble() < rate) {
        count.incrementAndGet();
        throw new IOException("injected into " + operation);
      }
    }
  }

  @Test
  void showsAllOfTheNewDataOrLeavesTheOldAndCanBeRunAgain() throws IOException {
    var outcomes = new TreeMap<String, Integer>();
    for (var mode : TargetJob.Mode.values()) {
      var expected = expected(mode);
      for (int seed = 0; seed < SEEDS; seed++) {
        var outcome = run(mode, seed, expected);
        outcomes.merge(mode + " " + outcome, 1, Integer::sum);
      }
    }
    // The seeds are of use only if they come to all ends.
    for (var mode : TargetJob.Mode.values()) {
      assertThat(outcomes.keySet()).contains(mode + " published", mode + " failed");
    }
  }

  /** What a run without faults leaves. */
  private Map<String, String> expected(TargetJob.Mode mode) throws IOException {
    var root = directory.resolve("expected-" + mode);
    var conversions = Conversions.to(root.toString());
    if (mode != TargetJob.Mode.ERROR) {
      conversions.convert(TargetJob.Mode.ERROR, OLD);
    }
    conversions.convert(mode, NEW);
    return Conversions.files(root);
  }

  private String run(TargetJob.Mode mode, int seed, Map<String, String> expected)
      throws IOException {
    var what = mode + ", seed " + seed;
    var root = directory.resolve(mode + "-" + seed);
    var conversions = Conversions.to("faulty://" + root);
    if (mode != TargetJob.Mode.ERROR) {
      conversions.convert(TargetJob.Mode.ERROR, OLD);
    }
    var before = Conversions.files(root);
    var count = new AtomicInteger();
    double rate = 0.02 + 0.2 * new Random(seed).nextDouble();
    FaultyStorageProvider.inject(new RandomFault(seed, rate, count, new ConcurrentHashMap<>()));
    Exception failure = null;
    try {
      conversions.convert(mode, NEW);
    } catch (IOException | RuntimeException e) {
      failure = e;
    }
    FaultyStorageProvider.heal();

    var after = Conversions.files(root);
    if (failure == null) {
      // What could not be tidied away is named by no index.
      assertThat(after).as(what).containsAllEntriesOf(expected);
      if (mode != TargetJob.Mode.APPEND) {
        assertThat(Conversions.values(root)).as(what).isEqualTo(Conversions.longs(1000, 1100));
      }
      Files.deleteIfExists(root.resolve(Claim.FILE));
      conversions.convert(TargetJob.Mode.OVERWRITE, 7, 9);
      assertThat(Conversions.values(root)).as(what).isEqualTo(Conversions.longs(7, 9));
      assertThat(Conversions.files(root)).as(what).hasSize(3);
      return "published";
    }
    assertThat(count.get()).as(what + ": " + failure).isPositive();
    boolean published = index(after).equals(index(expected));
    if (!published) {
      assertThat(after).as(what).containsAllEntriesOf(before);
    } else {
      // It was not known whether the index got there.
      assertThat(after).as(what).containsAllEntriesOf(expected);
    }
    if (!published) {
      conversions.convert(mode, NEW);
      assertThat(Conversions.files(root)).as(what).isEqualTo(expected);
    }
    return "failed";
  }

  private static String index(Map<String, String> files) {
    return files.getOrDefault("index.json", "");
  }
}
