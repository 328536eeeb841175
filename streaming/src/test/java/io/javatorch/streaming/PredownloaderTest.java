package io.javatorch.streaming;

import static org.assertj.core.api.Assertions.assertThat;

import io.javatorch.streaming.cache.ShardCache;
import io.javatorch.streaming.storage.Cancellation;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.IntPredicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class PredownloaderTest {
  private abstract static class Fake implements Predownloader.Shards {
    final Set<Integer> ready = ConcurrentHashMap.newKeySet();

    @Override
    public boolean isReady(int shard) {
      return ready.contains(shard);
    }

    @Override
    public long mostBytes(int shard) {
      return 1;
    }

    @Override
    public long openLimit() {
      return Long.MAX_VALUE;
    }

    @Override
    public ShardCache.Registration keep(IntPredicate needed) {
      return () -> {};
    }
  }

  private static Predownloader predownloader(Predownloader.Shards shards, int... shardOfStep) {
    return new Predownloader(
        shards, 3, shardOfStep.length, step -> shardOfStep[step], 2, new Cancellation());
  }

  @Test
  void aShardThatWasGivenUpAndIsNeededAgainMeanwhileIsBroughtAfterAll() throws Exception {
    var begun = new CountDownLatch(1);
    var unwanted = new CountDownLatch(1);
    var tries = new AtomicInteger();
    var again = new CountDownLatch(1);
    var shards =
        new Fake() {
          @Override
          public boolean makeReady(int shard, BooleanSupplier wanted, Cancellation cancellation) {
            if (shard == 0 && tries.incrementAndGet() == 1) {
              begun.countDown();
              // Its only step is read, so it is given up; then another thread passes its next one.
              while (wanted.getAsBoolean()) {
                Thread.onSpinWait();
              }
              unwanted.countDown();
              while (!wanted.getAsBoolean()) {
                Thread.onSpinWait();
              }
              return false;
            }
            ready.add(shard);
            if (shard == 0) {
              again.countDown();
            }
            return true;
          }
        };
    var predownloader = predownloader(shards, 0, 1, 2, 0, 1, 2);
    try {
      begun.await();
      predownloader.advance(1);
      unwanted.await();
      predownloader.advance(1);
      assertThat(again.await(30, TimeUnit.SECONDS)).as("brought after all").isTrue();
    } finally {
      predownloader.close();
    }
  }

  @Test
  void aShardThatCannotBeBroughtIsLeftToTheWorker() throws Exception {
    var tries = new AtomicInteger();
    var last = new CountDownLatch(1);
    var shards =
        new Fake() {
          @Override
          public boolean makeReady(int shard, BooleanSupplier wanted, Cancellation cancellation) {
            if (shard == 0) {
              tries.incrementAndGet();
              throw new UncheckedIOException(new IOException("503"));
            }
            ready.add(shard);
            if (shard == 2) {
              last.countDown();
            }
            return true;
          }
        };
    var predownloader = predownloader(shards, 0, 1, 2);
    try {
      while (tries.get() == 0 || !shards.ready.contains(1)) {
        Thread.onSpinWait();
      }
      predownloader.advance(1);
      assertThat(last.await(30, TimeUnit.SECONDS)).isTrue();
    } finally {
      predownloader.close();
    }
    assertThat(tries).hasValue(1);
  }
}
