package io.javatorch.streaming.format;

import static org.assertj.core.api.Assertions.assertThat;

import io.javatorch.streaming.codec.HashAlgorithm;
import io.javatorch.streaming.format.ShardReader.Pickles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.lifecycle.AfterProperty;
import net.jqwik.api.lifecycle.BeforeTry;

/** Data sets of random columns of every encoding, compression, hash and size limit. */
class RandomSchemaPropertyTest {
  private final List<Path> scratch = new ArrayList<>();
  private Path root;

  /** Options and samples of a data set. */
  private record Case(
      Map<String, String> columns,
      String compression,
      List<String> hashes,
      long sizeLimit,
      List<Map<String, Object>> samples) {

    static Case random(RandomValues random) {
      var columns = random.columns(25);
      var hashNames = new ArrayList<String>();
      HashAlgorithm.names().forEach(hashNames::add);
      var hashes = new TreeSet<String>();
      for (int i = random.below(4); i > 0; i--) {
        hashes.add(random.anyOf(hashNames));
      }
      var samples = new ArrayList<Map<String, Object>>();
      for (int i = random.below(25); i > 0; i--) {
        var sample = new LinkedHashMap<String, Object>();
        columns.forEach((name, encoding) -> sample.put(name, random.value(encoding)));
        samples.add(sample);
      }
      return new Case(
          columns, random.compression(), List.copyOf(hashes), 200L << random.below(12), samples);
    }

    MdsWriter.Builder writer(Path directory) {
      var builder =
          MdsWriter.builder(directory)
              .columns(columns)
              .hashes(hashes.toArray(String[]::new))
              .sizeLimit(sizeLimit);
      return compression.isEmpty() ? builder : builder.compression(compression);
    }

    void write(MdsWriter writer, long from, long to) throws IOException {
      for (long i = from; i < to; i++) {
        writer.write(samples.get((int) i));
      }
    }

    void compare(int number, Sample actual) {
      var sample = samples.get(number);
      columns.forEach(
          (name, encoding) ->
              assertThat(PlainValue.comparable(actual.get(name)))
                  .as("sample %d, column %s (%s)", number, name, encoding)
                  .isEqualTo(PlainValue.rounded(encoding, sample.get(name))));
    }
  }

  @BeforeTry
  void makeRoot() throws IOException {
    root = Files.createTempDirectory("random-schema");
    scratch.add(root);
  }

  @AfterProperty
  void removeRoots() throws IOException {
    for (var directory : scratch) {
      try (var files = Files.walk(directory)) {
        for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }

  @Property(tries = 100)
  void keepsValuesOfEveryEncoding(@ForAll long seed) throws Exception {
    var random = new RandomValues(seed);
    for (var name : RandomValues.encodings()) {
      var encoding = Encoding.parse(name);
      var value = random.value(name);
      var bytes = encoding.encode(value);
      assertThat(encoding.size()).as(name).isIn(-1, bytes.length);
      var decoded = encoding.decode(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN));
      assertThat(PlainValue.comparable(decoded))
          .as(name)
          .isEqualTo(PlainValue.rounded(name, value));
      // What was read is written as it was.
      if (!name.equals("pkl")) {
        assertThat(encoding.encode(decoded)).as(name).isEqualTo(bytes);
      }
    }
  }

  @Property(tries = 25)
  void readsWhatItWroteInAnyOrder(@ForAll long seed) throws IOException {
    var random = new RandomValues(seed);
    var set = Case.random(random);
    try (var writer = set.writer(root.resolve("a")).open()) {
      set.write(writer, 0, set.samples.size());
      writer.finish();
    }
    assertThat(
            new DataSetVerifier(root.resolve("a"), true, Pickles.PLAIN_DATA, shard -> {})
                .verify()
                .faults())
        .isEmpty();
    try (var read = LocalDataSet.open(root.resolve("a"), Pickles.PLAIN_DATA)) {
      assertThat(read.samples()).isEqualTo(set.samples.size());
      int number = 0;
      for (var sample : read) {
        set.compare(number++, sample);
      }
      for (int i = 0; i < set.samples.size(); i++) {
        int any = random.below(set.samples.size());
        set.compare(any, read.get(any));
      }
    }
  }

  @Property(tries = 25)
  void resumesInTheMiddleToWhatAnUninterruptedWriteGives(@ForAll long seed) throws IOException {
    var random = new RandomValues(seed);
    var set = Case.random(random);
    int count = set.samples.size();
    try (var writer = set.writer(root.resolve("whole")).open()) {
      set.write(writer, 0, count);
      writer.finish();
    }
    int middle = random.below(count + 1);
    try (var writer = set.writer(root.resolve("parts")).open()) {
      set.write(writer, 0, middle);
      writer.abort();
    }
    try (var writer = set.writer(root.resolve("parts")).resume().open()) {
      assertThat(writer.samples()).isLessThanOrEqualTo(middle);
      set.write(writer, writer.samples(), count);
      writer.finish();
    }
    assertThat(names(root.resolve("parts"))).isEqualTo(names(root.resolve("whole")));
    for (var name : names(root.resolve("whole"))) {
      assertThat(root.resolve("parts").resolve(name))
          .hasSameBinaryContentAs(root.resolve("whole").resolve(name));
    }
  }

  @Property(tries = 25)
  void appendsInTheMiddleToTheSameSamples(@ForAll long seed) throws IOException {
    var random = new RandomValues(seed);
    var set = Case.random(random);
    int middle = random.below(set.samples.size() + 1);
    try (var writer = set.writer(root.resolve("a")).open()) {
      set.write(writer, 0, middle);
      writer.finish();
    }
    // The rest may be compressed and hashed otherwise.
    var other = Case.random(random);
    var rest = new Case(set.columns, other.compression, other.hashes, other.sizeLimit, set.samples);
    try (var writer = rest.writer(root.resolve("a")).append().open()) {
      rest.write(writer, middle, set.samples.size());
      writer.finish();
    }
    try (var read = LocalDataSet.open(root.resolve("a"), Pickles.PLAIN_DATA)) {
      assertThat(read.samples()).isEqualTo(set.samples.size());
      int number = 0;
      for (var sample : read) {
        set.compare(number++, sample);
      }
    }
  }

  private static List<String> names(Path directory) throws IOException {
    try (var files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }
}
