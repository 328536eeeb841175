package io.javatorch.conversion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.javatorch.conversion.schema.MdsSchema;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.stream.LongStream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Several attempts at one partition, as speculation and lost executors make them. */
class AttemptsTest {
  private static final ShardOptions OPTIONS =
      new ShardOptions(MdsSchema.of(StructType.fromDDL("n bigint")), "zstd", List.of(), 1 << 20);

  @TempDir private Path directory;
  private Path out;
  private ConversionCommit commit;
  private PartitionWriter writer;

  @BeforeEach
  void startJob() throws IOException {
    out = directory.resolve("out");
    var store = new LocalOutput(out);
    commit = new ConversionCommit(store, false, "a test");
    writer = new PartitionWriter(store, commit.staging(), OPTIONS);
  }

  @Test
  void keepsOnlyTheAttemptThatTheDriverAccepted() throws IOException {
    var loser = writer.write(0, 7, rows(0, 10), () -> false);
    var winner = writer.write(0, 9, rows(100, 103), () -> false);
    var other = writer.write(1, 8, rows(50, 51), () -> false);

    commit.commit(List.of(winner, other));

    assertThat(loser.attempt()).isNotEqualTo(winner.attempt());
    assertThat(MdsFiles.samples(out)).extracting("n").containsExactly(100L, 101L, 102L, 50L);
    assertThat(MdsFiles.entries(out)).containsExactly("index.json", "part-00000", "part-00001");
  }

  @Test
  void showsNothingToAReaderBeforeTheCommit() throws IOException {
    var unused = writer.write(0, 1, rows(0, 10), () -> false);

    assertThat(out.resolve("index.json")).doesNotExist();
    assertThat(out.resolve("part-00000")).doesNotExist();
  }

  @Test
  void removesWhatAKilledAttemptWrote() throws IOException {
    var left = new int[] {5};

    assertThatThrownBy(() -> writer.write(0, 1, rows(0, 10), () -> left[0]-- == 0))
        .isInstanceOf(ConversionException.class)
        .hasMessageContaining("stopped this attempt at partition 0 after 5 rows");

    assertThat(out.resolve(commit.staging())).isEmptyDirectory();
  }

  @Test
  void doesNotLetAnAttemptComeBackAfterTheJob() throws IOException {
    var winner = writer.write(0, 1, rows(0, 3), () -> false);
    commit.commit(List.of(winner));

    assertThatThrownBy(() -> writer.write(0, 2, rows(0, 3), () -> false))
        .isInstanceOf(IOException.class);

    assertThat(MdsFiles.entries(out)).containsExactly("index.json", "part-00000");
  }

  @Test
  void publishesNothingIfAnAcceptedAttemptIsNotThere() throws IOException {
    var seen = writer.write(0, 1, rows(0, 3), () -> false);
    var elsewhere = writer.write(1, 2, rows(3, 6), () -> false);
    LocalOutput.deleteTree(out.resolve(elsewhere.attempt()));

    assertThatThrownBy(() -> commit.commit(List.of(seen, elsewhere)))
        .isInstanceOf(ConversionException.class)
        .hasMessageContaining("that the driver and all executors share");
    commit.abort();

    assertThat(out).doesNotExist();
  }

  @Test
  void takesBackWhatItPublishedIfTheCommitFails() throws IOException {
    var first = writer.write(0, 1, rows(0, 3), () -> false);
    var second = writer.write(1, 2, rows(3, 6), () -> false);
    // Somebody else's directory under the name of the second partition.
    Files.createDirectory(out.resolve("part-00001"));

    assertThatThrownBy(() -> commit.commit(List.of(first, second)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("part-00001");
    commit.abort();

    assertThat(MdsFiles.entries(out)).containsExactly("part-00001");
  }

  @Test
  void namesPartitionsTheSameWhateverTheLocale() throws IOException {
    var before = Locale.getDefault();
    // Arabic as written in Egypt has digits of its own.
    Locale.setDefault(Locale.forLanguageTag("ar-EG"));
    try {
      commit.commit(List.of(writer.write(12, 34, rows(0, 3), () -> false)));
      assertThat(new ConversionProgress(1, 12, 3456, 2_500_000, Duration.ofSeconds(1)))
          .hasToString(
              "3,456 rows in 1 of 12 partitions, 3,456 rows/s, 2.5 MB, 2.5 MB/s, 11 s left");
    } finally {
      Locale.setDefault(before);
    }

    assertThat(MdsFiles.entries(out)).containsExactly("index.json", "part-00012");
    assertThat(MdsFiles.entries(out.resolve("part-00012")))
        .containsExactly("index.json", "shard.00000.mds.zstd");
  }

  private static Iterator<Row> rows(long from, long to) {
    return LongStream.range(from, to).mapToObj(n -> RowFactory.create(n)).iterator();
  }
}
