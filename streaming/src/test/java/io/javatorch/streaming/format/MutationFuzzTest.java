package io.javatorch.streaming.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.javatorch.streaming.format.ShardReader.Pickles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Damages the golden data sets at random and reads them as a user would. Whatever happens, it must
 * be the one exception type, or samples; with hashes checked, the right samples.
 *
 * <p>Bounded for the build; set {@code -Djavatorch.fuzz.inputs} for more and {@code
 * -Djavatorch.fuzz.seed} for another sequence.
 */
class MutationFuzzTest {
  private static final byte[][] TOKENS = {
    "null".getBytes(StandardCharsets.US_ASCII), "-1".getBytes(StandardCharsets.US_ASCII),
        "99999999999".getBytes(StandardCharsets.US_ASCII), "{".getBytes(StandardCharsets.US_ASCII),
    "\"../x\"".getBytes(StandardCharsets.US_ASCII), "\"zstd\"".getBytes(StandardCharsets.US_ASCII),
        "\"pkl\"".getBytes(StandardCharsets.US_ASCII), "[[[[[".getBytes(StandardCharsets.US_ASCII),
  };

  @TempDir private Path directory;

  private final Random random = new Random(Long.getLong("javatorch.fuzz.seed", 1));
  private final Map<String, Integer> outcomes = new TreeMap<>();

  @Test
  void readsDamagedDataSetsOrSaysWhatIsWrong() throws IOException {
    var cases = new ArrayList<>(GoldenTest.casesWithText());
    var files = new HashMap<Path, Map<String, byte[]>>();
    for (var golden : cases) {
      files.put(golden.data(), load(golden.data()));
    }
    int wanted = Integer.getInteger("javatorch.fuzz.inputs", 1000);
    int inputs = 0;
    while (inputs < wanted) {
      var golden = cases.get(random.nextInt(cases.size()));
      try {
        attack(golden, files.get(golden.data()));
      } catch (RuntimeException | Error e) {
        fail("input " + inputs + ", a damaged " + golden, e);
      }
      inputs++;
    }
    System.out.println("fuzz: " + inputs + " inputs, " + outcomes);
    assertThat(outcomes).containsKeys("refused", "read");
  }

  private static Map<String, byte[]> load(Path data) throws IOException {
    var files = new TreeMap<String, byte[]>();
    try (var entries = Files.list(data)) {
      for (var entry : entries.toList()) {
        files.put(entry.getFileName().toString(), Files.readAllBytes(entry));
      }
    }
    return files;
  }

  private void attack(Golden golden, Map<String, byte[]> files) throws IOException {
    clear();
    // A map of an open file stays with the old file only if the new one has another inode.
    for (var file : files.entrySet()) {
      Files.write(directory.resolve(file.getKey()), file.getValue());
    }
    var names = List.copyOf(files.keySet());
    var victim = names.get(random.nextInt(names.size()));
    var temporary = Files.write(directory.resolve("x.tmp"), mutate(files.get(victim)));
    Files.move(temporary, directory.resolve(victim), StandardCopyOption.REPLACE_EXISTING);
    boolean hashed = random.nextInt(4) == 0;
    String outcome;
    try {
      var samples = read(hashed);
      outcome = "read";
      if (hashed && !victim.equals("index.json")) {
        assertThat(samples).as("samples of " + golden).isEqualTo(golden.samples().size());
      }
    } catch (MalformedShardException e) {
      outcome = "refused";
      assertThat(e).hasMessageContaining(directory.toString());
    } catch (NoSuchFileException e) {
      outcome = "missing";
    }
    outcomes.merge(outcome, 1, Integer::sum);
  }

  private long read(boolean hashed) throws IOException {
    long samples = 0;
    for (var shard : ShardIndex.read(directory).shards()) {
      for (var file : shard.files()) {
        var hashes = hashed ? shard.hashes() : List.<String>of();
        var stored = file.stored().in(directory);
        ShardFiles.verify(file.stored(), stored, hashes);
        if (file.zip().isPresent()) {
          ShardFiles.decompress(shard, file, stored, file.raw().in(directory), hashes);
        }
      }
      try (var reader = ShardReader.open(directory, shard, Pickles.PLAIN_DATA)) {
        for (var sample : reader) {
          assertThat(sample.toMap()).hasSameSizeAs(shard.columns());
          samples++;
        }
      }
    }
    return samples;
  }

  private void clear() throws IOException {
    try (var entries = Files.list(directory)) {
      for (var entry : entries.toList()) {
        Files.delete(entry);
      }
    }
  }

  private byte[] mutate(byte[] original) {
    var bytes = original.clone();
    int rounds = 1 + random.nextInt(3);
    for (int i = 0; i < rounds && bytes.length > 8; i++) {
      int at = random.nextInt(random.nextBoolean() ? bytes.length : Math.min(bytes.length, 128));
      switch (random.nextInt(7)) {
        case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
        case 1 -> bytes[at] = (byte) random.nextInt(256);
        case 2 -> bytes = Arrays.copyOf(bytes, at);
        case 3 -> bytes = Arrays.copyOf(bytes, bytes.length + 1 + random.nextInt(64));
        case 4 -> {
          int value =
              switch (random.nextInt(5)) {
                case 0 -> -1;
                case 1 -> Integer.MAX_VALUE;
                case 2 -> Integer.MIN_VALUE;
                case 3 -> bytes.length;
                default -> random.nextInt(64);
              };
          int aligned = Math.min(at / 4 * 4, bytes.length - 4);
          ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(aligned, value);
        }
        case 5 -> {
          int length = Math.min(random.nextInt(32), bytes.length - at);
          System.arraycopy(original, 0, bytes, at, Math.min(length, original.length));
        }
        default -> {
          var token = TOKENS[random.nextInt(TOKENS.length)];
          System.arraycopy(token, 0, bytes, at, Math.min(token.length, bytes.length - at));
        }
      }
    }
    return bytes;
  }
}
