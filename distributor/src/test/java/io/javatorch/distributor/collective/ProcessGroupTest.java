package io.javatorch.distributor.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What every process group does, whatever the data goes through. */
abstract class ProcessGroupTest {
  /** Whether the ranks share memory. */
  abstract boolean sharedMemory();

  private <T> List<T> run(int worldSize, Ranks.Body<T> body) throws Exception {
    return Ranks.run(worldSize, sharedMemory(), body);
  }

  @ParameterizedTest
  @CsvSource({
    "1,5",
    "2,0",
    "2,1",
    "2,16384",
    "2,16385",
    "2,300001",
    "3,2",
    "3,8193",
    "3,100003",
    "4,3",
    "4,65537",
    "4,1000003"
  })
  void allReduceSumsTheRanksValuesForAnySizeAndWorld(int worldSize, int elements) throws Exception {
    List<float[]> results =
        run(
            worldSize,
            group -> {
              FloatBuffer data = direct(elements * 4).asFloatBuffer();
              // Small whole numbers: exact in any order of addition.
              for (int i = 0; i < elements; i++) {
                data.put(i, (group.rank() + 1) * (i % 1000));
              }
              group.allReduce(data, ReduceOp.SUM);
              return toArray(data);
            });
    int factor = worldSize * (worldSize + 1) / 2;
    for (float[] result : results) {
      for (int i = 0; i < elements; i++) {
        if (result[i] != factor * (i % 1000)) {
          assertThat(result[i]).as("element %d", i).isEqualTo(factor * (i % 1000));
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = ElementType.class,
      mode = EnumSource.Mode.EXCLUDE,
      names = {"FLOAT16", "BFLOAT16"})
  void everyTypeAndOperationMatchesAPlainLoop(ElementType type) throws Exception {
    // One size for each of the two algorithms, neither a multiple of anything.
    for (int elements : new int[] {101, 50_021}) {
      for (ReduceOp op : ReduceOp.values()) {
        if (op == ReduceOp.MEAN && !type.isFloating()) {
          continue;
        }
        int worldSize = 3;
        double[][] inputs = new double[worldSize][elements];
        Random random = new Random(7);
        for (double[] input : inputs) {
          for (int i = 0; i < elements; i++) {
            input[i] = random.nextInt(17) - 8;
          }
        }
        double[] expected = inputs[0].clone();
        for (int i = 0; i < elements; i++) {
          for (int rank = 1; rank < worldSize; rank++) {
            double other = inputs[rank][i];
            expected[i] =
                switch (op) {
                  case SUM, MEAN -> expected[i] + other;
                  case MIN -> Math.min(expected[i], other);
                  case MAX -> Math.max(expected[i], other);
                  case PRODUCT -> expected[i] * other;
                };
          }
          if (op == ReduceOp.MEAN) {
            expected[i] =
                type == ElementType.FLOAT32
                    ? (float) expected[i] / worldSize
                    : expected[i] / worldSize;
          }
          // One zero: integers have no negative one.
          expected[i] += 0.0;
        }
        List<double[]> results =
            run(
                worldSize,
                group -> {
                  ByteBuffer data = direct(elements * type.bytes());
                  put(data, type, inputs[group.rank()]);
                  group.allReduce(data, type, op);
                  assertThat(data.position()).isZero();
                  assertThat(data.remaining()).isEqualTo(elements * type.bytes());
                  return get(data, type, elements);
                });
        for (double[] result : results) {
          assertThat(result).as("%s %s of %d", type, op, elements).isEqualTo(expected);
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"FLOAT16", "BFLOAT16"})
  void shortFloatsAreReduced(ElementType type) throws Exception {
    for (int elements : new int[] {101, 100_021}) {
      List<double[]> results =
          run(
              4,
              group -> {
                double[] values = new double[elements];
                for (int i = 0; i < elements; i++) {
                  values[i] = (group.rank() + 1) * (i % 8) / 4.0;
                }
                ByteBuffer data = direct(elements * 2);
                put(data, type, values);
                group.allReduce(data, type, ReduceOp.MEAN);
                return get(data, type, elements);
              });
      for (double[] result : results) {
        for (int i = 0; i < elements; i++) {
          if (result[i] != 10 * (i % 8) / 16.0) {
            assertThat(result[i]).as("element %d", i).isEqualTo(10 * (i % 8) / 16.0);
          }
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1000, 200_003})
  void resultsAreTheSameBitsOnAllRanksAndInEveryRun(int elements) throws Exception {
    List<float[]> all = new ArrayList<>();
    for (int run = 0; run < 3; run++) {
      all.addAll(
          run(
              4,
              group -> {
                Random random = new Random(group.rank());
                FloatBuffer data = direct(elements * 4).asFloatBuffer();
                for (int i = 0; i < elements; i++) {
                  data.put(i, (float) (random.nextGaussian() * Math.exp(random.nextInt(20))));
                }
                // Arrive in another order each time.
                Thread.sleep(new Random().nextInt(30));
                group.allReduce(data, ReduceOp.MEAN);
                return toArray(data);
              }));
    }
    for (float[] result : all) {
      assertThat(Arrays.equals(result, all.get(0))).isTrue();
    }
  }

  @Test
  void bufferKindsMixFreelyAcrossRanksAndOnlyTheWindowTakesPart() throws Exception {
    int elements = 70_001;
    List<float[]> results =
        run(
            4,
            group -> {
              float[] values = new float[elements];
              Arrays.fill(values, group.rank() + 1);
              switch (group.rank()) {
                case 0 -> {
                  FloatBuffer heap = FloatBuffer.allocate(elements + 10);
                  heap.position(5).limit(5 + elements);
                  heap.slice().put(values);
                  group.allReduce(heap, ReduceOp.SUM);
                  assertThat(heap.get(4)).isZero();
                  assertThat(heap.array()[5 + elements]).isZero();
                  return toArray(heap.slice());
                }
                case 1 -> {
                  FloatBuffer bigEndian =
                      ByteBuffer.allocateDirect(elements * 4)
                          .order(ByteOrder.BIG_ENDIAN)
                          .asFloatBuffer();
                  bigEndian.duplicate().put(values);
                  group.allReduce(bigEndian, ReduceOp.SUM);
                  return toArray(bigEndian);
                }
                case 2 -> {
                  ByteBuffer heap =
                      ByteBuffer.allocate(elements * 4).order(ByteOrder.nativeOrder());
                  heap.asFloatBuffer().put(values);
                  group.allReduce(heap, ElementType.FLOAT32, ReduceOp.SUM);
                  return toArray(heap.asFloatBuffer());
                }
                default -> {
                  ByteBuffer window = direct(elements * 4 + 16).position(8);
                  window.limit(8 + elements * 4);
                  window.slice().order(ByteOrder.nativeOrder()).asFloatBuffer().put(values);
                  group.allReduce(window, ElementType.FLOAT32, ReduceOp.SUM);
                  assertThat(window.getLong(0)).isZero();
                  assertThat(window.position()).isEqualTo(8);
                  return toArray(window.slice().order(ByteOrder.nativeOrder()).asFloatBuffer());
                }
              }
            });
    float[] expected = new float[elements];
    Arrays.fill(expected, 10);
    assertThat(results).allSatisfy(result -> assertThat(result).isEqualTo(expected));
  }

  @ParameterizedTest
  @CsvSource({"2,10", "3,1000000", "4,0", "4,32", "4,262144", "4,700001"})
  void broadcastGivesEveryRankTheRootsBytes(int worldSize, int bytes) throws Exception {
    for (int root = 0; root < worldSize; root++) {
      int from = root;
      List<byte[]> results =
          run(
              worldSize,
              group -> {
                byte[] mine = new byte[bytes];
                new Random(group.rank()).nextBytes(mine);
                ByteBuffer data =
                    group.rank() % 2 == 0 ? direct(bytes) : ByteBuffer.allocate(bytes);
                data.put(0, mine);
                ByteBuffer given = group.rank() == from ? data.asReadOnlyBuffer() : data;
                group.broadcast(given, from);
                byte[] result = new byte[bytes];
                data.get(0, result);
                return result;
              });
      byte[] expected = new byte[bytes];
      new Random(root).nextBytes(expected);
      assertThat(results).allSatisfy(result -> assertThat(result).isEqualTo(expected));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4})
  void allGatherKeepsRankOrderWithSizesThatDiffer(int worldSize) throws Exception {
    int[] sizes = {0, 7, 30_000, 1_000_001};
    List<List<byte[]>> results =
        run(
            worldSize,
            group -> {
              byte[] mine = new byte[sizes[group.rank()]];
              new Random(group.rank()).nextBytes(mine);
              return group.allGather(mine);
            });
    for (List<byte[]> result : results) {
      assertThat(result).hasSize(worldSize);
      for (int rank = 0; rank < worldSize; rank++) {
        byte[] expected = new byte[sizes[rank]];
        new Random(rank).nextBytes(expected);
        assertThat(result.get(rank)).isEqualTo(expected);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"1,10", "2,11", "3,16385", "4,2", "4,300007"})
  void reduceScatterLeavesEachRankItsOwnSegment(int worldSize, int elements) throws Exception {
    run(
        worldSize,
        group -> {
          ByteBuffer bytes = direct(elements * 8);
          for (int i = 0; i < elements; i++) {
            bytes.putLong(i * 8, (group.rank() + 1L) * i);
          }
          group.reduceScatter(bytes, ElementType.INT64, ReduceOp.SUM);
          int from = group.segmentStart(elements, group.rank());
          int to = group.segmentStart(elements, group.rank() + 1);
          assertThat(to - from).isBetween(elements / worldSize, elements / worldSize + 1);
          for (int i = from; i < to; i++) {
            assertThat(bytes.getLong(i * 8)).isEqualTo((long) worldSize * (worldSize + 1) / 2 * i);
          }
          assertThat(group.segmentStart(elements, 0)).isZero();
          assertThat(group.segmentStart(elements, worldSize)).isEqualTo(elements);
          // The mean is divided just once.
          ByteBuffer means = direct(elements * 4);
          for (int i = 0; i < elements; i++) {
            means.putFloat(i * 4, group.rank() == 0 ? worldSize * 3 : 0);
          }
          group.reduceScatter(means, ElementType.FLOAT32, ReduceOp.MEAN);
          for (int i = from; i < to; i++) {
            assertThat(means.getFloat(i * 4)).isEqualTo(3);
          }
          return null;
        });
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4})
  void gatherGivesTheRootAloneWhatTheRanksHave(int worldSize) throws Exception {
    int[] sizes = {5, 0, 40_000, 700_001};
    for (int root = 0; root < worldSize; root++) {
      int at = root;
      List<List<byte[]>> results =
          run(
              worldSize,
              group -> {
                byte[] mine = new byte[sizes[group.rank()]];
                new Random(group.rank()).nextBytes(mine);
                return group.gather(mine, at);
              });
      for (int rank = 0; rank < worldSize; rank++) {
        if (rank != root) {
          assertThat(results.get(rank)).isEmpty();
          continue;
        }
        assertThat(results.get(rank)).hasSize(worldSize);
        for (int from = 0; from < worldSize; from++) {
          byte[] expected = new byte[sizes[from]];
          new Random(from).nextBytes(expected);
          assertThat(results.get(rank).get(from)).isEqualTo(expected);
        }
      }
    }
  }

  @Test
  void callsBegunWithoutWaitingKeepTheirOrder() throws Exception {
    run(
        3,
        group -> {
          List<ByteBuffer> buffers = new ArrayList<>();
          List<CompletableFuture<Void>> futures = new ArrayList<>();
          for (int call = 0; call < 20; call++) {
            int elements = call % 3 == 0 ? 10 : 50_000 + call;
            ByteBuffer data = direct(elements * 4);
            for (int i = 0; i < elements; i++) {
              data.putInt(i * 4, group.rank() + call);
            }
            buffers.add(data);
            futures.add(group.allReduceAsync(data, ElementType.INT32, ReduceOp.SUM));
            if (call % 7 == 6) {
              // Goes after all that were begun before.
              group.barrier();
              assertThat(futures).allSatisfy(future -> assertThat(future).isDone());
            }
          }
          for (int call = 0; call < 20; call++) {
            futures.get(call).get();
            ByteBuffer data = buffers.get(call);
            assertThat(data.getInt(data.limit() - 4)).isEqualTo(3 + 3 * call);
          }
          group.close();
          assertThatThrownBy(
                  () -> group.allReduceAsync(direct(4), ElementType.INT32, ReduceOp.SUM).get())
              .hasCauseInstanceOf(CollectiveException.class);
          return null;
        });
  }

  @Test
  void noRankPassesABarrierBeforeTheLastHasCome() throws Exception {
    var arrived = new java.util.concurrent.atomic.AtomicInteger();
    run(
        4,
        group -> {
          for (int round = 1; round <= 20; round++) {
            Thread.sleep(new Random().nextInt(3));
            arrived.incrementAndGet();
            group.barrier();
            assertThat(arrived.get()).isGreaterThanOrEqualTo(4 * round);
            group.barrier();
          }
          return null;
        });
  }

  @Test
  void callsOfAllKindsFollowEachOtherWithoutMixing() throws Exception {
    run(
        3,
        group -> {
          Random script = new Random(42);
          for (int call = 0; call < 300; call++) {
            int elements = script.nextBoolean() ? script.nextInt(100) : script.nextInt(80_000);
            switch (script.nextInt(4)) {
              case 0 -> {
                long[] values = new long[elements];
                Arrays.fill(values, group.rank() + call);
                LongBuffer data = direct(elements * 8).asLongBuffer();
                data.duplicate().put(values);
                group.allReduce(data, ReduceOp.SUM);
                if (elements > 0) {
                  assertThat(data.get(elements - 1)).isEqualTo(3 + 3L * call);
                }
              }
              case 1 -> {
                ByteBuffer data = direct(elements);
                if (elements > 0) {
                  data.put(elements - 1, (byte) (group.rank() + call));
                }
                group.broadcast(data, call % 3);
                if (elements > 0) {
                  assertThat(data.get(elements - 1)).isEqualTo((byte) (call % 3 + call));
                }
              }
              case 2 -> {
                List<byte[]> all = group.allGather(new byte[] {(byte) call, (byte) group.rank()});
                assertThat(all.get(2)).containsExactly((byte) call, (byte) 2);
              }
              default -> group.barrier();
            }
          }
          return null;
        });
  }

  @Test
  void worksOverIpv6() throws Exception {
    byte[] bytes = new byte[16];
    bytes[15] = 1;
    InetAddress loopback = InetAddress.getByAddress(bytes);
    assumeTrue(
        loopback instanceof Inet6Address && NetworkInterface.getByInetAddress(loopback) != null,
        "this machine has no IPv6 loopback");
    List<Ranks.Outcome<Integer>> outcomes =
        Ranks.outcomes(
            2,
            loopback,
            Duration.ofSeconds(30),
            sharedMemory(),
            group -> group.allGather(new byte[1]).size());
    assertThat(outcomes).containsOnly(new Ranks.Outcome<>(2, null));
  }

  @Test
  void argumentsAreCheckedBeforeAnythingIsSent() throws Exception {
    run(
        2,
        group -> {
          IntBuffer ints = IntBuffer.allocate(3);
          assertThatThrownBy(() -> group.allReduce(ints, ReduceOp.MEAN))
              .isInstanceOf(IllegalArgumentException.class)
              .hasMessageContaining("MEAN of INT32");
          assertThatThrownBy(() -> group.allReduce(direct(7), ElementType.FLOAT32, ReduceOp.SUM))
              .isInstanceOf(IllegalArgumentException.class)
              .hasMessageContaining("7 bytes");
          assertThatThrownBy(
                  () -> group.allReduce(DoubleBuffer.allocate(1).asReadOnlyBuffer(), ReduceOp.SUM))
              .isInstanceOf(IllegalArgumentException.class)
              .hasMessageContaining("read-only");
          assertThatThrownBy(() -> group.broadcast(direct(1), 2))
              .isInstanceOf(IllegalArgumentException.class)
              .hasMessageContaining("root 2");
          // The group is none the worse for it.
          group.barrier();
          return null;
        });
  }

  @Test
  void aClosedGroupRefusesCalls() throws Exception {
    for (int worldSize : new int[] {1, 2}) {
      run(
          worldSize,
          group -> {
            group.barrier();
            group.close();
            group.close();
            assertThatThrownBy(group::barrier)
                .isInstanceOf(CollectiveException.class)
                .hasMessageContaining("closed");
            return null;
          });
    }
  }

  static ByteBuffer direct(int bytes) {
    return ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
  }

  static float[] toArray(FloatBuffer data) {
    float[] values = new float[data.remaining()];
    data.duplicate().get(values);
    return values;
  }

  private static void put(ByteBuffer data, ElementType type, double[] values) {
    for (int i = 0; i < values.length; i++) {
      switch (type) {
        case FLOAT32 -> data.putFloat(i * 4, (float) values[i]);
        case FLOAT64 -> data.putDouble(i * 8, values[i]);
        case INT32 -> data.putInt(i * 4, (int) values[i]);
        case INT64 -> data.putLong(i * 8, (long) values[i]);
        case FLOAT16 -> data.putShort(i * 2, Halves.fromFloat((float) values[i]));
        case BFLOAT16 -> data.putShort(i * 2, Halves.brainFromFloat((float) values[i]));
      }
    }
  }

  private static double[] get(ByteBuffer data, ElementType type, int elements) {
    double[] values = new double[elements];
    for (int i = 0; i < elements; i++) {
      values[i] =
          switch (type) {
            case FLOAT32 -> data.getFloat(i * 4);
            case FLOAT64 -> data.getDouble(i * 8);
            case INT32 -> data.getInt(i * 4);
            case INT64 -> data.getLong(i * 8);
            case FLOAT16 -> Halves.toFloat(data.getShort(i * 2));
            case BFLOAT16 -> Halves.brainToFloat(data.getShort(i * 2));
          };
      // One zero.
      values[i] += 0.0;
    }
    return values;
  }
}
