package io.javatorch.conversion.commit;

import static io.javatorch.conversion.commit.Conversions.files;
import static io.javatorch.conversion.commit.Conversions.longs;
import static io.javatorch.conversion.commit.Conversions.plan;
import static io.javatorch.conversion.commit.Conversions.types;
import static io.javatorch.conversion.commit.Conversions.values;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.javatorch.conversion.ConversionException;
import io.javatorch.conversion.MdsFiles;
import io.javatorch.conversion.commit.TargetJob.Mode;
import io.javatorch.conversion.schema.SchemaSidecar;
import io.javatorch.streaming.format.MdsWriter;
import io.javatorch.streaming.format.ShardIndex;
import io.javatorch.streaming.storage.RetryPolicy;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.spark.sql.types.DataTypes;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is in a target after jobs that went well, failed, died, or met. */
class TargetJobTest {
  @TempDir private Path directory;
  private Path out;
  private Conversions conversions;

  @BeforeEach
  void choosePlace() {
    out = directory.resolve("out");
    conversions = Conversions.to(out.toString());
  }

  @AfterEach
  void heal() {
    FaultyStorageProvider.heal();
  }

  private Conversions faulty() {
    return Conversions.to("faulty://" + out);
  }

  /** Fails one operation, counted from 0, and no other. */
  private static final class FailOnce implements FaultyStorageProvider.Fault {
    private final int victim;
    private final boolean afterwards;
    private final AtomicInteger count = new AtomicInteger();
    private volatile String name;
    private final AtomicInteger failures = new AtomicInteger();

    FailOnce(int victim, boolean afterwards) {
      this.victim = victim;
      this.afterwards = afterwards;
    }

    @Override
    public void before(String operation, String path) throws IOException {
      // The renewal of the claim comes at any time.
      if (!path.equals(Claim.FILE) && count.getAndIncrement() == victim) {
        name = operation + " " + path;
        if (!afterwards) {
          throw new IOException("injected");
        }
      }
    }

    @Override
    public void after(String operation, String path) throws IOException {
      if ((operation + " " + path).equals(name) && failures.getAndIncrement() == 0) {
        throw new IOException("injected");
      }
    }
  }

  /** Makes one operation of the commit fail after the other, each in a run of its own. */
  @ParameterizedTest
  @CsvSource({"OVERWRITE, false", "OVERWRITE, true", "APPEND, false", "APPEND, true"})
  void keepsTheOldDataOrShowsTheNewWhateverFails(Mode mode, boolean afterwards) throws IOException {
    var once = new RetryPolicy(1, Duration.ofSeconds(10), Duration.ZERO);
    var failed = new ArrayList<String>();
    for (int victim = 0; ; victim++) {
      out = directory.resolve("out-" + victim);
      var target = new Conversions(faulty().destination(), once, Conversions.QUICK);
      target.convert(Mode.ERROR, 0, 3, 6, 9);
      Files.writeString(out.resolve(".javatorch-cache"), "of a reader");
      var before = files(out);
      var job = target.begin(mode);
      var parts = target.write(job, 100, 104);
      var fault = new FailOnce(victim, afterwards);
      FaultyStorageProvider.inject(fault);
      boolean thrown = false;
      try {
        job.publish(parts);
      } catch (IOException e) {
        thrown = true;
      }
      FaultyStorageProvider.heal();
      job.abort();

      if (thrown) {
        assertThat(files(out)).as("after failure of %s", fault.name).isEqualTo(before);
      } else {
        var expected = new ArrayList<Object>();
        if (mode == Mode.APPEND) {
          expected.addAll(longs(0, 9));
        }
        expected.addAll(longs(100, 104));
        assertThat(values(out)).as("after failure of %s", fault.name).isEqualTo(expected);
      }
      if (fault.name == null) {
        break;
      }
      failed.add(fault.name);
    }
    // Which of several at a time is the victim is not the same in each run.
    assertThat(failed)
        .contains("put index.json", "list ")
        .anyMatch(name -> name.startsWith("list part-0000"));
    if (mode == Mode.OVERWRITE) {
      assertThat(failed).anyMatch(name -> name.startsWith("delete "));
    }
  }

  @Test
  void leavesNothingIfAJobCannotBegin() {
    FaultyStorageProvider.inject(failing("putNew", Claim.FILE));

    assertThatThrownBy(() -> faulty().begin(Mode.ERROR)).hasMessageContaining("injected");

    assertThat(out).doesNotExist();
  }

