package io.javatorch.conversion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.javatorch.conversion.schema.MdsSchema;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Storage that fails, and other jobs, while a conversion is committed. */
class CommitFailureTest {
  private static final ShardOptions OPTIONS =
      new ShardOptions(MdsSchema.of(StructType.fromDDL("n bigint")), "zstd", List.of(), 1 << 20);

  @TempDir private Path directory;
  private Path out;
  private FaultyStore store;

  @BeforeEach
  void makeStore() {
    out = directory.resolve("out");
    store = new FaultyStore(new LocalOutput(out));
  }

  /** Makes one operation of the commit fail after the other, each in a run of its own. */
  @ParameterizedTest
  @CsvSource({"false, false", "true, false", "false, true", "true, true"})
  void keepsTheOldDataOrShowsTheNewWhateverFails(boolean afterTheOperation, boolean hadoop)
      throws IOException {
    if (hadoop) {
      store = new FaultyStore(throughHadoop());
    }
    var failed = new ArrayList<String>();
    for (int victim = 0; ; victim++) {
      LocalOutput.deleteTree(out);
      convert(false, 0, 3, 6, 9);
      Files.writeString(out.resolve(".javatorch-cache"), "of a reader");
      var before = files();
      var commit = new ConversionCommit(store, true, "a test");
      var results = write(commit, 100, 104);
      var fault = new FailOnce(victim, afterTheOperation);
      store.inject(fault);
      boolean thrown = false;
      try {
        commit.commit(results);
      } catch (IOException e) {
        assertThat(e).hasMessage("injected");
        thrown = true;
        commit.abort();
      }
      store.inject(new FaultyStore.Fault() {});

      if (thrown) {
        assertThat(files()).as("after failure of %s", fault.name).isEqualTo(before);
      } else {
        assertThat(values()).as("after failure of %s", fault.name).isEqualTo(longs(100, 104));
      }
      if (fault.name == null) {
        break;
      }
      failed.add(fault.name);
    }
    assertThat(failed)
        .contains("move part-00000", "fetch part-00000/index.json", "publish index.json")
        .anyMatch(name -> name.matches("move .*/replaced/index.json"))
        .anyMatch(name -> name.matches("move .*/replaced/part-00002"))
        .anyMatch(name -> name.matches("delete _temporary-[^/]*"));
  }

  /** Makes the operations with which a job begins fail. */
  @ParameterizedTest
  @ValueSource(strings = {"createFile", "createDirectory"})
  void leavesNothingIfAJobCannotBegin(String operation) {
    store.inject(
        new FaultyStore.Fault() {
          @Override
          public void before(String name, String path) throws IOException {
            if (name.equals(operation) && !path.isEmpty()) {
              throw new IOException("injected");
            }
          }
        });

    assertThatThrownBy(() -> new ConversionCommit(store, false, "a test")).hasMessage("injected");

    assertThat(out).doesNotExist();
  }

  @Test
  void claimsATargetOnlyOnceThroughHadoop() throws IOException {
    var hadoop = throughHadoop();

    assertThat(hadoop.createFile("_conversion-owner", "the first")).isTrue();
    assertThat(hadoop.createFile("_conversion-owner", "the second")).isFalse();
    assertThat(hadoop.readFile("_conversion-owner")).isEqualTo("the first");
  }

  @Test
  void keepsWhatIsPublishedThoughTidyingFails() throws IOException {
    var commit = new ConversionCommit(store, false, "a test");
    var results = write(commit, 0, 3);
    store.inject(failing("delete"));

    commit.commit(results);
    commit.abort();

    assertThat(values()).isEqualTo(longs(0, 3));
  }

  @Test
  void keepsTheOldDataInStagingIfItCannotBePutBack() throws IOException {
    convert(false, 0, 3);
    var commit = new ConversionCommit(store, true, "a test");
    var results = write(commit, 100, 104);
    store.inject(
        new FaultyStore.Fault() {
          @Override
          public void before(String operation, String path) throws IOException {
            boolean putsBack = operation.equals("move") && path.equals("index.json");
            if (operation.equals("fetch") || putsBack) {
              throw new IOException("injected");
            }
          }
        });

    assertThatThrownBy(() -> commit.commit(results)).hasMessage("injected");
    assertThatThrownBy(commit::abort)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("Not all of the earlier conversion could be put back")
        .hasMessageContaining(commit.staging() + "/replaced");

    Files.move(
        out.resolve(commit.staging()).resolve("replaced/index.json"), out.resolve("index.json"));
    assertThat(values()).isEqualTo(longs(0, 3));
  }

