package io.javatorch.streaming.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.javatorch.auth.CredentialsSource;
import io.javatorch.auth.DatabricksAuth;
import io.javatorch.auth.WorkerCredentials;
import io.javatorch.auth.fake.FakeDatabricks;
import io.javatorch.auth.fake.FakeRequest;
import io.javatorch.auth.fake.Fault;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class VolumeStorageTest {
  private static final String ROOT = "/Volumes/main/default/data/set";
  private static final String TOKEN = "personal-secret";
  private static final VolumeClient.Timeouts SHORT =
      new VolumeClient.Timeouts(
          Duration.ofSeconds(2), Duration.ofMillis(500), Duration.ofMillis(500));

  @TempDir private Path host;
  private final FakeDatabricks workspace = FakeDatabricks.start().withToken(TOKEN);
  private final VolumeStorage storage = storage(VolumeClient.Timeouts.DEFAULT);
  private final byte[] content = new byte[100_000];

  VolumeStorageTest() {
    new Random(1).nextBytes(content);
    workspace.put(ROOT + "/file", content);
  }

  @AfterEach
  void stop() {
    storage.close();
    workspace.close();
    assertThat(workspace.violations()).isEmpty();
  }

  private VolumeStorage storage(VolumeClient.Timeouts timeouts) {
    return storage(timeouts, personal(workspace.url(), TOKEN), Optional.empty());
  }

  private static VolumeStorage storage(
      VolumeClient.Timeouts timeouts, CredentialsSource who, Optional<VolumeMount> mount) {
    return new VolumeStorage(VolumePath.of(ROOT), new VolumeClient(who, timeouts), mount);
  }

  private static CredentialsSource personal(String host, String token) {
    return CredentialsSource.of(WorkerCredentials.of(host, token));
  }

  private CredentialsSource servicePrincipal() throws IOException {
    workspace.withServicePrincipal("app", "app-secret");
    var file =
        Files.writeString(
            host.resolve("config"),
            "[sp]\nhost=%s\nclient_id=app\nclient_secret=app-secret\n".formatted(workspace.url()));
    return DatabricksAuth.builder().configFile(file.toString()).profile("sp").build().source();
  }

  private byte[] read(Storage from, long offset) throws IOException {
    try (var in = from.open("file", offset)) {
      return in.readAllBytes();
    }
  }

  private byte[] from(int offset) {
    return Arrays.copyOfRange(content, offset, content.length);
  }

  private String textOf(Throwable error) {
    var text = new StringWriter();
    error.printStackTrace(new PrintWriter(text));
    assertThat(workspace.isSecretIn(text.toString())).isFalse();
    assertThat(text.toString()).doesNotContain("signed-url-secret");
    return text.toString();
  }

  private static boolean any(FakeRequest request) {
    return true;
  }

  // ---- what goes well

  @Test
  void readsAFileFromAnyByteOn() throws IOException {
    assertThat(read(storage, 0)).isEqualTo(content);
    assertThat(read(storage, 99_000)).isEqualTo(from(99_000));
    assertThat(read(storage, content.length)).isEmpty();
    assertThat(storage.size("file")).isEqualTo(content.length);
    assertThat(workspace.requests().get(1).range()).contains("bytes=99000-");
  }

  @Test
  void readsAPartAndNoMoreOfIt() throws IOException {
    try (var in = storage.open("file", 10, 20)) {
      assertThat(in.readAllBytes()).isEqualTo(Arrays.copyOfRange(content, 10, 30));
    }
    workspace.put(ROOT + "/empty", new byte[0]);
    try (var in = storage.open("empty", 0, 1)) {
      assertThat(in.readAllBytes()).isEmpty();
    }
    assertThat(storage.size("empty")).isZero();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "a b",
        "ünï/côdé",
        "1+1=2",
        "100%",
        "a%20b",
        "#1",
        "what?",
        "a&b;c",
        "[0]",
        "'q\"u",
        "日本"
      })
  void escapesEachNameSoThatTheServerSeesIt(String name) throws IOException {
    var source = Files.write(host.resolve("source"), content);
    storage.put(source, name);
    assertThat(workspace.get(ROOT + "/" + name)).contains(content);
    assertThat(storage.size(name)).isEqualTo(content.length);
    int slash = name.lastIndexOf('/');
    assertThat(storage.list(name.substring(0, Math.max(0, slash))))
        .contains(new StoredFile(name.substring(slash + 1), false, content.length));
    storage.delete(name);
    assertThat(workspace.get(ROOT + "/" + name)).isEmpty();
    storage.delete(name);
  }

  @ParameterizedTest
  @CsvSource({"1000,false", "1,false", "2,true"})
  void listsAllPagesByName(int pageSize, boolean emptyPages) throws IOException {
    workspace.pageSize(pageSize);
    if (emptyPages) {
      workspace.sendEmptyPages();
    }
    workspace.put(ROOT + "/b/deep/file", new byte[3]);
    workspace.put(ROOT + "/a", new byte[7]);
    assertThat(storage.list(""))
        .containsExactly(
            new StoredFile("a", false, 7),
            new StoredFile("b", true, 0),
            new StoredFile("file", false, content.length));
    assertThat(storage.list("absent")).isEmpty();
  }

  @Test
  void replacesAFileAndMakesItsDirectories() throws IOException {
    storage.put(Files.write(host.resolve("source"), content), "new/deep/file");
    storage.put(Files.write(host.resolve("source"), new byte[5]), "new/deep/file");
    storage.put(Files.write(host.resolve("source"), new byte[0]), "file");
    assertThat(workspace.get(ROOT + "/new/deep/file")).contains(new byte[5]);
    assertThat(workspace.get(ROOT + "/file")).contains(new byte[0]);
  }

  @ParameterizedTest
  @ValueSource(strings = {"../other", "a/../../b", "/a", "a//b", "."})
  void doesNotLeaveItsDirectory(String path) {
    assertThatThrownBy(() -> storage.size(path)).isInstanceOf(IllegalArgumentException.class);
    assertThat(workspace.requests()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "/Volumes/c/s/v, /Volumes/c/s/v",
    "/Volumes/c/s/v/d/, /Volumes/c/s/v/d",
    "/Volumes//c/s/v//d, /Volumes/c/s/v/d",
    "dbfs:/Volumes/c/s/v/d, dbfs:/Volumes/c/s/v/d",
    "dbfs:///Volumes/c/s/v/d/, dbfs:/Volumes/c/s/v/d"
  })
  void takesTheLocationsOfVolumes(String location, String root) throws IOException {
    try (var connected = Storages.connect(location)) {
      assertThat(connected).isInstanceOf(VolumeStorage.class);
      assertThat(connected.location()).isEqualTo(root);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"/Volumes/c/s", "dbfs:/Volumes/c", "/Volumes/c/s/v/../../x", "dbfs:/Volumes/"})
  void saysWhatALocationShouldLookLike(String location) {
    assertThatThrownBy(() -> Storages.connect(location))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(location)
        .hasMessageContaining("/Volumes/<catalog>/<schema>/<volume>");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "/", "/?o=1"})
  void theHostMayEndInASlash(String ending) throws IOException {
    try (var other = storage(SHORT, personal(workspace.url() + ending, TOKEN), Optional.empty())) {
      assertThat(read(other, 0)).isEqualTo(content);
    }
  }

  @Test
  void aWorkspaceThatSpeaksNoTlsIsToldByItsHost() {
    var https = workspace.url().replace("http://", "https://");
    try (var other = storage(SHORT, personal(https, TOKEN), Optional.empty())) {
      assertThatThrownBy(() -> other.size("file"))
          .isInstanceOf(IOException.class)
          .hasMessageContaining(https)
          .satisfies(this::textOf);
    }
  }

  // ---- credentials

  @Test
  void renewsATokenThatExpiresBetweenTwoRequests() throws IOException {
    workspace.goodForRequests(2);
    try (var other = storage(SHORT, servicePrincipal(), Optional.empty())) {
      for (int i = 0; i < 9; i++) {
        assertThat(read(other, i)).isEqualTo(from(i));
      }
    }
    assertThat(workspace.tokensIssued()).isEqualTo(5);
    assertThat(workspace.refusedRequests()).isEqualTo(4);
  }

  @Test
  void renewsATokenThatIsRefusedWith403() throws IOException {
    workspace.refuseWith(403, "Invalid access token. [ReqId: 1]");
    workspace.goodForRequests(1);
    try (var other = storage(SHORT, servicePrincipal(), Optional.empty())) {
      assertThat(other.size("file")).isEqualTo(content.length);
      assertThat(other.size("file")).isEqualTo(content.length);
      assertThat(read(other, 0)).isEqualTo(content);
    }
  }

  @Test
  void aTokenThatStaysRefusedIsExplainedAndNotTriedAgain() {
    workspace.revokeTokens();
    assertThatThrownBy(() -> storage.size("file"))
        .isInstanceOf(AccessDeniedException.class)
        .hasMessageContaining(ROOT + "/file")
        .hasMessageContaining(workspace.url())
        .hasMessageContaining("DATABRICKS_TOKEN")
        .satisfies(this::textOf);
    assertThat(workspace.requests()).hasSize(1);
  }

  @Test
  void wherePermissionIsMissingItNamesThePermission() {
    workspace.fault(9, VolumeStorageTest::any, Fault.status(403));
    assertThatThrownBy(() -> storage.open("file", 0))
        .isInstanceOf(AccessDeniedException.class)
        .hasMessageContaining("READ VOLUME for main.default.data");
    assertThatThrownBy(() -> storage.put(Files.write(host.resolve("s"), content), "file"))
        .isInstanceOf(AccessDeniedException.class)
        .hasMessageContaining("WRITE VOLUME for main.default.data");
  }

  @Test
  void whereThereAreNoCredentialsItNamesWhatWasLookedForAndWhatToSet() throws IOException {
    var nowhere = host.resolve("none.cfg").toString();
    var none = DatabricksAuth.builder().configFile(nowhere).build().source();
    try (var other = storage(SHORT, none, Optional.empty())) {
      assertThatThrownBy(() -> other.size("file"))
          .isInstanceOf(AccessDeniedException.class)
          .hasMessageContaining(ROOT + "/file")
          .hasMessageContaining("No Databricks credentials")
          .hasMessageContaining("DATABRICKS_HOST in the environment: not found")
          .hasMessageContaining("DATABRICKS_TOKEN in the environment: not found")
          .hasMessageContaining(nowhere)
          .hasMessageContaining("Set DATABRICKS_HOST and DATABRICKS_TOKEN");
    }
    assertThat(workspace.requests()).isEmpty();
  }

  @Test
  void aServerThatRepeatsTheTokenDoesNotMakeItAppear() {
    workspace.fault(
        9, VolumeStorageTest::any, new Fault.Status(500, "X", "your token " + TOKEN, Map.of()));
    assertThatThrownBy(() -> storage.open("file", 0))
        .hasMessageContaining("your token ***")
        .satisfies(this::textOf);
    assertThat(storage.location()).doesNotContain(TOKEN);
  }

  @ParameterizedTest
  @ValueSource(ints = {480, 490, 499, 65_516, 65_530})
  void aTokenThatLiesAcrossACutDoesNotAppearInPart(int before) {
    String page = "<p>".repeat(before > 1000 ? (before - 1) / 3 : 0);
    String text = page + "x".repeat(before - page.length()) + TOKEN + "y".repeat(90_000);
    workspace.fault(9, VolumeStorageTest::any, new Fault.Status(500, "X", text, Map.of()));
    assertThatThrownBy(() -> storage.open("file", 0))
        .hasMessageContaining("500")
        .hasMessageNotContaining(TOKEN.substring(0, 4));
  }

  // ---- faults

  @Test
  void aMissingFileIsNoReasonToTryAgain() {
    for (var error :
        List.of(
            catchThrowable(() -> storage.size("absent")),
            catchThrowable(() -> storage.open("absent", 5)))) {
      assertThat(error)
          .isInstanceOf(NoSuchFileException.class)
          .hasMessageContaining(ROOT + "/absent");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {400, 405, 409, 413})
  void aRequestThatIsWrongStaysSo(int status) {
    workspace.fault(1, VolumeStorageTest::any, Fault.status(status));
    assertThatThrownBy(() -> storage.open("file", 0))
        .isInstanceOf(RefusedException.class)
        .hasMessageContaining(status + " ERROR_" + status);
  }

  @Test
  void aConflictThatPassesIsNoWrongRequest() {
    workspace.fault(1, VolumeStorageTest::any, new Fault.Status(409, "ABORTED", "x", Map.of()));
    assertThatThrownBy(() -> storage.size("file"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("409");
    workspace.fault(1, VolumeStorageTest::any, new Fault.Status(409, "ABORTED", "x", Map.of()));
    assertThatThrownBy(() -> storage.open("file", 0)).isNotInstanceOf(RefusedException.class);
  }

  @Test
  void aRangeThatIsNotThereIsAnErrorWhereNoneWasAskedFor() throws IOException {
    var source = Files.write(host.resolve("source"), content);
    for (Act act :
        List.<Act>of(
            () -> storage.size("file"),
            () -> storage.put(source, "file"),
            () -> storage.delete("file"),
            () -> storage.list(""),
            () -> storage.open("file", 0))) {
      workspace.fault(1, VolumeStorageTest::any, Fault.status(416));
      assertThatThrownBy(act::run).isInstanceOf(IOException.class).hasMessageContaining("416");
    }
  }

  @Test
  void aListThatBreaksOffIsNotTakenForAnEmptyDirectory() {
    workspace.pageSize(1);
    workspace.put(ROOT + "/other", content);
    workspace.fault(1, request -> request.query().contains("page_token"), Fault.status(404));
    assertThatThrownBy(() -> storage.list(""))
        .isInstanceOf(IOException.class)
        .isNotInstanceOf(NoSuchFileException.class)
        .hasMessageContaining("broke off after 1");
  }

  @Test
  void aPermissionThatIsMissingCostsOneNewTokenAndNotOneEachTime() throws IOException {
    try (var other = storage(SHORT, servicePrincipal(), Optional.empty())) {
      workspace.fault(99, request -> request.method().equals("HEAD"), Fault.status(403));
      for (int i = 0; i < 4; i++) {
        assertThatThrownBy(() -> other.size("file")).isInstanceOf(AccessDeniedException.class);
      }
    }
    assertThat(workspace.tokensIssued()).isEqualTo(2);
  }

  @Test
  void aRenewedTokenThatIsRefusedAsWellIsRenewedAFewTimes() throws IOException {
    workspace.goodForRequests(0);
    try (var other = storage(SHORT, servicePrincipal(), Optional.empty())) {
      assertThatThrownBy(() -> other.size("file")).isInstanceOf(AccessDeniedException.class);
    }
    assertThat(workspace.tokensIssued()).isEqualTo(4);
  }

  @Test
  void closingEndsARequestThatIsNotAnswered() throws Exception {
    workspace.fault(1, VolumeStorageTest::any, new Fault.Silence());
    var client = new VolumeClient(personal(workspace.url(), TOKEN), VolumeClient.Timeouts.DEFAULT);
    try (var other = new VolumeStorage(VolumePath.of(ROOT), client, Optional.empty())) {
      var waiting = CompletableFuture.supplyAsync(() -> catchThrowable(() -> other.size("file")));
      while (workspace.requests().isEmpty()) {
        Thread.onSpinWait();
      }
      other.close();
      assertThat(waiting.get(10, TimeUnit.SECONDS)).isInstanceOf(IOException.class);
      assertThat(client.underWay()).isZero();
    }
  }

  @Test
  void forgetsARequestWhoseThreadIsInterrupted() throws Exception {
    workspace.fault(1, VolumeStorageTest::any, new Fault.Silence());
    var client = new VolumeClient(personal(workspace.url(), TOKEN), VolumeClient.Timeouts.DEFAULT);
    try (var other = new VolumeStorage(VolumePath.of(ROOT), client, Optional.empty())) {
      var error = new CompletableFuture<Throwable>();
      var thread = new Thread(() -> error.complete(catchThrowable(() -> other.size("file"))));
      thread.start();
      while (workspace.requests().isEmpty()) {
        Thread.onSpinWait();
      }
      thread.interrupt();
      assertThat(error.get(10, TimeUnit.SECONDS)).isInstanceOf(InterruptedIOException.class);
      assertThat(client.underWay()).isZero();
      assertThat(read(other, 0)).isEqualTo(content);
      assertThat(client.underWay()).isZero();
    }
  }

  @Test
  void sendsNothingTwiceWhereOnlyTheLastQuestionFailed() throws IOException {
    var source = Files.write(host.resolve("source"), content);
    workspace.fault(1, request -> request.method().equals("HEAD"), Fault.status(500));
    assertThatThrownBy(() -> storage.put(source, "new")).isInstanceOf(IOException.class);
    storage.put(source, "new");
    assertThat(workspace.count("PUT", "new")).isOne();
    Files.write(source, new byte[7]);
    storage.put(source, "new");
    assertThat(workspace.get(ROOT + "/new")).contains(new byte[7]);
  }

  @ParameterizedTest
  @ValueSource(ints = {429, 500, 502, 503, 504})
  void otherErrorsMayPass(int status) throws IOException {
    workspace.fault(1, VolumeStorageTest::any, Fault.status(status));
    assertThatThrownBy(() -> storage.open("file", 0))
        .isInstanceOf(IOException.class)
        .isNotInstanceOf(NoSuchFileException.class)
        .isNotInstanceOf(AccessDeniedException.class)
        .hasMessageContaining(status + " ERROR_" + status);
    assertThat(read(storage, 0)).isEqualTo(content);
  }

  @Test
  void aBusyWorkspaceSaysHowLongToWait() {
    String date =
        DateTimeFormatter.RFC_1123_DATE_TIME.format(
            ZonedDateTime.now(ZoneOffset.UTC).plusMinutes(2));
    for (var wait : List.of("7", date, "0")) {
      workspace.fault(
          1,
          VolumeStorageTest::any,
          new Fault.Status(429, "BUSY", "busy", Map.of("Retry-After", wait)));
      var error = catchThrowable(() -> storage.size("file"));
      assertThat(error).isInstanceOf(RetryLaterException.class);
      var waiting = ((RetryLaterException) error).waiting();
      if (wait.equals(date)) {
        assertThat(waiting).isBetween(Duration.ofSeconds(60), Duration.ofSeconds(120));
      } else {
        assertThat(waiting).hasSeconds(Long.parseLong(wait));
      }
    }
    workspace.fault(
        1, VolumeStorageTest::any, new Fault.Status(503, "B", "b", Map.of("Retry-After", "soon")));
    assertThatThrownBy(() -> storage.size("file"))
        .isInstanceOfSatisfying(
            RetryLaterException.class, busy -> assertThat(busy.waiting()).isZero());
  }

  @Test
  void aServerThatIgnoresRangesStillGivesTheRightBytes() throws IOException {
    workspace.failDownload("file", new Fault.IgnoreRange(), new Fault.IgnoreRange());
    assertThat(read(storage, 40_000)).isEqualTo(from(40_000));
    try (var in = storage.open("file", 40_000, 10)) {
      assertThat(in.readNBytes(10)).isEqualTo(Arrays.copyOfRange(content, 40_000, 40_010));
    }
  }

  @Test
  void neverTakesAnotherRangeForTheOneItAskedFor() throws IOException {
    for (Fault fault : List.of(new Fault.OtherRange(), new Fault.UnnamedRange())) {
      workspace.failDownload("file", fault);
      assertThatThrownBy(() -> storage.open("file", 40_000))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("40000")
          .hasMessageContaining("Content-Range");
    }
    assertThatThrownBy(() -> storage.open("file", content.length + 1L))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("has no byte 100001");
  }

  @Test
  void aBodyThatBreaksOffIsAnError() throws IOException {
    workspace.failDownload("file", new Fault.Drop(30_000), new Fault.WrongLength(7));
    for (int i = 0; i < 2; i++) {
      assertThatThrownBy(() -> read(storage, 0))
          .isInstanceOf(IOException.class)
          .hasStackTraceContaining("fixed content-length");
    }
    assertThat(read(storage, 0)).isEqualTo(content);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"})
  void aConnectionThatIsResetIsAnError(String start) throws Exception {
    try (var listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      var resetter = new Thread(() -> resetAll(listener, start));
      resetter.start();
      var resetting = "http://127.0.0.1:" + listener.getLocalPort();
      try (var other = storage(SHORT, personal(resetting, TOKEN), Optional.empty())) {
        assertThatThrownBy(() -> read(other, 0))
            .isInstanceOf(IOException.class)
            .satisfies(this::textOf);
      }
      listener.close();
      resetter.join();
    }
  }

  /** Answers each request with some text and a reset of its connection. */
  private static void resetAll(ServerSocket listener, String start) {
    while (!listener.isClosed()) {
      try (var socket = listener.accept()) {
        if (socket.getInputStream().read(new byte[10_000]) > 0) {
          socket.getOutputStream().write(start.getBytes(StandardCharsets.US_ASCII));
          socket.getOutputStream().flush();
          Thread.sleep(50);
        }
        socket.setSoLinger(true, 0);
      } catch (IOException | InterruptedException e) {
        // The listener was closed.
        return;
      }
    }
  }

  @Test
  void aHostThatIsNotThereIsAnErrorThatNamesIt() throws IOException {
    int port;
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    try (var other =
        storage(SHORT, personal("http://127.0.0.1:" + port, TOKEN), Optional.empty())) {
      assertThatThrownBy(() -> other.size("file"))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("127.0.0.1:" + port)
          .satisfies(this::textOf);
    }
  }

  @Test
  void doesNotWaitForAServerThatSaysNothing() throws IOException {
    try (var impatient = storage(SHORT)) {
      workspace.failDownload("file", new Fault.Silence(), new Fault.Hang(10));
      assertThatThrownBy(() -> impatient.open("file", 0))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("timed out");
      try (var in = impatient.open("file", 0)) {
        assertThatThrownBy(in::readAllBytes)
            .isInstanceOf(IOException.class)
            .hasMessageContaining("nothing has come for 0.5 s");
      }
    }
  }

  @Test
  void takesBytesThatComeSlowly() throws IOException {
    try (var impatient = storage(SHORT)) {
      workspace.failDownload("file", new Fault.Drip(20_000, Duration.ofMillis(200)));
      assertThat(read(impatient, 0)).isEqualTo(content);
    }
  }

  @Test
  void needsNoContentType() throws IOException {
    workspace.failDownload("file", new Fault.NoContentType());
    assertThat(read(storage, 0)).isEqualTo(content);
  }

  @Test
  void closingAStreamFromAnotherThreadEndsItsPendingRead() throws Exception {
    workspace.failDownload("file", new Fault.Hang(10), new Fault.Hang(10));
    var in = storage.open("file", 0);
    assertThat(in.readNBytes(10)).hasSize(10);
    var pending = CompletableFuture.supplyAsync(() -> catchThrowable(in::read));
    in.close();
    assertThat(pending.get(10, TimeUnit.SECONDS)).isInstanceOf(IOException.class);

    var left = storage.open("file", 0);
    assertThat(left.readNBytes(10)).hasSize(10);
    storage.close();
    assertThatThrownBy(left::read).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> storage.size("file")).isInstanceOf(IOException.class);
  }

  @Test
  void anInterruptEndsARequest() throws Exception {
    workspace.failDownload("file", new Fault.Silence());
    var interrupted = new CompletableFuture<Throwable>();
    var thread =
        new Thread(() -> interrupted.complete(catchThrowable(() -> storage.open("file", 0))));
    thread.start();
    while (workspace.requests().isEmpty()) {
      Thread.onSpinWait();
    }
    thread.interrupt();
    assertThat(interrupted.get(10, TimeUnit.SECONDS)).isInstanceOf(IOException.class);
  }

  @Test
  void leavesConnectionsToTheNextRequestOrClosesThem() throws IOException {
    // More than any pool holds, each given up in the middle.
    for (int i = 0; i < 60; i++) {
      try (var in = storage.open("file", 0)) {
        assertThat(in.readNBytes(5)).hasSize(5);
      }
    }
    assertThat(read(storage, 0)).isEqualTo(content);
  }

  // ---- redirects

  @Test
  void followsARedirectToTheObjectStoreWithoutShowingItTheToken() throws IOException {
    workspace.fault(3, VolumeStorageTest::any, new Fault.Redirect());
    assertThat(read(storage, 99_990)).isEqualTo(from(99_990));
    assertThat(storage.size("file")).isEqualTo(content.length);
    assertThat(workspace.requests().get(1).store()).isTrue();
    assertThat(workspace.requests().get(1).range()).contains("bytes=99990-");
    workspace.fault(1, request -> request.method().equals("PUT"), new Fault.Redirect());
    storage.put(Files.write(host.resolve("source"), new byte[9]), "file");
    assertThat(workspace.get(ROOT + "/file")).contains(new byte[9]);
  }

  @Test
  void aSignedUrlThatIsRefusedIsAskedForAgain() throws IOException {
    workspace.fault(1, FakeRequest::store, Fault.status(403));
    workspace.fault(2, request -> !request.store(), new Fault.Redirect());
    assertThatThrownBy(() -> storage.open("file", 0))
        .isInstanceOf(IOException.class)
        .isNotInstanceOf(AccessDeniedException.class)
        .hasMessageContaining("object store")
        .satisfies(this::textOf);
    assertThat(read(storage, 0)).isEqualTo(content);
  }

  @Test
  void goesRoundInNoCircles() {
    workspace.fault(99, VolumeStorageTest::any, new Fault.RedirectToItself());
    assertThatThrownBy(() -> storage.open("file", 0))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("redirected more than 5 times");
    assertThat(workspace.requests()).hasSize(6);
  }

  // ---- uploads

  @Test
  void anUploadThatFailsLeavesWhatWasThere() throws IOException {
    var source = Files.write(host.resolve("source"), new byte[200_000]);
    workspace.fault(1, request -> request.method().equals("PUT"), new Fault.Drop(1000));
    assertThatThrownBy(() -> storage.put(source, "file")).isInstanceOf(IOException.class);
    assertThat(workspace.get(ROOT + "/file")).contains(content);
    storage.put(source, "file");
    assertThat(workspace.get(ROOT + "/file")).contains(new byte[200_000]);
  }

  @Test
  void anUploadOfWhichAPartWasKeptIsAnErrorAndLeavesNoPart() throws IOException {
    var source = Files.write(host.resolve("source"), new byte[1000]);
    workspace.fault(1, request -> request.method().equals("PUT"), new Fault.KeepHalf());
    assertThatThrownBy(() -> storage.put(source, "file"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("500 bytes of the 1000");
    assertThat(workspace.get(ROOT + "/file")).isEmpty();
  }

  @Test
  void anUploadSurvivesTheExpiryOfItsToken() throws IOException {
    workspace.goodForRequests(1);
    try (var other = storage(SHORT, servicePrincipal(), Optional.empty())) {
      for (int i = 0; i < 3; i++) {
        other.put(Files.write(host.resolve("source"), content), "a/" + i);
        assertThat(workspace.get(ROOT + "/a/" + i)).contains(content);
      }
    }
  }

  @Test
  void aSourceThatIsMissingIsNamed() {
    var absent = host.resolve("absent");
    assertThatThrownBy(() -> storage.put(absent, "file"))
        .isInstanceOf(NoSuchFileException.class)
        .hasMessageContaining(absent.toString());
  }

  // ---- the mount

  private Path mounted(String name, byte[] bytes) throws IOException {
    Path file = host.resolve(ROOT.substring(1)).resolve(name);
    Files.createDirectories(file.getParent());
    return Files.write(file, bytes);
  }

  private VolumeStorage onMount() {
    return storage(
        SHORT,
        personal(workspace.url(), TOKEN),
        Optional.of(new VolumeMount(host, VolumePath.of(ROOT), Duration.ofMillis(200))));
  }

  @Test
  void readsAMountWithoutAnyRequest() throws IOException {
    mounted("file", content);
    try (var other = onMount()) {
      assertThat(other.size("file")).isEqualTo(content.length);
      assertThat(read(other, 50)).isEqualTo(from(50));
      assertThat(other.list("")).containsExactly(new StoredFile("file", false, content.length));
    }
    assertThat(workspace.requests()).isEmpty();
  }

  @Test
  void whatTheMountDoesNotHaveComesThroughTheApi() throws IOException {
    Files.createDirectories(host.resolve(ROOT.substring(1)));
    try (var other = onMount()) {
      assertThat(other.size("file")).isEqualTo(content.length);
      assertThat(read(other, 50)).isEqualTo(from(50));
      assertThat(other.list("")).hasSize(1);
    }
    assertThat(workspace.count("GET", "file")).isPositive();
  }

  @Test
  void aMountThatCannotBeReadIsLeftAloneAndThatIsSaidOnce() throws IOException {
    Path directory = Files.createDirectories(host.resolve(ROOT.substring(1)));
    for (String name : List.of("file", "other")) {
      Files.createSymbolicLink(directory.resolve(name), Path.of(name));
    }
    workspace.put(ROOT + "/other", content);
    String log =
        logOf(
            () -> {
              try (var other = onMount()) {
                assertThat(read(other, 0)).isEqualTo(content);
                assertThat(read(other, 7)).isEqualTo(from(7));
                assertThat(other.size("other")).isEqualTo(content.length);
              }
            });
    assertThat(log).containsOnlyOnce("cannot be read, so its files come through the Files API");
  }

  @Test
  void aMountThatFailsWhileItIsReadIsLeftAlone() throws IOException {
    Path good = mounted("good", new byte[3]);
    // Can be opened, and has no readable byte at 0.
    Files.createSymbolicLink(good.resolveSibling("file"), Path.of("/proc/self/mem"));
    String log =
        logOf(
            () -> {
              try (var other = onMount()) {
                assertThat(other.size("good")).isEqualTo(3);
                assertThatThrownBy(() -> read(other, 0)).isInstanceOf(IOException.class);
                assertThat(read(other, 0)).isEqualTo(content);
              }
            });
    assertThat(log).containsOnlyOnce("cannot be read, so its files come through the Files API");
  }

  @Test
  void anEmptyFileProvesNothingOfAMount() throws IOException {
    mounted("file", new byte[0]);
    try (var other = onMount()) {
      assertThat(other.size("file")).isEqualTo(content.length);
      assertThat(read(other, 0)).isEqualTo(content);
    }
  }

  @FunctionalInterface
  private interface Act {
    void run() throws IOException;
  }

  private static String logOf(Act act) throws IOException {
    var log = new ByteArrayOutputStream();
    var err = System.err;
    System.setErr(new PrintStream(log, true, StandardCharsets.UTF_8));
    try {
      act.run();
    } finally {
      System.setErr(err);
    }
    return log.toString(StandardCharsets.UTF_8);
  }

  @Test
  void aMountThatHangsIsLeftAlone() throws Exception {
    Path directory = Files.createDirectories(host.resolve(ROOT.substring(1)));
    Path pipe = directory.resolve("file");
    assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
    try (var other = onMount()) {
      var started = new CountDownLatch(1);
      // A pipe cannot be opened before somebody opens its other end.
      var hung =
          CompletableFuture.supplyAsync(
              () -> {
                started.countDown();
                return catchThrowable(() -> other.size("file"));
              });
      started.await();
      Thread.sleep(600);
      assertThat(other.size("file")).isEqualTo(content.length);
      assertThat(read(other, 5)).isEqualTo(from(5));
      Files.newOutputStream(pipe).close();
      assertThat(hung.get(10, TimeUnit.SECONDS)).isNull();
    }
  }

  @Test
  void anInterruptSaysNothingOfAMount() throws Exception {
    mounted("file", content);
    try (var other = onMount()) {
      assertThat(other.size("file")).isEqualTo(content.length);
      for (Act act : List.<Act>of(() -> other.size("file"), () -> read(other, 0))) {
        var error = new CompletableFuture<Throwable>();
        var thread =
            new Thread(
                () -> {
                  Thread.currentThread().interrupt();
                  error.complete(catchThrowable(act::run));
                });
        thread.start();
        assertThat(error.get(10, TimeUnit.SECONDS)).isInstanceOf(IOException.class);
      }
      assertThat(read(other, 0)).isEqualTo(content);
    }
    assertThat(workspace.requests()).isEmpty();
  }

  @Test
  void whereAMountCannotListTheApiDoes() throws IOException {
    mounted("file", content);
    mounted("directory", content);
    workspace.put(ROOT + "/directory/entry", new byte[2]);
    workspace.put(ROOT + "/late/entry", new byte[3]);
    try (var other = onMount()) {
      assertThat(read(other, 0)).isEqualTo(content);
      assertThat(other.list("late")).containsExactly(new StoredFile("entry", false, 3));
      assertThat(other.list("directory")).containsExactly(new StoredFile("entry", false, 2));
    }
  }

  @Test
  void aMountThatHangsIsNotListedEither() throws Exception {
    mounted("file", content);
    mounted("only-here", content);
    Path pipe = mounted("pipe", new byte[0]);
    Files.delete(pipe);
    assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
    try (var other = onMount()) {
      assertThat(read(other, 0)).isEqualTo(content);
      var started = new CountDownLatch(1);
      var hung =
          CompletableFuture.supplyAsync(
              () -> {
                started.countDown();
                return catchThrowable(() -> other.size("pipe"));
              });
      started.await();
      Thread.sleep(600);
      assertThat(other.list("")).containsExactly(new StoredFile("file", false, content.length));
      Files.newOutputStream(pipe).close();
      assertThat(hung.get(10, TimeUnit.SECONDS)).isInstanceOf(NoSuchFileException.class);
    }
  }

  @Test
  void aDiskOfAMacIsNoCatalog() {
    Predicate<Path> disk = path -> path.equals(Path.of("/Volumes/Disk"));
    assertThat(VolumeStorageProvider.takes("/Volumes/Disk/a/b", true, disk)).isFalse();
    assertThat(VolumeStorageProvider.takes("/Volumes/c/a/b", true, disk)).isTrue();
    assertThat(VolumeStorageProvider.takes("/Volumes/Disk/a/b", false, disk)).isTrue();
    assertThat(VolumeStorageProvider.takes("dbfs:/Volumes/Disk/a/b", true, disk)).isTrue();
  }

  @Test
  void whatIsWrittenGoesThroughTheApi() throws IOException {
    mounted("file", content);
    try (var other = onMount()) {
      assertThat(other.size("file")).isEqualTo(content.length);
      other.put(Files.write(host.resolve("source"), new byte[4]), "new");
    }
    assertThat(workspace.get(ROOT + "/new")).contains(new byte[4]);
    assertThat(host.resolve(ROOT.substring(1)).resolve("new")).doesNotExist();
  }

  @Test
  void aRequestAfterTheLastAnswerIsNotKeptWaiting()
      throws ExecutionException, InterruptedException {
    // Sixteen at once, each on its own connection.
    var reads =
        java.util.stream.IntStream.range(0, 16)
            .mapToObj(
                i ->
                    CompletableFuture.supplyAsync(
                        () -> {
                          try {
                            return read(storage, i).length;
                          } catch (IOException e) {
                            throw new IllegalStateException(e);
                          }
                        }))
            .toList();
    for (int i = 0; i < reads.size(); i++) {
      assertThat(reads.get(i).get()).isEqualTo(content.length - i);
    }
  }

  @Test
  void putsAFileWhereThereIsNoneYet() throws IOException {
    var one = Files.writeString(host.resolve("one"), "one");
    assertThat(storage.putNew(one, "new/file")).isTrue();
    assertThat(storage.size("new/file")).isEqualTo(3);
    assertThat(storage.putNew(one, "file")).isFalse();
    assertThat(read(storage, 0)).isEqualTo(content);
  }

  @Test
  void aNewFileThatWasStoredByHalfIsTakenAway() throws IOException {
    var one = Files.writeString(host.resolve("one"), "one");
    workspace.fault(1, request -> request.method().equals("PUT"), new Fault.KeepHalf());
    assertThatThrownBy(() -> storage.putNew(one, "half"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("was stored with 1 bytes of the 3");
    assertThat(storage.putNew(one, "half")).isTrue();
  }

  @Test
  void deletesADirectoryThatIsEmptyAndNoOther() throws IOException {
    var one = Files.writeString(host.resolve("one"), "one");
    storage.put(one, "a/b/file");
    storage.deleteDirectory("a/b");
    assertThat(storage.list("a/b")).hasSize(1);
    storage.delete("a/b/file");
    storage.deleteDirectory("a/b");
    assertThat(storage.list("a")).isEmpty();
    storage.deleteDirectory("a/b");
    storage.deleteDirectory("absent");
  }
}