  private static FaultyStorageProvider.Fault failing(String operation, String file) {
    return new FaultyStorageProvider.Fault() {
      @Override
      public void before(String name, String path) throws IOException {
        if (name.equals(operation) && path.endsWith(file)) {
          throw new IOException("injected");
        }
      }
    };
  }

  @Test
  void keepsWhatIsPublishedThoughTidyingFails() throws IOException {
    var job = faulty().begin(Mode.ERROR);
    var parts = faulty().write(job, 0, 3);
    FaultyStorageProvider.inject(failing("delete", ""));

    job.publish(parts);
    job.abort();

    assertThat(values(out)).isEqualTo(longs(0, 3));
  }

  @Test
  void takesTheIndexForPublishedIfTheStoreFailsOnlyAfterwards() throws IOException {
    var job = faulty().begin(Mode.ERROR);
    var parts = faulty().write(job, 0, 3);
    FaultyStorageProvider.inject(
        new FaultyStorageProvider.Fault() {
          @Override
          public void after(String operation, String path) throws IOException {
            if (operation.equals("put") && path.equals(ShardIndex.BASENAME)) {
              throw new IOException("injected");
            }
          }
        });

    assertThat(job.publish(parts).samples()).isEqualTo(3);

    assertThat(values(out)).isEqualTo(longs(0, 3));
  }

  @Test
  void removesNothingWhileItIsNotKnownWhichIndexIsThere() throws IOException {
    faulty().convert(Mode.ERROR, 0, 3);
    var before = files(out);
    var job = faulty().begin(Mode.OVERWRITE);
    var parts = faulty().write(job, 100, 104);
    FaultyStorageProvider.inject(
        new FaultyStorageProvider.Fault() {
          @Override
          public void before(String operation, String path) throws IOException {
            if (path.equals(ShardIndex.BASENAME)) {
              throw new IOException("injected");
            }
          }
        });

    assertThatThrownBy(() -> job.publish(parts)).hasMessageContaining("injected");
    FaultyStorageProvider.heal();
    job.abort();

    assertThat(values(out)).isEqualTo(longs(0, 3));
    assertThat(files(out)).containsAllEntriesOf(before).hasSizeGreaterThan(before.size());
    faulty().convert(Mode.OVERWRITE, 7, 9);
    assertThat(files(out)).hasSize(3);
  }

  @Test
  void neverRemovesFilesThatOthersAddWhileItRuns() throws IOException {
    conversions.convert(Mode.ERROR, 0, 3);
    var job = conversions.begin(Mode.OVERWRITE);
    var parts = conversions.write(job, 100, 104);
    Files.writeString(out.resolve("thesis.txt"), "five years of work");
    Files.writeString(out.resolve("part-00000/notes.txt"), "and an evening");

    job.publish(parts);

    assertThat(out.resolve("thesis.txt")).hasContent("five years of work");
    assertThat(out.resolve("part-00000/notes.txt")).hasContent("and an evening");
    assertThat(values(out)).isEqualTo(longs(100, 104));
    assertThat(MdsFiles.entries(out))
        .containsExactly("_spark-schema.*.json", "index.json", "part-00000", "thesis.txt");
  }

  @ParameterizedTest
  @EnumSource
  void refusesATargetThatAnotherJobIsWriting(Mode mode) throws IOException {
    var first = conversions.begin(Mode.ERROR);
    var parts = conversions.write(first, 100, 104);

    assertThatThrownBy(() -> conversions.patient().begin(mode))
        .isInstanceOf(ConversionException.class)
        .hasMessageContaining("is being written by another conversion (a test)");

    first.publish(parts);
    assertThat(values(out)).isEqualTo(longs(100, 104));
    conversions.convert(Mode.OVERWRITE, 200, 201);
    assertThat(values(out)).isEqualTo(longs(200, 201));
  }

  @Test
  void letsOneOfManyThatComeAtOnceHaveTheTarget() throws Exception {
    var threads = Executors.newFixedThreadPool(4);
    var begun = new ArrayList<TargetJob>();
    var refused = new ArrayList<String>();
    try {
      var tasks = new ArrayList<Callable<TargetJob>>();
      for (int i = 0; i < 4; i++) {
        tasks.add(() -> conversions.patient().begin(Mode.APPEND));
      }
      for (var answer : threads.invokeAll(tasks)) {
        try {
          begun.add(answer.get());
        } catch (java.util.concurrent.ExecutionException e) {
          refused.add(e.getCause().getMessage());
        }
      }
    } finally {
      threads.shutdown();
    }

    assertThat(begun).hasSize(1);
    assertThat(refused).hasSize(3).allSatisfy(m -> assertThat(m).contains("another conversion"));
    begun.get(0).publish(conversions.write(begun.get(0), 0, 3));
    assertThat(values(out)).isEqualTo(longs(0, 3));
  }