  @Test
  void neverRemovesFilesThatOthersAddWhileItRuns() throws IOException {
    convert(false, 0, 3);
    var commit = new ConversionCommit(store, true, "a test");
    var results = write(commit, 100, 104);
    Files.writeString(out.resolve("thesis.txt"), "five years of work");

    commit.commit(results);

    assertThat(out.resolve("thesis.txt")).hasContent("five years of work");
    assertThat(values()).isEqualTo(longs(100, 104));
    assertThat(MdsFiles.entries(out)).containsExactly("index.json", "part-00000", "thesis.txt");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void refusesATargetThatAnotherJobIsWriting(boolean overwrite) throws IOException {
    convert(false, 0, 3);
    var first = new ConversionCommit(store, true, "the first job");
    var results = write(first, 100, 104);
    var before = files();

    assertThatThrownBy(() -> new ConversionCommit(store, overwrite, "the second job"))
        .isInstanceOf(ConversionException.class)
        .hasMessageContaining("another conversion (the first job, which stages in")
        .hasMessageContaining(first.staging())
        .hasMessageContaining("remove the file _conversion-owner");

    assertThat(files()).isEqualTo(before);
    first.commit(results);
    assertThat(values()).isEqualTo(longs(100, 104));
    convert(true, 200, 201);
    assertThat(values()).isEqualTo(longs(200, 201));
  }

  @Test
  void refusesATargetThatAnotherJobClaimsInTheSameMoment() throws IOException {
    var first = new ArrayList<ConversionCommit>();
    store.inject(
        new FaultyStore.Fault() {
          @Override
          public void before(String operation, String path) throws IOException {
            if (operation.equals("createFile")) {
              first.add(new ConversionCommit(new LocalOutput(out), false, "the first job"));
            }
          }
        });

    assertThatThrownBy(() -> new ConversionCommit(store, false, "the second job"))
        .isInstanceOf(ConversionException.class)
        .hasMessageContaining("the first job");

    first.get(0).commit(write(first.get(0), 0, 3));
    assertThat(values()).isEqualTo(longs(0, 3));
  }

  @Test
  void leavesTheStagingDirectoryOfADeadJobAlone() throws IOException {
    convert(false, 0, 3);
    var dead = new ConversionCommit(store, true, "a dead job");
    write(dead, 100, 104);
    Files.delete(out.resolve("_conversion-owner"));

    convert(true, 200, 201);

    assertThat(values()).isEqualTo(longs(200, 201));
    assertThat(out.resolve(dead.staging()).resolve("part-00000.attempt-0")).isDirectory();
  }

  @Test
  void reportsWhatStoppedAnAttemptRatherThanItsCleaning() throws IOException {
    var commit = new ConversionCommit(store, false, "a test");
    var writer = new PartitionWriter(store, commit.staging(), OPTIONS);
    store.inject(failing("delete"));
    var rows = List.of(RowFactory.create(1L), RowFactory.create((Object) null)).iterator();

    assertThatThrownBy(() -> writer.write(0, 0, rows, () -> false))
        .isInstanceOf(ConversionException.class)
        .hasMessageContaining("Column 'n' is null")
        .satisfies(e -> assertThat(e.getSuppressed()).hasSize(1))
        .satisfies(e -> assertThat(e.getSuppressed()[0]).hasMessage("injected"));
  }

  @Test
  void publishesTheIndexThoughAnEarlierRunLeftItsTemporaryFile() throws IOException {
    var commit = new ConversionCommit(store, false, "a test");
    var results = write(commit, 0, 3);
    // Where versions before put it; a directory cannot be replaced by a file.
    Files.createDirectories(out.resolve(".index.json.tmp/child"));

    commit.commit(results);

    assertThat(values()).isEqualTo(longs(0, 3));
  }

  @Test
  void leavesNoTemporaryFileIfTheIndexCannotBePublished() throws IOException {
    var local = new LocalOutput(out);
    local.createDirectory("index.json/child");
    var index = Files.writeString(directory.resolve("index.json"), "{}");

    assertThatThrownBy(() -> local.publish(index, "whole.tmp", "index.json"))
        .isInstanceOf(IOException.class)
        .isNotInstanceOf(NoSuchFileException.class);

    assertThat(MdsFiles.entries(out)).containsExactly("index.json");
  }

  /** Fails one operation, counted from 0, and no other. */
  private static final class FailOnce implements FaultyStore.Fault {
    private final int victim;
    private final boolean afterwards;
    private int count;
    private String name;

    FailOnce(int victim, boolean afterwards) {
      this.victim = victim;
      this.afterwards = afterwards;
    }

    @Override
    public void before(String operation, String path) throws IOException {
      if (count++ == victim) {
        name = operation + " " + path;
        if (!afterwards) {
          throw new IOException("injected");
        }
      }
    }

    @Override
    public void after(String operation, String path) throws IOException {
      if (count - 1 == victim) {
        throw new IOException("injected");
      }
    }
  }

  private static FaultyStore.Fault failing(String... operations) {
    return new FaultyStore.Fault() {
      @Override
      public void before(String operation, String path) throws IOException {
        if (List.of(operations).contains(operation)) {
          throw new IOException("injected");
        }
      }
    };
  }

  private HadoopOutput throughHadoop() {
    var configuration = new Configuration(false);
    configuration.set("fs.viafs.impl", "io.javatorch.conversion.RelabelledLocalFileSystem");
    return new HadoopOutput("viafs://" + out, configuration);
  }

  private void convert(boolean overwrite, long... bounds) throws IOException {
    var commit = new ConversionCommit(store, overwrite, "a test");
    commit.commit(write(commit, bounds));
  }

  /** Writes a partition for each two bounds that follow each other. */
  private List<PartitionResult> write(ConversionCommit commit, long... bounds) throws IOException {
    var writer = new PartitionWriter(store, commit.staging(), OPTIONS);
    var results = new ArrayList<PartitionResult>();
    for (int i = 0; i + 1 < bounds.length; i++) {
      results.add(writer.write(i, i, rows(bounds[i], bounds[i + 1]), () -> false));
    }
    return results;
  }

  private Map<String, String> files() throws IOException {
    var contents = new TreeMap<String, String>();
    try (var paths = Files.walk(out)) {
      for (var path : paths.filter(Files::isRegularFile).toList()) {
        contents.put(
            out.relativize(path).toString(),
            Base64.getEncoder().encodeToString(Files.readAllBytes(path)));
      }
    }
    return contents;
  }

  private List<Object> values() throws IOException {
    return MdsFiles.samples(out).stream().map(sample -> sample.get("n")).toList();
  }

  private static List<Object> longs(long from, long to) {
    return LongStream.range(from, to).mapToObj(n -> (Object) n).toList();
  }

  private static Iterator<Row> rows(long from, long to) {
    return LongStream.range(from, to).mapToObj(n -> RowFactory.create(n)).iterator();
  }
}
