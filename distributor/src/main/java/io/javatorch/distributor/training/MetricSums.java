package io.javatorch.distributor.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.javatorch.distributor.collective.ProcessGroup;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * Named sums that each rank collects over its share of the data, and that are then added up over
 * the ranks: counts and sums, never averages, so that shares of different sizes weigh what they
 * should.
 *
 * <pre>{@code
 * var sums = new MetricSums();
 * for (batch) {
 *   sums.add("samples", n);
 *   sums.add("correct", MetricSums.countCorrect(trainer.predict(data).head(), labels));
 * }
 * Map<String, Double> total = sums.reduce(group);
 * double accuracy = total.get("correct") / total.get("samples");
 * }</pre>
 *
 * <p>Not thread-safe.
 */
public final class MetricSums {
  private final Map<String, Double> sums = new TreeMap<>();

  /** Adds to a sum, which starts at zero. */
  public void add(String name, double amount) {
    sums.merge(name, amount, Double::sum);
  }

  /** Adds a count to a sum; exact up to 2^53. */
  public void add(String name, long amount) {
    add(name, (double) amount);
  }

  /** This rank's sums. */
  public Map<String, Double> local() {
    return Collections.unmodifiableMap(new TreeMap<>(sums));
  }

  /**
   * The sums over all ranks, the same bits on each; a name that a rank lacks counts as zero there.
   * A collective call.
   */
  public Map<String, Double> reduce(ProcessGroup group) {
    Map<String, Double> total = new TreeMap<>();
    for (byte[] encoded : group.allGather(encode())) {
      decode(encoded).forEach((name, amount) -> total.merge(name, amount, Double::sum));
    }
    return Collections.unmodifiableMap(total);
  }

  /**
   * How many samples are classified right.
   *
   * @param predictions scores of shape (samples, classes)
   * @param labels class numbers of shape (samples) or (samples, 1), of any integer or floating type
   */
  public static long countCorrect(NDArray predictions, NDArray labels) {
    try (NDManager scope = predictions.getManager().newSubManager()) {
      NDArray best = predictions.argMax(-1);
      best.attach(scope);
      NDArray flat = labels.flatten();
      flat.attach(scope);
      NDArray expected = flat.toType(best.getDataType(), true);
      expected.attach(scope);
      NDArray equal = best.flatten();
      equal.attach(scope);
      NDArray hits = equal.eq(expected);
      hits.attach(scope);
      NDArray count = hits.countNonzero();
      count.attach(scope);
      return count.getLong();
    }
  }

  private byte[] encode() {
    var bytes = new ByteArrayOutputStream();
    try (var out = new DataOutputStream(bytes)) {
      for (Map.Entry<String, Double> sum : sums.entrySet()) {
        out.writeUTF(sum.getKey());
        out.writeDouble(sum.getValue());
      }
    } catch (IOException e) {
      throw new UncheckedIOException("a metric's name is too long", e);
    }
    return bytes.toByteArray();
  }

  private static Map<String, Double> decode(byte[] encoded) {
    Map<String, Double> sums = new TreeMap<>();
    try (var in = new DataInputStream(new ByteArrayInputStream(encoded))) {
      while (in.available() > 0) {
        String name = in.readUTF();
        sums.put(name, in.readDouble());
      }
    } catch (IOException e) {
      throw new UncheckedIOException("a rank sent metrics that cannot be read", e);
    }
    return sums;
  }
}