  @ParameterizedTest
  @EnumSource
  void takesOverADeadJobAndLeavesNothingOfIt(Mode mode) throws IOException {
    if (mode != Mode.ERROR) {
      conversions.convert(Mode.ERROR, 0, 3);
    }
    var dead = conversions.begin(mode);
    conversions.write(dead, 50, 53, 55, 58);
    Files.writeString(
        out.resolve("part-00001/.shard.00000.mds.zstd.00000000-0000-0000-0000-000000000000.tmp"),
        "half a shard");
    dead.vanish();

    conversions.convert(mode, 200, 201);

    var expected = new ArrayList<Object>();
    if (mode == Mode.APPEND) {
      expected.addAll(longs(0, 3));
    }
    expected.add(200L);
    assertThat(values(out)).isEqualTo(expected);
    // An index, the types, and a shard for each part.
    assertThat(files(out)).hasSize(mode == Mode.APPEND ? 4 : 3);
    assertThat(MdsFiles.entries(out)).doesNotContain(Claim.FILE, "part-00002", "part-00003");
  }

  @Test
  void publishesNothingOnceAnotherHasTakenOver() throws IOException {
    conversions.convert(Mode.ERROR, 0, 3);
    var slow = conversions.begin(Mode.OVERWRITE);
    var parts = conversions.write(slow, 50, 53);
    slow.stall();
    var other = conversions.begin(Mode.OVERWRITE);
    var otherParts = conversions.write(other, 70, 73);

    assertThatThrownBy(() -> slow.publish(parts))
        .isInstanceOf(ConversionException.class)
        .hasMessageContaining("no longer belongs to this conversion");
    slow.abort();
    assertThatThrownBy(() -> conversions.writePart(slow, 1, 50, 53))
        .isInstanceOf(ConversionException.class)
        .hasMessageContaining("comes too late");

    other.publish(otherParts);
    assertThat(values(out)).isEqualTo(longs(70, 73));
    assertThat(files(out)).hasSize(3);
  }

  @Test
  void keepsOnlyTheAttemptThatTheDriverAccepted() throws IOException {
    var job = conversions.begin(Mode.ERROR);
    conversions.writePart(job, 0, 0, 10);
    var winner = conversions.writePart(job, 0, 100, 103);
    var other = conversions.writePart(job, 1, 50, 51);

    job.publish(List.of(winner, other));

    assertThat(values(out)).containsExactly(100L, 101L, 102L, 50L);
    assertThat(files(out)).hasSize(4);
  }

  @Test
  void showsNothingToAReaderBeforeTheCommit() throws IOException {
    var job = conversions.begin(Mode.ERROR);
    conversions.writePart(job, 0, 0, 10);

    assertThat(out.resolve("index.json")).doesNotExist();
    assertThat(out.resolve("part-00000/index.json")).doesNotExist();
    job.abort();
    assertThat(out).doesNotExist();
  }

  @Test
  void letsReadersOfTheOldIndexReadOnUntilTheNewOneIsThere() throws IOException {
    conversions.convert(Mode.ERROR, 0, 30);
    var before = files(out);
    var job = conversions.begin(Mode.OVERWRITE);

    var parts = conversions.write(job, 100, 130);

    assertThat(files(out)).containsAllEntriesOf(before);
    assertThat(values(out)).isEqualTo(longs(0, 30));
    job.publish(parts);
    assertThat(values(out)).isEqualTo(longs(100, 130));
  }

  @Test
  void doesNotHarmTheOldFilesIfTheSameOnesAreWrittenAgain() throws IOException {
    faulty().convert(Mode.ERROR, 0, 30);
    var before = files(out);
    var job = faulty().begin(Mode.OVERWRITE);
    // What is there already is not even put again.
    FaultyStorageProvider.inject(failing("put", ".zstd"));

    faulty().write(job, 0, 30);
    job.abort();

    assertThat(files(out)).isEqualTo(before);
  }

  @Test
  void doesNotLetAnAttemptComeBackAfterTheJob() throws IOException {
    var job = conversions.begin(Mode.ERROR);
    job.publish(conversions.write(job, 0, 3));

    assertThatThrownBy(() -> conversions.write(job, 0, 3))
        .isInstanceOf(ConversionException.class)
        .hasMessageContaining("comes too late");

    assertThat(files(out)).hasSize(3);
  }

