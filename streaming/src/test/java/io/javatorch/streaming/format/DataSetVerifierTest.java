package io.javatorch.streaming.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.javatorch.streaming.format.ShardReader.Pickles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class DataSetVerifierTest {
  @TempDir private Path directory;

  @BeforeEach
  void writeADataSet() throws IOException {
    try (var writer =
        MdsWriter.builder(directory)
            .columns(Map.of("n", "int", "s", "str"))
            .sizeLimit(300)
            .open()) {
      for (int i = 0; i < 20; i++) {
        writer.write(Map.of("n", i, "s", "sample"));
      }
      writer.finish();
    }
  }

  private DataSetVerifier.Report verify(Path data) throws IOException {
    return new DataSetVerifier(data, true, Pickles.PLAIN_DATA, shard -> {}).verify();
  }

  static List<Golden> goldenCases() {
    return GoldenTest.casesWithText();
  }

  @ParameterizedTest
  @MethodSource("goldenCases")
  void findsNothingInWhatPythonWrote(Golden golden) throws IOException {
    var report = verify(golden.data());
    assertThat(report.faults()).isEmpty();
    assertThat(report.samples()).isEqualTo(golden.samples().size());
  }

  @Test
  void findsNothingInWhatPythonMerged() throws IOException {
    var report = verify(Golden.directory().resolve("merged"));
    assertThat(report.faults()).isEmpty();
    assertThat(report.samples()).isEqualTo(36);
  }

  @Test
  void reportsEveryFaultAndNotTheFirstAlone() throws IOException {
    int shards = ShardIndex.read(directory).shards().size();
    assertThat(shards).isGreaterThanOrEqualTo(4);
    Files.delete(directory.resolve("shard.00000.mds"));
    Files.write(directory.resolve("shard.00001.mds"), new byte[3]);
    var third = directory.resolve("shard.00002.mds");
    var bytes = Files.readAllBytes(third);
    // The last letter of the last two samples: not UTF-8 any more.
    bytes[bytes.length - 1] = (byte) 0xff;
    bytes[bytes.length - 1 - 18] = (byte) 0xff;
    Files.write(third, bytes);
    var fourth = directory.resolve("shard.00003.mds");
    var text = Files.readString(fourth, StandardCharsets.ISO_8859_1);
    Files.writeString(
        fourth,
        text.replace("\"size_limit\": 300", "\"size_limit\": 301"),
        StandardCharsets.ISO_8859_1);
    var report = verify(directory);
    assertThat(report.faults()).hasSize(5);
    assertThat(report.faults().get(0)).contains("shard.00000.mds").contains("missing");
    assertThat(report.faults().get(1)).contains("shard.00001.mds").contains("has 3 bytes");
    assertThat(report.faults().subList(2, 4))
        .allSatisfy(fault -> assertThat(fault).contains("shard.00002.mds").contains("column 's'"));
    assertThat(report.faults().get(4))
        .contains("shard.00003.mds")
        .contains("describes itself otherwise");
    assertThat(report.shards()).isEqualTo(shards);
  }

  @Test
  void reportsEveryColumnOfEverySampleThatIsBroken() throws IOException {
    var data = directory.resolve("two");
    try (var writer = MdsWriter.builder(data).columns(Map.of("a", "bytes", "b", "bytes")).open()) {
      for (int i = 0; i < 1_200; i++) {
        writer.write(Map.of("a", new byte[] {(byte) 0xff}, "b", new byte[] {(byte) 0xfe}));
      }
      writer.finish();
    }
    var index = data.resolve("index.json");
    Files.writeString(index, Files.readString(index).replace("\"bytes\", ", "\"str\", "));
    Files.writeString(index, Files.readString(index).replace("\"bytes\"]", "\"str\"]"));
    var shard = data.resolve("shard.00000.mds");
    var text = Files.readString(shard, StandardCharsets.ISO_8859_1);
    Files.writeString(
        shard,
        text.replace("[\"bytes\", \"bytes\"]", "[\"str\", \"str\"]    "),
        StandardCharsets.ISO_8859_1);
    var report = verify(data);
    // The configuration was padded, so that it differs; each sample is read all the same.
    assertThat(report.faults().get(0)).contains("describes itself otherwise");
    assertThat(report.faults()).hasSize(1 + 2 * 1_000 + 1);
    assertThat(report.faults().get(1)).contains("sample 0, column 'a'");
    assertThat(report.faults().get(2)).contains("sample 0, column 'b'");
    assertThat(report.faults().get(2_001)).contains("and 200 more broken samples");
    assertThat(report.samples()).isZero();
  }

  @Test
  void goesOnBehindABrokenEntryOfTheIndexAndUpToWhereItIsNoJson() throws IOException {
    int shards = ShardIndex.read(directory).shards().size();
    var index = directory.resolve("index.json");
    var entries = Files.readString(index).split("(?=\\{\"column_encodings)");
    assertThat(entries).hasSize(shards + 1);
    entries[1] = entries[1].replace("\"version\": 2", "\"version\": 3");
    var last = entries[shards];
    entries[shards] = last.substring(0, last.length() / 2);
    Files.writeString(index, String.join("", entries));
    Files.delete(directory.resolve("shard.00002.mds"));
    var report = verify(directory);
    assertThat(report.shards()).isEqualTo(shards - 2);
    assertThat(report.faults()).hasSize(3);
    assertThat(report.faults().get(0)).contains("shard.00002.mds").contains("missing");
    assertThat(report.faults().get(1)).contains("index.json: shard 0: its version is not 2");
    assertThat(report.faults().get(2)).contains("is not JSON").contains(", byte ");
    assertThat(report.samples()).isPositive();
    // Which file is too much nobody can say.
    assertThat(report.warnings()).isEmpty();
  }

  @Test
  void warnsOfFilesThatTheIndexDoesNotKnow() throws IOException {
    Files.write(directory.resolve("shard.00099.mds"), new byte[3]);
    Files.write(directory.resolve(".shard.00000.mds.1.tmp"), new byte[3]);
    Files.write(directory.resolve("README.md"), new byte[3]);
    var report = verify(directory);
    assertThat(report.faults()).isEmpty();
    assertThat(report.warnings()).hasSize(2);
    assertThat(report.warnings().get(0)).contains(".shard.00000.mds.1.tmp");
    assertThat(report.warnings().get(1)).contains("shard.00099.mds: the index does not know it");
  }

  @Test
  void reportsAFileThatTheIndexHasTwiceAndLinksThatLeadOut() throws IOException {
    var index = directory.resolve("index.json");
    Files.writeString(index, Files.readString(index).replace("shard.00001.mds", "shard.00000.mds"));
    var outside = Files.createTempFile("outside", ".mds");
    try {
      var third = directory.resolve("shard.00002.mds");
      Files.move(third, outside, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
      Files.createSymbolicLink(third, outside);
      var report = verify(directory);
      assertThat(report.faults())
          .anyMatch(fault -> fault.contains("shard.00000.mds: the index has it twice"))
          .anyMatch(fault -> fault.contains("shard.00002.mds: it is a link to"));
      assertThat(report.warnings()).anyMatch(warning -> warning.contains("shard.00001.mds"));
    } finally {
      Files.delete(outside);
    }
  }

  @Test
  void readsByNumberAtRandom() throws IOException {
    try (var set = LocalDataSet.open(directory)) {
      assertThat(set.samples()).isEqualTo(20);
      for (long i : new long[] {19, 0, 7, 8, 3, 19}) {
        assertThat(set.get(i).getLong("n")).isEqualTo(i);
      }
      assertThatThrownBy(() -> set.get(20)).isInstanceOf(IndexOutOfBoundsException.class);
    }
  }

  @Test
  void readsCompressedShardsAndLeavesNothingBehind() throws IOException {
    var golden = Golden.of("zstd");
    var before = temporaryDirectories();
    try (var set = LocalDataSet.open(golden.data())) {
      var labels = new ArrayList<Long>();
      set.forEach(sample -> labels.add(sample.getLong("label")));
      assertThat(labels).hasSize(30).isSorted();
      assertThat(temporaryDirectories()).hasSize(before.size() + 1);
    }
    assertThat(temporaryDirectories()).isEqualTo(before);
  }

  private static Set<Path> temporaryDirectories() throws IOException {
    var found = new HashSet<Path>();
    var root = Path.of(System.getProperty("java.io.tmpdir"));
    try (var entries = Files.newDirectoryStream(root, "mds-*")) {
      entries.forEach(found::add);
    }
    return found;
  }

  @Test
  void findsTheSampleBehindAnEmptyShard() throws IOException {
    try (var set = LocalDataSet.open(Golden.of("oversized-first").data())) {
      assertThat(set.index().shards().get(0).samples()).isZero();
      assertThat(set.get(0).getLong("label")).isZero();
      assertThat(set.get(1).getLong("label")).isEqualTo(1);
    }
  }
}
