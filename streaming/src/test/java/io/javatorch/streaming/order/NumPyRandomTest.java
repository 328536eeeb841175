package io.javatorch.streaming.order;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.TreeMap;
import java.util.stream.LongStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

class NumPyRandomTest {
  @Test
  void drawsWhatNumPyDraws() {
    var operations = new TreeMap<String, Integer>();
    for (JsonNode record : Golden.read("numpy-vectors.jsonl.gz")) {
      operations.merge(record.get("op").asText(), 1, Integer::sum);
      long[] values = draw(record);
      if (record.has("values")) {
        assertThat(values).as(record.toString()).isEqualTo(Golden.longs(record.get("values")));
      } else {
        assertThat(Golden.sha256(values))
            .as(record.toString())
            .isEqualTo(record.get("sha256").asText());
      }
    }
    System.out.println("draws equal to NumPy's: " + operations);
    assertThat(operations)
        .containsOnlyKeys(
            "raw", "random", "uniform", "permutation", "shuffle", "integers", "choice", "mixed");
    assertThat(operations.values().stream().mapToInt(Integer::intValue).sum())
        .isGreaterThanOrEqualTo(500);
  }

  private static long[] draw(JsonNode record) {
    var random = NumPyRandom.seeded(record.get("seed").longValue());
    int n = record.path("n").asInt();
    return switch (record.get("op").asText()) {
      case "raw" ->
          LongStream.generate(random::nextLong).limit(record.path("count").asInt(8)).toArray();
      case "random" -> LongStream.generate(() -> bits(random.nextDouble())).limit(1000).toArray();
      case "uniform" -> {
        double low = record.get("low").doubleValue();
        double high = record.get("high").doubleValue();
        yield LongStream.generate(() -> bits(random.uniform(low, high))).limit(1000).toArray();
      }
      case "permutation" -> random.permutation(n);
      case "shuffle" -> {
        // Both overloads, and a window that does not start at 0.
        int[] ints = new int[n + 3];
        for (int i = 0; i < n; i++) {
          ints[i + 3] = i;
        }
        random.shuffle(ints, 3, n + 3);
        long[] longs = LongStream.range(-2, n).toArray();
        NumPyRandom.seeded(record.get("seed").longValue()).shuffle(longs, 2, n + 2);
        long[] shuffled = Arrays.copyOfRange(longs, 2, n + 2);
        for (int i = 0; i < n; i++) {
          assertThat((long) ints[i + 3]).isEqualTo(shuffled[i]);
        }
        yield shuffled;
      }
      case "integers" ->
          random.integers(record.get("low").longValue(), record.get("high").longValue(), n);
      case "choice" -> random.choice(record.get("n").longValue(), record.get("k").intValue());
      case "mixed" -> mixed(random);
      default -> throw new AssertionError(record);
    };
  }

  private static long[] mixed(NumPyRandom random) {
    var values = LongStream.builder();
    values.add(random.integers(0, 1000));
    for (int i = 0; i < 3; i++) {
      values.add(bits(random.nextDouble()));
    }
    values.add(random.integers(0, 1000)).add(random.integers(0, 1L << 40));
    long[] array = LongStream.range(0, 6).toArray();
    random.shuffle(array, 0, 6);
    Arrays.stream(array).forEach(values::add);
    values.add(bits(random.uniform(0, 5))).add(bits(random.uniform(0, 5)));
    Arrays.stream(random.choice(100, 4)).forEach(values::add);
    Arrays.stream(random.permutation(5)).forEach(values::add);
    return values.build().toArray();
  }

  private static long bits(double value) {
    return Double.doubleToRawLongBits(value);
  }

  @Property(tries = 200)
  void skippingLeavesTheStateThatDrawingLeaves(
      @ForAll @LongRange(min = 0) long seed,
      @ForAll @IntRange(max = 70_000) int shuffled,
      @ForAll @IntRange(max = 5000) int doubles,
      @ForAll boolean halfWaits) {
    var drawing = NumPyRandom.seeded(seed);
    var skipping = NumPyRandom.seeded(seed);
    if (halfWaits) {
      drawing.nextInt();
      skipping.nextInt();
    }
    drawing.permutation(shuffled);
    skipping.skipShuffle(shuffled);
    for (int i = 0; i < doubles; i++) {
      drawing.nextDouble();
    }
    skipping.skipDoubles(doubles);
    assertThat(skipping.nextInt()).isEqualTo(drawing.nextInt());
    assertThat(skipping.nextInt()).isEqualTo(drawing.nextInt());
    assertThat(skipping.nextLong()).isEqualTo(drawing.nextLong());
  }

  @Test
  void refusesWhatNumPyRefuses() {
    var random = NumPyRandom.seeded(1);
    assertThatThrownBy(() -> NumPyRandom.seeded(-1)).hasMessageContaining("-1");
    assertThatThrownBy(() -> random.integers(3, 3)).hasMessageContaining("3..3");
    assertThatThrownBy(() -> random.choice(3, 4)).hasMessageContaining("4");
    assertThatThrownBy(() -> random.uniform(0, Double.POSITIVE_INFINITY))
        .hasMessageContaining("finite");
  }
}