  @Test
  void publishesNothingIfAnAcceptedAttemptIsNotThere() throws IOException {
    var job = conversions.begin(Mode.ERROR);
    var parts = conversions.write(job, 0, 3, 6);
    for (var file : parts.get(1).files().keySet()) {
      Files.delete(out.resolve("part-00001").resolve(file));
    }

    assertThatThrownBy(() -> job.publish(parts))
        .isInstanceOf(ConversionException.class)
        .hasMessageContaining("part-00001/shard.00000.")
        .hasMessageContaining("is not to be seen from the driver")
        .hasMessageContaining("that the driver and all executors share");
    job.abort();

    assertThat(out).doesNotExist();
  }

  @Test
  void refusesAnAttemptThatDoesNotSeeTheDriversDirectory() throws IOException {
    var job = conversions.begin(Mode.ERROR);
    var elsewhere = Conversions.to(directory.resolve("another host").toString());

    assertThatThrownBy(() -> elsewhere.writePart(job, 0, 0, 3))
        .isInstanceOf(ConversionException.class)
        .hasMessageContaining("one that the driver and all executors share");

    assertThat(directory.resolve("another host")).doesNotExist();
    job.abort();
  }

  @Test
  void leavesADirectoryThatWasThereBeforeAFailedJob() throws IOException {
    Files.createDirectory(out);
    var job = conversions.begin(Mode.ERROR);
    conversions.write(job, 0, 3);

    job.abort();

    assertThat(out).isEmptyDirectory();
  }

  @Test
  void namesPartitionsTheSameWhateverTheLocale() throws IOException {
    var before = Locale.getDefault();
    // Arabic as written in Egypt has digits of its own.
    Locale.setDefault(Locale.forLanguageTag("ar-EG"));
    try {
      var job = conversions.begin(Mode.ERROR);
      job.publish(List.of(conversions.writePart(job, 12, 0, 3)));
    } finally {
      Locale.setDefault(before);
    }

    assertThat(MdsFiles.entries(out)).contains("part-00012");
    assertThat(MdsFiles.entries(out.resolve("part-00012")))
        .singleElement()
        .asString()
        .matches("shard\\.00000\\.[0-9a-f]{16}\\.mds\\.zstd");
  }

  private SchemaSidecar storedTypes() throws IOException {
    return SchemaSidecar.parse(Files.readAllBytes(MdsFiles.sidecar(out)));
  }

  @Test
  void leavesTheOldTypesToTheOldIndexUntilTheNewOneIsThere() throws IOException {
    conversions.convert(Mode.ERROR, 0, 3);
    var old = MdsFiles.sidecar(out);
    var timestamps = plan(Mode.OVERWRITE, types(DataTypes.TimestampType, false));
    var beforeIndex = new ArrayList<String>();
    var job = faulty().begin(timestamps);
    var parts = faulty().write(job, 100, 103);
    FaultyStorageProvider.inject(
        new FaultyStorageProvider.Fault() {
          @Override
          public void before(String operation, String path) throws IOException {
            if (operation.equals("put") && path.equals("index.json")) {
              beforeIndex.add(storedTypes().columns().get(0).type().sql());
              beforeIndex.add(String.valueOf(MdsFiles.entries(out)));
            }
          }
        });

    job.publish(parts);

    // What a reader saw, and would see for ever if the driver had died there.
    assertThat(beforeIndex.get(0)).isEqualTo("BIGINT");
    assertThat(beforeIndex.get(1)).contains("_spark-schema.*.json, _spark-schema.*.json");
    assertThat(storedTypes()).isEqualTo(types(DataTypes.TimestampType, false));
    assertThat(old).doesNotExist();
    assertThat(MdsFiles.entries(out))
        .containsExactly("_spark-schema.*.json", "index.json", "part-00000");
  }

  @Test
  void removesTheTypesOfAFailedJobAndThoseWithoutAHash() throws IOException {
    conversions.convert(Mode.ERROR, 0, 3);
    var before = files(out);
    FaultyStorageProvider.inject(
        new FaultyStorageProvider.Fault() {
          @Override
          public void before(String operation, String path) throws IOException {
            if (operation.equals("put") && path.equals("index.json")) {
              throw new IOException("injected");
            }
          }
        });

    assertThatThrownBy(() -> faulty().convert(Mode.OVERWRITE, 100, 103))
        .hasStackTraceContaining("injected");
    assertThat(files(out)).isEqualTo(before);

    FaultyStorageProvider.heal();
    Files.writeString(out.resolve("_spark-schema.json"), "{}");
    conversions.convert(Mode.OVERWRITE, 100, 103);
    assertThat(MdsFiles.entries(out))
        .containsExactly("_spark-schema.*.json", "index.json", "part-00000");
  }

