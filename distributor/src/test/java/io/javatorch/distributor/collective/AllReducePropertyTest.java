package io.javatorch.distributor.collective;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class AllReducePropertyTest {

  @Property(tries = 30)
  void allReduceIsAPlainLoopOverTheRanks(
      @ForAll @IntRange(min = 1, max = 4) int worldSize,
      @ForAll @IntRange(max = 90_000) int elements,
      @ForAll boolean sharedMemory,
      @ForAll ReduceOp op,
      @ForAll long seed)
      throws Exception {
    // Integers are exact in any order, so a plain loop is an oracle to the last bit.
    ReduceOp exact = op == ReduceOp.MEAN ? ReduceOp.SUM : op;
    long[][] inputs = new long[worldSize][];
    for (int rank = 0; rank < worldSize; rank++) {
      inputs[rank] = new Random(seed + rank).longs(elements).toArray();
    }
    long[] expected = new long[elements];
    for (int i = 0; i < elements; i++) {
      int at = i;
      LongStream values = Arrays.stream(inputs).mapToLong(input -> input[at]);
      expected[i] =
          switch (exact) {
            case SUM, MEAN -> values.sum();
            case MIN -> values.min().orElseThrow();
            case MAX -> values.max().orElseThrow();
            case PRODUCT -> values.reduce(1, (a, b) -> a * b);
          };
    }
    List<long[]> results =
        Ranks.run(
            worldSize,
            sharedMemory,
            group -> {
              ByteBuffer data = ProcessGroupTest.direct(elements * Long.BYTES);
              data.asLongBuffer().put(inputs[group.rank()]);
              group.allReduce(data, ElementType.INT64, exact);
              long[] result = new long[elements];
              data.asLongBuffer().get(result);
              return result;
            });
    assertThat(results).allSatisfy(result -> assertThat(result).isEqualTo(expected));
  }
}
