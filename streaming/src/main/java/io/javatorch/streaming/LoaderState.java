package io.javatorch.streaming;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.Serializable;
import java.util.Objects;

/**
 * How far a run has read its data set: all that is needed to go on with exactly the samples that
 * are left, on the same or another number of ranks. The same on every rank. Immutable.
 *
 * <p>The JSON form is that of the Python library ({@code StreamingDataset.state_dict}), so that a
 * state saved on either side loads on the other.
 *
 * @param epoch epoch being read, from 0
 * @param sampleInEpoch samples of that epoch that all ranks together have consumed
 * @param numCanonicalNodes number of parts that the sample space is divided into for shuffling
 * @param shuffleSeed seed of the run
 * @param initialPhysicalNodes number of nodes on which the run began; 0 if not known (states of old
 *     versions of the Python library do not say)
 * @param epochSize samples of an epoch, to tell a state of another data set; 0 if not known (the
 *     Python library does not say, and passes over it)
 * @param order what else the order of an epoch follows from: shards, shuffle, batching, sampling;
 *     empty if not known (the Python library does not say, and passes over it)
 */
public record LoaderState(
    int epoch,
    long sampleInEpoch,
    int numCanonicalNodes,
    long shuffleSeed,
    int initialPhysicalNodes,
    long epochSize,
    String order)
    implements Serializable {

  /** Half a state with something behind it, or a key given twice, is not taken for a state. */
  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .build();

  /**
   * Checks that no number is negative and that there is a canonical node.
   *
   * @throws IllegalArgumentException naming the component otherwise
   */
  public LoaderState {
    checkAtLeast(0, "epoch", epoch);
    checkAtLeast(0, "sample_in_epoch", sampleInEpoch);
    checkAtLeast(1, "num_canonical_nodes", numCanonicalNodes);
    checkAtLeast(0, "shuffle_seed", shuffleSeed);
    checkAtLeast(0, "initial_physical_nodes", initialPhysicalNodes);
    checkAtLeast(0, "epoch_size", epochSize);
    Objects.requireNonNull(order, "order");
  }

  /** A state that does not say what its order follows from. */
  public LoaderState(
      int epoch,
      long sampleInEpoch,
      int numCanonicalNodes,
      long shuffleSeed,
      int initialPhysicalNodes,
      long epochSize) {
    this(epoch, sampleInEpoch, numCanonicalNodes, shuffleSeed, initialPhysicalNodes, epochSize, "");
  }

  /** A state as the Python library has it, without the epoch's size. */
  public LoaderState(
      int epoch,
      long sampleInEpoch,
      int numCanonicalNodes,
      long shuffleSeed,
      int initialPhysicalNodes) {
    this(epoch, sampleInEpoch, numCanonicalNodes, shuffleSeed, initialPhysicalNodes, 0);
  }

  /**
   * One line of JSON with the Python library's keys, and {@code epoch_size} and {@code order} where
   * they are known.
   */
  public String toJson() {
    var json = JSON.createObjectNode();
    json.put("epoch", epoch);
    json.put("sample_in_epoch", sampleInEpoch);
    json.put("num_canonical_nodes", numCanonicalNodes);
    json.put("shuffle_seed", shuffleSeed);
    if (initialPhysicalNodes == 0) {
      json.putNull("initial_physical_nodes");
    } else {
      json.put("initial_physical_nodes", initialPhysicalNodes);
    }
    if (epochSize != 0) {
      json.put("epoch_size", epochSize);
    }
    if (!order.isEmpty()) {
      json.put("order", order);
    }
    return json.toString();
  }

  /**
   * Reads {@link #toJson()}'s form or that of Python's {@code json.dumps(loader.state_dict())}.
   * Unknown keys are ignored; {@code initial_physical_nodes} may be absent or null.
   *
   * @throws IllegalArgumentException if the text is not JSON, or a key is missing or not a whole
   *     number in range
   */
  public static LoaderState fromJson(String text) {
    JsonNode json;
    try {
      json = JSON.readTree(text);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("loader state is not JSON: " + e.getOriginalMessage(), e);
    }
    if (!json.isObject()) {
      throw new IllegalArgumentException("loader state is not a JSON object");
    }
    JsonNode nodes = json.path("initial_physical_nodes");
    return new LoaderState(
        intValue(json, "epoch"),
        longValue(json, "sample_in_epoch"),
        intValue(json, "num_canonical_nodes"),
        longValue(json, "shuffle_seed"),
        nodes.isMissingNode() || nodes.isNull() ? 0 : intValue(json, "initial_physical_nodes"),
        json.has("epoch_size") ? longValue(json, "epoch_size") : 0,
        order(json.path("order")));
  }

  private static String order(JsonNode value) {
    if (!value.isMissingNode() && !value.isTextual()) {
      throw new IllegalArgumentException("loader state: order is not a text: " + value);
    }
    return value.asText("");
  }

  private static long longValue(JsonNode json, String key) {
    JsonNode value = json.path(key);
    if (value.isMissingNode()) {
      throw new IllegalArgumentException("loader state lacks the key " + key);
    }
    if (!value.isIntegralNumber() || !value.canConvertToLong()) {
      throw new IllegalArgumentException(
          "loader state: " + key + " is not a whole number of 64 bits: " + value);
    }
    return value.longValue();
  }

  private static int intValue(JsonNode json, String key) {
    long value = longValue(json, key);
    if (value != (int) value) {
      throw new IllegalArgumentException("loader state: " + key + " is out of range: " + value);
    }
    return (int) value;
  }

  private static void checkAtLeast(long least, String key, long value) {
    if (value < least) {
      throw new IllegalArgumentException(
          "loader state: " + key + " must be at least " + least + ", got " + value);
    }
  }
}
