package io.javatorch.streaming.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.javatorch.auth.CredentialsSource;
import io.javatorch.auth.WorkerCredentials;
import io.javatorch.auth.fake.FakeDatabricks;
import io.javatorch.auth.fake.FakeRequest;
import io.javatorch.auth.fake.Fault;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class DownloaderTest {
  private static final String ROOT = "/Volumes/main/default/data";
  private static final int SIZE = 410_000;
  private static final ParallelRanges FIVE_PARTS = new ParallelRanges(100_000, 5);
  private static final RetryPolicy PATIENT =
      new RetryPolicy(4, Duration.ofSeconds(30), Duration.ofMillis(1));
  private static final RetryPolicy HASTY =
      new RetryPolicy(4, Duration.ofMillis(400), Duration.ofMillis(1));

  @TempDir private Path host;
  private final FakeDatabricks workspace = FakeDatabricks.start().withToken("personal-secret");
  private final byte[] content = new byte[SIZE];

  DownloaderTest() {
    new Random(2).nextBytes(content);
    workspace.put(ROOT + "/file", content);
  }

  @AfterEach
  void stop() throws IOException {
    workspace.close();
    assertThat(workspace.violations()).isEmpty();
    try (var left = Files.walk(host)) {
      assertThat(left.map(Path::toString)).noneMatch(name -> name.endsWith(".tmp"));
    }
  }

  private Downloader downloader(RetryPolicy policy, ParallelRanges ranges) throws IOException {
    var who = CredentialsSource.of(WorkerCredentials.of(workspace.url(), "personal-secret"));
    return new Downloader(Storages.connect("dbfs:" + ROOT, who), policy, ranges);
  }

  private Downloader faulty(String faults, RetryPolicy policy) throws IOException {
    Path root = Files.createDirectories(host.resolve("store"));
    Files.write(root.resolve("file"), content);
    return new Downloader(Storages.connect("faulty:" + root + "?" + faults), policy, FIVE_PARTS);
  }

  private Path fetch(Downloader downloader, Cancellation cancellation) throws IOException {
    Path target = host.resolve("target");
    downloader.fetch("file", SIZE, target, this::verify, cancellation);
    return target;
  }

  private void fetchAndCompare(Downloader downloader) throws IOException {
    assertThat(Files.readAllBytes(fetch(downloader, new Cancellation()))).isEqualTo(content);
  }

  private void verify(Path file) throws IOException {
    if (!Arrays.equals(Files.readAllBytes(file), content)) {
      throw new IOException("it has another hash");
    }
  }

  @Test
  void readsThePartsOfABigFileAtOnce() throws IOException {
    // Each is answered only when all have been asked for.
    workspace.fault(5, FakeRequest::isDownload, new Fault.Meet(new CountDownLatch(5)));
    try (var downloader = downloader(PATIENT, FIVE_PARTS)) {
      fetchAndCompare(downloader);
      assertThat(downloader.retries()).isZero();
      assertThat(downloader.receivedBytes()).isEqualTo(SIZE);
    }
    assertThat(workspace.mostDownloadsAtOnce()).isEqualTo(5);
    assertThat(workspace.requests().stream().map(request -> request.range().orElseThrow()))
        .containsExactlyInAnyOrder(
            "bytes=0-99999",
            "bytes=100000-199999",
            "bytes=200000-299999",
            "bytes=300000-399999",
            "bytes=400000-410000");
  }

  @Test
  void readsNoMorePartsAtOnceThanItMay() throws IOException {
    Files.write(host.resolve("file"), content);
    var storage = new Counting(host);
    try (var downloader = new Downloader(storage, PATIENT, new ParallelRanges(20_000, 3))) {
      fetchAndCompare(downloader);
    }
    assertThat(storage.parts.get()).isEqualTo(21);
    assertThat(storage.most.get()).isBetween(2, 3);
  }

  /** Counts the parts that are open. */
  private static final class Counting implements Storage {
    private final LocalStorage store;
    private final AtomicInteger parts = new AtomicInteger();
    private final AtomicInteger open = new AtomicInteger();
    private final AtomicInteger most = new AtomicInteger();

    Counting(Path root) {
      store = new LocalStorage(root);
    }

    @Override
    public InputStream open(String path, long offset) throws IOException {
      parts.incrementAndGet();
      most.accumulateAndGet(open.incrementAndGet(), Math::max);
      return new FilterInputStream(store.open(path, offset)) {
        @Override
        public int read(byte[] bytes, int at, int length) throws IOException {
          LockSupport.parkNanos(2_000_000);
          return super.read(bytes, at, length);
        }

        @Override
        public void close() throws IOException {
          open.decrementAndGet();
          super.close();
        }
      };
    }

    @Override
    public long size(String path) throws IOException {
      return store.size(path);
    }

    @Override
    public List<StoredFile> list(String directory) throws IOException {
      return store.list(directory);
    }

    @Override
    public void put(Path source, String path) throws IOException {
      store.put(source, path);
    }

    @Override
    public void delete(String path) throws IOException {
      store.delete(path);
    }

    @Override
    public String location() {
      return store.location();
    }

    @Override
    public void close() {}
  }

  @ParameterizedTest
  @CsvSource({"205001,5", "100000,1"})
  void readsASmallFileAsAWhole(long partBytes, int atOnce) throws IOException {
    try (var downloader = downloader(PATIENT, new ParallelRanges(partBytes, atOnce))) {
      fetchAndCompare(downloader);
    }
    assertThat(workspace.requests()).singleElement().matches(request -> request.range().isEmpty());
  }

  @Test
  void eachPartGoesOnWhereItBrokeOff() throws IOException {
    workspace.fault(7, FakeRequest::isDownload, new Fault.Drop(30_000));
    try (var downloader =
        downloader(new RetryPolicy(9, Duration.ofSeconds(30), Duration.ofMillis(1)), FIVE_PARTS)) {
      fetchAndCompare(downloader);
      assertThat(downloader.retries()).isEqualTo(7);
      assertThat(downloader.receivedBytes()).isLessThan(SIZE + 7 * 30_000L);
    }
    assertThat(workspace.requests())
        .anyMatch(request -> request.range().orElse("").matches("bytes=\\d+30000-\\d+"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "short",
        "drop,drop,short,refuse,drop,refuse",
        "refuse,refuse,refuse",
        "corrupt",
        "none,none,none,none,corrupt,short,drop",
        "stall,stall-open,stall-end",
        "long"
      })
  void getsOverFaultsInAnyPart(String faults) throws IOException {
    try (var downloader = faulty(faults, HASTY)) {
      fetchAndCompare(downloader);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"none", "drop,short,drop", "drop,corrupt,drop", "long,refuse"})
  void getsAFileIntoMemoryOverFaultsInAnyPart(String faults) throws IOException {
    try (var downloader = faulty(faults, PATIENT)) {
      byte[] bytes =
          downloader.fetch(
              "file",
              SIZE,
              come -> {
                if (!Arrays.equals(come, content)) {
                  throw new IOException("it has another hash");
                }
              },
              new Cancellation());
      assertThat(bytes).isEqualTo(content);
    }
    try (var files = Files.list(host)) {
      assertThat(files).containsExactly(host.resolve("store"));
    }
  }

  @Test
  void aFileThatIsOnlyUsedIsGoneAfterwardsWhateverItsUserDoes() throws IOException {
    Path target = host.resolve("target");
    try (var downloader = faulty("drop,drop", PATIENT)) {
      downloader.fetchTemporarily(
          "file",
          SIZE,
          target,
          this::verify,
          new Cancellation(),
          file -> assertThat(file).hasBinaryContent(content));
      var failure = new IOException("the disk is full");
      // Not tried again: it is not the store's.
      assertThatThrownBy(
              () ->
                  downloader.fetchTemporarily(
                      "file",
                      SIZE,
                      target,
                      this::verify,
                      new Cancellation(),
                      file -> {
                        throw failure;
                      }))
          .isSameAs(failure);
    }
    try (var files = Files.list(host)) {
      assertThat(files).containsExactly(host.resolve("store"));
    }
  }

  @Test
  void aServerThatIgnoresRangesGivesTheRightBytesAllTheSame() throws IOException {
    workspace.fault(99, FakeRequest::isDownload, new Fault.IgnoreRange());
    try (var downloader = downloader(PATIENT, FIVE_PARTS)) {
      fetchAndCompare(downloader);
    }
  }

  @Test
  void aServerThatIgnoresRangesIsAskedForWholeFilesFromThenOn() throws IOException {
    workspace.fault(99, FakeRequest::isDownload, new Fault.IgnoreRange());
    var once = new RetryPolicy(1, Duration.ofSeconds(30), Duration.ofMillis(1));
    try (var downloader = downloader(once, new ParallelRanges(20_000, 2))) {
      fetchAndCompare(downloader);
      // Two parts at a time, and then the whole.
      assertThat(workspace.requests().size()).isBetween(2, 3);
      int before = workspace.requests().size();
      fetchAndCompare(downloader);
      assertThat(workspace.requests()).hasSize(before + 1);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void neverPutsTwoVersionsOfAFileTogether(boolean parts) throws IOException {
    byte[] changed = new byte[SIZE];
    new Random(3).nextBytes(changed);
    if (!parts) {
      workspace.failDownload("file", new Fault.Drop(300_000));
    }
    workspace.fault(
        1,
        request -> {
          if (request.range().orElse("").matches("bytes=[23]\\d{5}-.*")) {
            workspace.put(ROOT + "/file", changed);
          }
          return false;
        },
        new Fault.Silence());
    try (var downloader =
        downloader(PATIENT, parts ? new ParallelRanges(100_000, 2) : ParallelRanges.NONE)) {
      Path target = host.resolve("target");
      downloader.fetch("file", SIZE, target, file -> {}, new Cancellation());
      assertThat(Files.readAllBytes(target)).isEqualTo(changed);
      assertThat(downloader.retries()).isPositive();
    }
  }

  @Test
  void aRequestThatTheStoreTakesForWrongIsNotRepeated() throws IOException {
    workspace.fault(99, FakeRequest::isDownload, Fault.status(400));
    try (var downloader = downloader(PATIENT, ParallelRanges.NONE)) {
      assertThatThrownBy(() -> fetch(downloader, new Cancellation()))
          .isInstanceOf(RefusedException.class);
      assertThat(downloader.retries()).isZero();
    }
  }

  @Test
  void aPartThatCannotBeHadEndsTheOthers() throws IOException {
    workspace.fault(
        99, request -> request.range().orElse("").startsWith("bytes=200000"), Fault.status(500));
    workspace.fault(99, FakeRequest::isDownload, new Fault.Hang(10));
    // Longer than the test may take.
    var policy = new RetryPolicy(3, Duration.ofMinutes(10), Duration.ofMillis(1));
    try (var downloader = downloader(policy, FIVE_PARTS)) {
      assertThatThrownBy(() -> fetch(downloader, new Cancellation()))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("bytes from 200000 to 300000 of file")
          .hasMessageContaining("dbfs:" + ROOT)
          .hasMessageContaining("in 3 attempts")
          .hasMessageContaining("500");
    }
    assertThat(host.resolve("target")).doesNotExist();
  }

  @Test
  void aMissingFileIsNotAskedForTwice() throws IOException {
    try (var downloader = downloader(PATIENT, FIVE_PARTS)) {
      Path target = host.resolve("target");
      assertThatThrownBy(
              () -> downloader.fetch("absent", SIZE, target, this::verify, new Cancellation()))
          .isInstanceOf(NoSuchFileException.class);
      assertThat(downloader.retries()).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, -1, 150_000, -150_000})
  void refusesAFileOfAnotherSizeThanTheIndexHas(int difference) throws IOException {
    workspace.put(ROOT + "/file", Arrays.copyOf(content, SIZE + difference));
    try (var downloader = downloader(PATIENT, FIVE_PARTS)) {
      Path target = host.resolve("target");
      assertThatThrownBy(
              () -> downloader.fetch("file", SIZE, target, file -> {}, new Cancellation()))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("in 4 attempts");
      assertThat(target).doesNotExist();
    }
  }

  @Test
  void givesUpWhereEveryPartHangs() throws IOException {
    workspace.fault(99, FakeRequest::isDownload, new Fault.Hang(10));
    try (var downloader = downloader(HASTY, FIVE_PARTS)) {
      assertThatThrownBy(() -> fetch(downloader, new Cancellation()))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("took longer than")
          .hasMessageContaining("bytes have come");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"cancel", "close", "interrupt"})
  void endsAtOnceWhenItIsNotWantedAnyMore(String way) throws Exception {
    workspace.fault(99, FakeRequest::isDownload, new Fault.Hang(10));
    var policy = new RetryPolicy(3, Duration.ofMinutes(10), Duration.ofMillis(1));
    var cancellation = new Cancellation();
    var error = new CompletableFuture<Throwable>();
    try (var downloader = downloader(policy, FIVE_PARTS)) {
      var thread =
          new Thread(() -> error.complete(catchThrowable(() -> fetch(downloader, cancellation))));
      thread.start();
      while (downloader.receivedBytes() < 50) {
        Thread.onSpinWait();
      }
      switch (way) {
        case "cancel" -> cancellation.cancel();
        case "close" -> downloader.close();
        default -> thread.interrupt();
      }
      assertThat(error.get(10, TimeUnit.SECONDS))
          .isInstanceOf(
              way.equals("interrupt") ? InterruptedIOException.class : CancelledException.class);
      thread.join();
    }
  }

  // ---- time

  @Test
  void waitsForABusyStoreAsLongAsItAsksAndCountsNoAttempt() throws IOException {
    workspace.fault(3, FakeRequest::isDownload, Fault.tooManyRequests(0));
    workspace.fault(1, FakeRequest::isDownload, Fault.tooManyRequests(1));
    long begun = System.nanoTime();
    try (var downloader =
        downloader(
            new RetryPolicy(2, Duration.ofSeconds(30), Duration.ofMillis(1)),
            ParallelRanges.NONE)) {
      fetchAndCompare(downloader);
      assertThat(downloader.retries()).isEqualTo(4);
    }
    assertThat(Duration.ofNanos(System.nanoTime() - begun)).isGreaterThan(Duration.ofSeconds(1));
  }

  @ParameterizedTest
  @ValueSource(ints = {429, 503})
  void aStoreThatIsBusyUsesUpNoAttempt(int status) throws IOException {
    workspace.fault(5, FakeRequest::isDownload, Fault.status(status));
    try (var downloader =
        downloader(
            new RetryPolicy(2, Duration.ofSeconds(30), Duration.ofMillis(1)),
            ParallelRanges.NONE)) {
      fetchAndCompare(downloader);
      assertThat(downloader.retries()).isEqualTo(5);
    }
  }

  @Test
  void noPolicyIsTooLongToBeCounted() {
    var ever = Duration.ofSeconds(Long.MAX_VALUE);
    for (var policy :
        List.of(
            new RetryPolicy(Integer.MAX_VALUE, ever, ever),
            new RetryPolicy(Integer.MAX_VALUE, Duration.ofSeconds(60), Duration.ofSeconds(1)),
            new RetryPolicy(1, ever, Duration.ZERO).withDeadline(ever))) {
      assertThat(policy.longest().multipliedBy(6).toNanos()).isPositive();
      assertThat(policy.delay(1000).toNanos()).isNotNegative();
    }
    assertThat(new RetryPolicy(14, Duration.ofSeconds(1), Duration.ofSeconds(1)).lastStart())
        .isEqualTo(Duration.ofSeconds(13 + 2 * (1023 + 3 * 1024)));
    assertThat(RetryPolicy.DEFAULT.lastStart()).isEqualTo(Duration.ofSeconds(62));
  }

  @Test
  void doesNotWaitForAnHourBecauseAStoreAsksForIt() throws IOException {
    workspace.fault(1, FakeRequest::isDownload, Fault.tooManyRequests(3600));
    try (var downloader =
        downloader(HASTY.withDeadline(Duration.ofSeconds(30)), ParallelRanges.NONE)) {
      fetchAndCompare(downloader);
    }
  }

  @Test
  void givesUpAStoreThatStaysBusyBeyondTheTime() throws IOException {
    workspace.fault(
        9999,
        FakeRequest::isDownload,
        new Fault.Status(503, "BUSY", "busy", Map.of("Retry-After", "0")));
    try (var downloader = downloader(HASTY, ParallelRanges.NONE)) {
      assertThatThrownBy(() -> fetch(downloader, new Cancellation()))
          .hasMessageContaining("after which none begins")
          .hasMessageContaining("503 BUSY");
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void noTryBeginsAfterTheDeadline(boolean parts) throws IOException {
    workspace.fault(9999, FakeRequest::isDownload, Fault.status(500));
    var policy =
        new RetryPolicy(1_000_000, Duration.ofSeconds(10), Duration.ofMillis(20))
            .withDeadline(Duration.ofMillis(500));
    try (var downloader = downloader(policy, parts ? FIVE_PARTS : ParallelRanges.NONE)) {
      assertThatThrownBy(() -> fetch(downloader, new Cancellation()))
          .hasMessageContaining("0.5 s, after which none begins");
      assertThat(downloader.longestFetch()).isEqualTo(Duration.ofMillis(10_500));
    }
  }
}