  @Test
  void appendsNoOtherTypesOfTheSameEncoding() throws IOException {
    conversions.convert(plan(Mode.ERROR, types(DataTypes.TimestampType, false)), 0, 3);
    var before = files(out);

    assertThatThrownBy(() -> conversions.begin(Mode.APPEND))
        .isInstanceOf(ConversionException.class)
        .hasMessageContaining("'n' is TIMESTAMP there, and BIGINT in the DataFrame; cast it");
    assertThat(files(out)).isEqualTo(before);
  }

  @Test
  void remembersThatAppendedRowsMayBeNull() throws IOException {
    conversions.convert(plan(Mode.ERROR, types(DataTypes.LongType, false)), 0, 3);

    conversions.convert(plan(Mode.APPEND, types(DataTypes.LongType, true)), 3, 5);

    assertThat(storedTypes()).isEqualTo(types(DataTypes.LongType, true));
    assertThat(MdsFiles.entries(out))
        .containsExactly("_spark-schema.*.json", "index.json", "part-00000", "part-00001");
  }

  @Test
  void appendsNoOtherColumns() throws IOException {
    conversions.convert(Mode.ERROR, 0, 3);
    var other =
        new TargetJob.Plan(
            Mode.APPEND, Map.of("n", "int32", "m", "str"), true, Optional.empty(), "a test");

    assertThatThrownBy(() -> conversions.begin(other))
        .isInstanceOf(ConversionException.class)
        .hasMessageContaining(
            "it has the columns [n int64], and the DataFrame's would be [m str, n int32]");
    assertThat(MdsFiles.entries(out)).doesNotContain(Claim.FILE);
  }

