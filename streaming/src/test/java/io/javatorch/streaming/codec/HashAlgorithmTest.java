package io.javatorch.streaming.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Compares with digests that the Python library made; see golden/make_hashes.py. */
class HashAlgorithmTest {
  private static final JsonNode GOLDEN = golden();
  private static final byte[] DATA = data();

  private static JsonNode golden() {
    try (var in = HashAlgorithmTest.class.getResourceAsStream("/golden/hashes.json")) {
      return new ObjectMapper().readTree(in);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static byte[] data() {
    var data = new byte[100_000];
    for (int i = 0; i < data.length; i++) {
      data[i] = (byte) (i * 31 + (i >> 8) * 7);
    }
    return data;
  }

  static List<String> namesInPython() {
    var names = new ArrayList<String>();
    GOLDEN.get("digests").fieldNames().forEachRemaining(names::add);
    return names;
  }

  private static String hash(String name, int size) {
    var hasher = new HashAlgorithm(name).start();
    hasher.update(DATA, 0, size);
    return hasher.hexDigest();
  }

  @Test
  void knowsTheNamesThatPythonKnows() {
    assertThat(HashAlgorithm.names()).containsExactlyElementsOf(namesInPython());
  }

  @ParameterizedTest
  @MethodSource("namesInPython")
  void givesThePythonDigestsOfInputsOfAllSizes(String name) {
    var golden = GOLDEN.get("digests").get(name);
    golden
        .get("some")
        .properties()
        .forEach(
            entry ->
                assertThat(hash(name, Integer.parseInt(entry.getKey())))
                    .as("%s bytes", entry.getKey())
                    .isEqualTo(entry.getValue().textValue()));
    var digests = new StringBuilder();
    GOLDEN.get("sizes").forEach(size -> digests.append(hash(name, size.intValue())));
    var all = new HashAlgorithm("sha256").start();
    all.update(ByteBuffer.wrap(digests.toString().getBytes(StandardCharsets.US_ASCII)));
    assertThat(all.hexDigest()).isEqualTo(golden.get("all").textValue());
  }

  @ParameterizedTest
  @MethodSource("namesInPython")
  void givesTheSameInWhateverPiecesTheInputComes(String name) {
    var random = new Random(1);
    for (int size : List.of(100, 4096, 5000, 100_000)) {
      var hasher = new HashAlgorithm(name).start();
      for (int at = 0; at < size; ) {
        int n = Math.min(size - at, random.nextInt(random.nextInt(20) == 0 ? 9000 : 200));
        if (random.nextBoolean()) {
          hasher.update(DATA, at, n);
        } else {
          hasher.update(ByteBuffer.wrap(DATA, at, n));
        }
        at += n;
      }
      assertThat(hasher.hexDigest()).as("%d bytes", size).isEqualTo(hash(name, size));
    }
  }

  /** A just-in-time compiler once made something else of a loop; only use shows that. */
  @ParameterizedTest
  @ValueSource(strings = {"xxh32", "xxh64", "xxh3_64", "xxh3_128", "blake2b", "blake2s"})
  void givesThePythonDigestsHoweverOftenItRan(String name) {
    var seen = new HashSet<String>();
    for (int round = 0; round < 12; round++) {
      for (int size = 0; size < 6000; size += 13) {
        seen.add(hash(name, size));
      }
    }
    assertThat(seen).as("one digest a size").hasSize(462);
    givesThePythonDigestsOfInputsOfAllSizes(name);
  }

  @Test
  void namesAnUnknownHash() {
    assertThatThrownBy(() -> new HashAlgorithm("shake_128"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("unknown hash 'shake_128'; known are blake2b, blake2s, md5");
  }
}