  @Test
  void appendsToPartsWithAnIndexEach() throws IOException {
    conversions.convert(plan(Mode.ERROR, false), 0, 3, 6);
    conversions.convert(plan(Mode.APPEND, false), 6, 9);

    assertThat(out.resolve("index.json")).doesNotExist();
    assertThat(ShardIndex.read(out.resolve("part-00002")).samples()).isEqualTo(3);

    conversions.convert(plan(Mode.APPEND, true), 9, 12);
    assertThat(values(out)).isEqualTo(longs(0, 12));
    assertThatThrownBy(() -> conversions.begin(plan(Mode.APPEND, false)))
        .hasMessageContaining("leave out mergeIndex=false");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void replacesOneIndexByManyAndManyByOne(boolean mergeFirst) throws IOException {
    conversions.convert(plan(Mode.ERROR, mergeFirst), 0, 3, 6);

    conversions.convert(plan(Mode.OVERWRITE, !mergeFirst), 20, 23);

    assertThat(MdsFiles.entries(out)).contains("part-00000").doesNotContain("part-00001");
    if (mergeFirst) {
      assertThat(out.resolve("index.json")).doesNotExist();
      assertThat(ShardIndex.read(out.resolve("part-00000")).samples()).isEqualTo(3);
    } else {
      assertThat(values(out)).isEqualTo(longs(20, 23));
      assertThat(out.resolve("part-00000/index.json")).doesNotExist();
    }
  }

  private void writeAsPython(Path into) throws IOException {
    try (var writer = MdsWriter.builder(into).column("n", "int64").sizeLimit(300).open()) {
      for (long n = 0; n < 50; n++) {
        writer.row().setLong(0, n).write();
      }
      writer.finish();
    }
  }

  @Test
  void replacesFlatShards() throws IOException {
    writeAsPython(out);
    assertThat(MdsFiles.entries(out)).contains("shard.00000.mds", "shard.00001.mds");

    conversions.convert(Mode.OVERWRITE, 20, 23);

    assertThat(values(out)).isEqualTo(longs(20, 23));
    assertThat(MdsFiles.entries(out))
        .containsExactly("_spark-schema.*.json", "index.json", "part-00000");
  }

  @Test
  void appendsToFlatShardsAndLeavesTheirTypesAlone() throws IOException {
    writeAsPython(out);

    conversions.convert(Mode.APPEND, 50, 53);

    assertThat(values(out)).isEqualTo(longs(0, 53));
    assertThat(MdsFiles.entries(out)).contains("part-00000").doesNotContain("_spark-schema.*.json");
  }

  @Test
  void replacesDirectoriesThatAMergedIndexNames() throws IOException {
    writeAsPython(out.resolve("0"));
    writeAsPython(out.resolve("1"));
    ShardIndex.merge(out);
    var note = Files.writeString(out.resolve("1/notes.txt"), "mine");

    assertThatThrownBy(() -> conversions.begin(Mode.OVERWRITE))
        .isInstanceOf(ConversionException.class)
        .hasMessageContaining("no conversion wrote (1/notes.txt)");
    Files.delete(note);
    conversions.convert(Mode.OVERWRITE, 20, 23);

    assertThat(values(out)).isEqualTo(longs(20, 23));
    assertThat(MdsFiles.entries(out)).doesNotContain("0", "1");
  }

  @Test
  void refusesToReplaceShardsThatNoIndexAccountsFor() throws IOException {
    writeAsPython(out);
    Files.writeString(out.resolve("index.json"), "{\"version\": 2, \"sha");
    var before = files(out);

    assertThatThrownBy(() -> conversions.begin(Mode.OVERWRITE))
        .isInstanceOf(ConversionException.class)
        .hasMessageContaining("no conversion wrote (shard.00000.mds");
    assertThatThrownBy(() -> conversions.begin(Mode.APPEND))
        .isInstanceOf(ConversionException.class)
        .hasMessageContaining("its index cannot be read");

    assertThat(files(out)).isEqualTo(before);
  }

  @Test
  void replacesAConversionWhoseIndexIsDamaged() throws IOException {
    conversions.convert(Mode.ERROR, 0, 3);
    Files.writeString(out.resolve("index.json"), "{\"version\": 2, \"sha");

    conversions.convert(Mode.OVERWRITE, 20, 23);

    assertThat(values(out)).isEqualTo(longs(20, 23));
    assertThat(files(out)).hasSize(3);
  }

  @Test
  void keepsShardsInTheLocalDirectoryIfToldTo() throws IOException {
    var local = directory.resolve("local");
    var job = faulty().begin(Mode.ERROR);
    var settings =
        new ShardSettings(Map.of("n", "int64"), "", List.of(), 1 << 20, local.toString(), true);
    PartShards part;
    try (var attempt =
        new AttemptWriter(faulty().destination(), settings, job.id(), 0, Conversions.IMPATIENT)) {
      attempt.writer().row().setLong(0, 5).write();
      part = attempt.finish(0);
    }
    job.publish(List.of(part));

    assertThat(MdsFiles.entries(local.resolve("part-00000")))
        .isEqualTo(MdsFiles.entries(out.resolve("part-00000")))
        .hasSize(1);
  }

  @Test
  void saysThatTheDiskIsFullAndLeavesNothing() throws IOException {
    faulty().convert(Mode.ERROR, 0, 3);
    var before = files(out);
    var full = new AtomicInteger(2);
    FaultyStorageProvider.inject(
        new FaultyStorageProvider.Fault() {
          @Override
          public void before(String operation, String path) throws IOException {
            if (operation.equals("put") && path.endsWith(".zstd") && full.getAndDecrement() <= 0) {
              throw new IOException(path + ": No space left on device");
            }
          }
        });

    assertThatThrownBy(() -> faulty().convert(Mode.APPEND, 10, 100, 200))
        .hasMessageContaining("No space left on device");

    assertThat(files(out)).isEqualTo(before);
  }

  @Test
  void keepsTheShardsOfADataSetWhoseIndexIsDamagedIfItIsNotReplaced() throws IOException {
    conversions.convert(Mode.ERROR, 0, 3, 6);
    Files.writeString(out.resolve("index.json"), "{\"version\": 2, \"sha");
    var before = files(out);
    var job = conversions.begin(Mode.OVERWRITE);
    conversions.write(job, 10, 15, 19, 23);

    job.abort();

    assertThat(files(out)).isEqualTo(before);
  }

  /** Replaces an index as some stores do, by deleting it first, and fails then. */
  private FaultyStorageProvider.Fault deletingTheIndex(int times) {
    var left = new AtomicInteger(times);
    return new FaultyStorageProvider.Fault() {
      @Override
      public void before(String operation, String path) throws IOException {
        if (operation.equals("put")
            && path.equals(ShardIndex.BASENAME)
            && left.getAndDecrement() > 0) {
          Files.deleteIfExists(out.resolve(ShardIndex.BASENAME));
          throw new IOException("injected");
        }
      }
    };
  }

  @ParameterizedTest
  @EnumSource(names = {"APPEND", "OVERWRITE"})
  void putsTheOldIndexBackIfTheStoreLosesIt(Mode mode) throws IOException {
    faulty().convert(Mode.ERROR, 0, 3, 6);
    var before = files(out);
    FaultyStorageProvider.inject(deletingTheIndex(Conversions.IMPATIENT.attempts()));

    assertThatThrownBy(() -> faulty().convert(mode, 10, 13)).hasMessageContaining("injected");

    assertThat(files(out)).isEqualTo(before);
  }

  @Test
  void keepsAllShardsIfTheOldIndexCannotBePutBack() throws IOException {
    faulty().convert(Mode.ERROR, 0, 3, 6);
    var before = new TreeMap<>(files(out));
    FaultyStorageProvider.inject(deletingTheIndex(Integer.MAX_VALUE));

    assertThatThrownBy(() -> faulty().convert(Mode.OVERWRITE, 10, 13))
        .hasMessageContaining("it is not known whether")
        .hasMessageContaining("injected");

    before.keySet().removeIf(name -> !name.startsWith("part-"));
    assertThat(files(out)).containsAllEntriesOf(before);
  }

  @Test
  void keepsAllShardsIfTheNewIndexMayArriveYet() throws IOException {
    faulty().convert(Mode.ERROR, 0, 3, 6);
    var before = files(out);
    var job = faulty().begin(Mode.OVERWRITE);
    var parts = faulty().write(job, 10, 13);
    var withNewShards = files(out);
    FaultyStorageProvider.inject(
        new FaultyStorageProvider.Fault() {
          @Override
          public void before(String operation, String path) throws IOException {
            if (operation.equals("put") && path.equals(ShardIndex.BASENAME)) {
              throw new SocketTimeoutException("injected");
            }
          }
        });

    assertThatThrownBy(() -> job.publish(parts)).hasMessageContaining("it is not known whether");
    FaultyStorageProvider.heal();
    job.abort();

    assertThat(files(out)).containsAllEntriesOf(before);
    withNewShards.keySet().stream()
        .filter(name -> name.startsWith("part-"))
        .forEach(name -> assertThat(out.resolve(name)).exists());
  }

  @Test
  void saysThatThereIsAnIndexThatADeadDriverHadNoTimeToName() throws IOException {
    conversions.convert(Mode.ERROR, 0, 3);
    var orphan = ".index.json.00000000-0000-0000-0000-000000000000.tmp";
    Files.move(out.resolve("index.json"), out.resolve(orphan));
    var before = files(out);

    assertThatThrownBy(() -> conversions.begin(Mode.ERROR)).isInstanceOf(ConversionException.class);
    assertThatThrownBy(() -> conversions.begin(Mode.APPEND))
        .isInstanceOf(ConversionException.class)
        .hasMessageContaining(orphan + " has the one of a conversion that died");
    assertThat(files(out)).isEqualTo(before);
    conversions.convert(Mode.OVERWRITE, 20, 23);

    assertThat(values(out)).isEqualTo(longs(20, 23));
    assertThat(files(out)).hasSize(3);
  }

  /** Has no file of the claim for two looks at it, as some stores have while it is renewed. */
  private static final class Gap implements FaultyStorageProvider.Fault {
    private final AtomicInteger looks = new AtomicInteger(2);

    @Override
    public void before(String operation, String path) throws IOException {
      if (operation.equals("open") && path.equals(Claim.FILE) && looks.getAndDecrement() > 0) {
        throw new NoSuchFileException(path);
      }
    }
  }

  @Test
  void doesNotLoseATargetToItsOwnRenewals() throws IOException {
    var job = faulty().begin(Mode.ERROR);
    job.stall();
    FaultyStorageProvider.inject(new Gap());
    var parts = List.of(faulty().writePart(job, 0, 0, 3));
    FaultyStorageProvider.inject(new Gap());

    job.publish(parts);

    assertThat(values(out)).isEqualTo(longs(0, 3));
  }

  @Test
  void doesNotTakeATargetWhileItsOwnerRenewsIt() throws IOException {
    var first = faulty().begin(Mode.ERROR);
    first.stall();
    var claim = out.resolve(Claim.FILE);
    var aside = out.resolve("." + Claim.FILE + ".00000000-0000-0000-0000-000000000000.tmp");
    Files.move(claim, aside);
    var looks = new AtomicInteger();
    FaultyStorageProvider.inject(
        new FaultyStorageProvider.Fault() {
          @Override
          public void before(String operation, String path) throws IOException {
            if (operation.equals("open") && path.equals(Claim.FILE)) {
              switch (looks.incrementAndGet()) {
                case 2 -> Files.move(aside, claim);
                case 4 -> Files.writeString(claim, Files.readString(claim) + "renewed\n");
                default -> {}
              }
            }
          }
        });

    assertThatThrownBy(() -> faulty().patient().begin(Mode.ERROR))
        .isInstanceOf(ConversionException.class)
        .hasMessageContaining("is being written by another conversion");
  }

  @Test
  void goesOnRenewingThoughOneRenewalHangs() throws Exception {
    var hangs = new AtomicInteger();
    var later = new CountDownLatch(2);
    FaultyStorageProvider.inject(
        new FaultyStorageProvider.Fault() {
          @Override
          public void before(String operation, String path) throws IOException {
            if (!operation.equals("put") || !path.equals(Claim.FILE)) {
              return;
            }
            if (hangs.getAndIncrement() > 0) {
              later.countDown();
              return;
            }
            try {
              new CountDownLatch(1).await();
            } catch (InterruptedException e) {
              throw new IOException(e);
            }
          }
        });
    var timing =
        new Claim.Timing(Duration.ofMillis(10), Duration.ofMinutes(1), Duration.ofMillis(50));
    var job =
        new Conversions(faulty().destination(), Conversions.IMPATIENT, timing).begin(Mode.ERROR);

    assertThat(later.await(60, TimeUnit.SECONDS)).isTrue();
    job.abort();
  }

  @Test
  void removesNothingOfAJobThatHasTakenOver() throws IOException {
    conversions.convert(Mode.ERROR, 0, 3);
    var slow = conversions.begin(Mode.OVERWRITE);
    conversions.write(slow, 50, 53);
    slow.stall();
    var other = conversions.begin(Mode.OVERWRITE);
    var otherParts = conversions.write(other, 50, 53, 56);

    slow.abort();

    other.publish(otherParts);
    assertThat(values(out)).isEqualTo(longs(50, 56));
    assertThat(files(out)).hasSize(4);
  }

  @Test
  void removesNothingIfAnotherTakesOverWhileItPublishes() throws IOException {
    conversions.convert(Mode.ERROR, 0, 3);
    var slow = faulty().begin(Mode.OVERWRITE);
    var parts = faulty().write(slow, 50, 53);
    slow.stall();
    var other = new ArrayList<TargetJob>();
    var otherParts = new ArrayList<PartShards>();
    FaultyStorageProvider.inject(
        new FaultyStorageProvider.Fault() {
          @Override
          public void before(String operation, String path) throws IOException {
            if (operation.equals("put") && path.equals(ShardIndex.BASENAME)) {
              other.add(conversions.begin(Mode.OVERWRITE));
              otherParts.addAll(conversions.write(other.get(0), 70, 73));
            }
          }
        });

    assertThatThrownBy(() -> slow.publish(parts))
        .isInstanceOf(ConversionException.class)
        .hasMessageContaining("was taken over by another conversion while");
    slow.abort();

    other.get(0).publish(otherParts);
    assertThat(values(out)).isEqualTo(longs(70, 73));
  }

  @Test
  void refusesAttemptsBeforeItRemovesWhatTheyAdd() throws IOException {
    var job = faulty().begin(Mode.ERROR);
    faulty().write(job, 0, 3);
    var refused = new ArrayList<Throwable>();
    FaultyStorageProvider.inject(
        new FaultyStorageProvider.Fault() {
          @Override
          public void before(String operation, String path) {
            if (operation.equals("list") && path.equals("part-00000")) {
              refused.add(catchThrowable(() -> conversions.writePart(job, 1, 3, 6)));
            }
          }
        });

    job.abort();

    assertThat(refused).singleElement().isInstanceOf(ConversionException.class);
    assertThat(refused.get(0)).hasMessageContaining("comes too late");
    assertThat(files(out)).isEmpty();
    assertThat(MdsFiles.entries(out)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void refusesTheShardsOfAnAttemptThatOutlivesTheJob(boolean store) throws IOException {
    conversions.convert(Mode.ERROR, 0, 3);
    var before = files(out);
    var target = store ? faulty() : conversions;
    var job = target.begin(Mode.APPEND);
    try (var attempt = target.attempt(job, 0)) {
      attempt.writer().row().setLong(0, 5).write();
      job.abort();

      assertThatThrownBy(() -> attempt.finish(0)).hasMessageContaining("comes too late");
    }

    assertThat(files(out)).isEqualTo(before);
  }
}
