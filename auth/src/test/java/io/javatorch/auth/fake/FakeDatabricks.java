package io.javatorch.auth.fake;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;

/**
 * A Databricks workspace, and the object store behind it, on two ports of the loopback. It speaks
 * what the Files API and OAuth of service principals need, does wrong what it is told to, and keeps
 * a record of what came. Thread-safe.
 */
public final class FakeDatabricks implements AutoCloseable {
  static final String FILES = "/api/2.0/fs/files";
  private static final String DIRECTORIES = "/api/2.0/fs/directories";
  private static final String JSON = "application/json";
  private static final String BINARY = "application/octet-stream";
  private static final int DEFAULT_PAGE = 1000;

  private record Rule(Predicate<FakeRequest> matching, Fault fault, AtomicInteger times) {}

  private record Range(int from, int to) {}

  private final FakeTokens tokens = new FakeTokens();
  private final FakeFiles files = new FakeFiles();
  private final Map<String, String> signed = new ConcurrentHashMap<>();
  private final List<Rule> rules = new CopyOnWriteArrayList<>();
  private final List<FakeRequest> requests = new CopyOnWriteArrayList<>();
  private final List<String> violations = new CopyOnWriteArrayList<>();
  private final AtomicInteger downloading = new AtomicInteger();
  private final AtomicInteger mostDownloading = new AtomicInteger();
  private final CountDownLatch closed = new CountDownLatch(1);
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final HttpServer workspace;
  private final HttpServer store;
  private volatile int pageSize = DEFAULT_PAGE;
  private volatile boolean emptyPages;
  private volatile Fault.Status refusal =
      new Fault.Status(401, "UNAUTHENTICATED", "Credential was not sent or has expired", Map.of());

  private FakeDatabricks() throws IOException {
    // Else an answer in two packets takes 40 ms.
    System.setProperty("sun.net.httpserver.nodelay", "true");
    workspace = listen(this::serveWorkspace);
    store = listen(this::serveStore);
  }

  /** Starts one without any user or file. */
  public static FakeDatabricks start() {
    try {
      return new FakeDatabricks();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @FunctionalInterface
  private interface Handler {
    void handle(HttpExchange exchange) throws IOException, InterruptedException;
  }

  private HttpServer listen(Handler handler) throws IOException {
    var server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext(
        "/",
        exchange -> {
          try (exchange) {
            handler.handle(exchange);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
    server.start();
    return server;
  }

  /** The workspace's URL, without a trailing slash. */
  public String url() {
    return "http://127.0.0.1:" + workspace.getAddress().getPort();
  }

  /** Lets in whoever has this token. */
  public FakeDatabricks withToken(String token) {
    tokens.addPersonal(token);
    return this;
  }

  /** Gives tokens to whoever has this secret. */
  public FakeDatabricks withServicePrincipal(String id, String secret) {
    tokens.addPrincipal(id, secret);
    return this;
  }

  /** What OAuth tokens from now on say of their lifetime; default an hour. */
  public void claimLifetime(Duration lifetime) {
    tokens.claim(lifetime);
  }

  /** How many requests OAuth tokens from now on are good for, whatever they say; default any. */
  public void goodForRequests(int requests) {
    tokens.goodFor(requests);
  }

  /** Makes all tokens that there are invalid. */
  public void revokeTokens() {
    tokens.revokeAll();
  }

  /** How those without a valid token are turned away; default 401. */
  public void refuseWith(int status, String message) {
    refusal = new Fault.Status(status, Integer.toString(status), message, Map.of());
  }

  /** OAuth tokens that were given out. */
  public int tokensIssued() {
    return tokens.issued();
  }

  /** Requests that were turned away for want of a valid token. */
  public int refusedRequests() {
    return tokens.refused();
  }

  /** The most entries that a page of a directory has. */
  public void pageSize(int entries) {
    pageSize = entries;
  }

  /** Sends an empty page with a token before each page. */
  public void sendEmptyPages() {
    emptyPages = true;
  }

  /** Does something wrong with the next requests that match. */
  public void fault(int times, Predicate<FakeRequest> matching, Fault fault) {
    rules.add(new Rule(matching, fault, new AtomicInteger(times)));
  }

  /** Does something wrong with the next download of a file whose path contains the text. */
  public void failDownload(String path, Fault... faults) {
    for (Fault fault : faults) {
      fault(1, request -> request.isDownload() && request.concerns(path), fault);
    }
  }

  /** Stores a file, with the directories above it. */
  public void put(String path, byte[] content) {
    files.makeDirectory(FakeFiles.parent(path));
    files.put(path, content);
  }

  /** Makes a directory and those above it. */
  public void makeDirectory(String path) {
    files.makeDirectory(path);
  }

  /** Stores all files of a directory of this host. */
  public void putAll(Path source, String directory) {
    try (var paths = Files.walk(source)) {
      for (Path path : paths.filter(Files::isRegularFile).toList()) {
        put(directory + "/" + source.relativize(path), Files.readAllBytes(path));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A file that is stored. */
  public Optional<byte[]> get(String path) {
    return files.get(path);
  }

  /** The paths of all files below a directory. */
  public Set<String> below(String directory) {
    return files.below(directory);
  }

  /** What came, oldest first. */
  public List<FakeRequest> requests() {
    return List.copyOf(requests);
  }

  /** The number of requests that came with a method for a path that contains the text. */
  public long count(String method, String path) {
    return requests.stream()
        .filter(request -> request.method().equals(method) && request.concerns(path))
        .count();
  }

  /** The most downloads that were under way at once. */
  public int mostDownloadsAtOnce() {
    return mostDownloading.get();
  }

  /**
   * What no client may do: show a token in a URL, or show the workspace's token to the object
   * store.
   */
  public List<String> violations() {
    return List.copyOf(violations);
  }

  /** Whether some text holds any secret that was ever known here. */
  public boolean isSecretIn(String text) {
    return tokens.isLeakedIn(text);
  }

  // ---- the workspace

  private void serveWorkspace(HttpExchange exchange) throws IOException, InterruptedException {
    FakeRequest request = record(exchange, false);
    String path = request.path();
    if (path.equals("/oidc/.well-known/oauth-authorization-server")) {
      send(
          exchange,
          200,
          "{\"authorization_endpoint\":\"%1$s/oidc/v1/authorize\",\"token_endpoint\":\"%1$s/oidc/v1/token\"}"
              .formatted(url()));
      return;
    }
    if (path.equals("/oidc/v1/token")) {
      serveToken(exchange, request);
      return;
    }
    if (!path.startsWith(FILES + "/") && !path.startsWith(DIRECTORIES + "/")) {
      sendError(exchange, 404, "NOT_FOUND", "no such endpoint", Map.of());
      return;
    }
    if (!tokens.admit(exchange.getRequestHeaders().getFirst("Authorization"))) {
      send(exchange, refusal);
      return;
    }
    Optional<Fault> fault = faultFor(request);
    if (fault.isPresent() && fault.get() instanceof Fault.Status status) {
      send(exchange, status);
      return;
    }
    if (path.startsWith(DIRECTORIES)) {
      serveDirectory(exchange, request, path.substring(DIRECTORIES.length()));
    } else {
      serveFile(exchange, request, path.substring(FILES.length()), fault);
    }
  }

  private FakeRequest record(HttpExchange exchange, boolean atStore) {
    var uri = exchange.getRequestURI();
    if (tokens.isLeakedIn(uri.toString())) {
      violations.add("a secret in the URL of " + exchange.getRequestMethod());
    }
    var request =
        new FakeRequest(
            atStore,
            exchange.getRequestMethod(),
            // In a path a plus is a plus.
            URLDecoder.decode(uri.getRawPath().replace("+", "%2B"), StandardCharsets.UTF_8),
            uri.getRawQuery() == null ? "" : uri.getRawQuery(),
            Optional.ofNullable(exchange.getRequestHeaders().getFirst("Range")));
    requests.add(request);
    return request;
  }

  private Optional<Fault> faultFor(FakeRequest request) {
    for (Rule rule : rules) {
      if (rule.matching().test(request)
          && rule.times().getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
        return Optional.of(rule.fault());
      }
    }
    return Optional.empty();
  }

  private void serveToken(HttpExchange exchange, FakeRequest request) throws IOException {
    var form = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
    Optional<Fault> fault = faultFor(request);
    if (fault.isPresent() && fault.get() instanceof Fault.Status status) {
      send(exchange, status);
      return;
    }
    var token =
        form.contains("grant_type=client_credentials")
            ? tokens.issue(exchange.getRequestHeaders().getFirst("Authorization"))
            : Optional.<String>empty();
    send(
        exchange,
        token.isPresent() ? 200 : 401,
        token.orElse("{\"error\":\"invalid_client\",\"error_description\":\"unknown\"}"));
  }

  // ---- directories

  private void serveDirectory(HttpExchange exchange, FakeRequest request, String directory)
      throws IOException {
    switch (request.method()) {
      case "PUT" -> {
        files.makeDirectory(directory);
        exchange.sendResponseHeaders(204, -1);
      }
      case "GET" -> {
        if (files.isDirectory(directory)) {
          send(exchange, 200, page(directory, request.query()));
        } else {
          sendError(exchange, 404, "NOT_FOUND", "no such directory", Map.of());
        }
      }
      case "DELETE" -> {
        if (!files.isDirectory(directory)) {
          sendError(exchange, 404, "NOT_FOUND", "no such directory", Map.of());
        } else if (!files.list(directory).isEmpty()) {
          sendError(exchange, 400, "INVALID_PARAMETER_VALUE", "it is not empty", Map.of());
        } else {
          files.deleteDirectory(directory);
          exchange.sendResponseHeaders(204, -1);
        }
      }
      default -> sendError(exchange, 405, "METHOD_NOT_ALLOWED", "not spoken here", Map.of());
    }
  }

  private String page(String directory, String query) {
    List<FakeFiles.Entry> entries = files.list(directory);
    int size = pageSize;
    int from = 0;
    boolean full = !emptyPages;
    for (String parameter : query.split("&")) {
      if (parameter.startsWith("page_size=")) {
        size = Math.min(size, Integer.parseInt(parameter.substring("page_size=".length())));
      }
      if (parameter.startsWith("page_token=")) {
        String[] token =
            URLDecoder.decode(parameter.substring("page_token=".length()), StandardCharsets.UTF_8)
                .split("[+/]");
        from = Integer.parseInt(token[1]);
        full = full || token[0].equals("full");
      }
    }
    int to = full ? Math.min(entries.size(), from + size) : from;
    var contents = new ArrayList<String>();
    for (FakeFiles.Entry entry : entries.subList(from, to)) {
      String name = entry.path().substring(directory.length() + 1);
      contents.add(
          "{\"path\":%s,\"name\":%s,\"is_directory\":%s%s,\"last_modified\":1700000000000}"
              .formatted(
                  quote(entry.path()),
                  quote(name),
                  entry.bytes() < 0,
                  entry.bytes() < 0 ? "" : ",\"file_size\":" + entry.bytes()));
    }
    // The signs must be escaped in a query.
    String next = to < entries.size() ? (full ? "next+" : "full/") + to : "";
    return "{"
        + (contents.isEmpty() ? "" : "\"contents\":[" + String.join(",", contents) + "]")
        + (next.isEmpty()
            ? ""
            : (contents.isEmpty() ? "" : ",") + "\"next_page_token\":\"" + next + "\"")
        + "}";
  }

  private static String quote(String text) {
    return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }

  // ---- files

  private void serveFile(
      HttpExchange exchange, FakeRequest request, String path, Optional<Fault> fault)
      throws IOException, InterruptedException {
    if (fault.isPresent() && fault.get() instanceof Fault.Silence) {
      closed.await();
      return;
    }
    if (fault.isPresent() && fault.get() instanceof Fault.Redirect) {
      String key = "/bucket/" + UUID.randomUUID();
      signed.put(key, path);
      redirect(
          exchange,
          "http://127.0.0.1:"
              + store.getAddress().getPort()
              + key
              + "?X-Signature=signed-url-secret");
      return;
    }
    if (fault.isPresent() && fault.get() instanceof Fault.RedirectToItself) {
      redirect(exchange, exchange.getRequestURI().toString());
      return;
    }
    switch (request.method()) {
      case "PUT" -> upload(exchange, request, path, fault);
      case "DELETE" -> {
        if (files.delete(path)) {
          exchange.sendResponseHeaders(204, -1);
        } else {
          sendError(exchange, 404, "NOT_FOUND", "no such file", Map.of());
        }
      }
      case "GET", "HEAD" -> download(exchange, request, path, fault);
      default -> sendError(exchange, 405, "METHOD_NOT_ALLOWED", "not spoken here", Map.of());
    }
  }

  private static void redirect(HttpExchange exchange, String location) throws IOException {
    exchange.getRequestBody().readAllBytes();
    exchange.getResponseHeaders().set("Location", location);
    exchange.sendResponseHeaders(307, -1);
  }

  private void upload(
      HttpExchange exchange, FakeRequest request, String path, Optional<Fault> fault)
      throws IOException {
    if (fault.isPresent() && fault.get() instanceof Fault.Drop drop) {
      exchange.getRequestBody().readNBytes((int) drop.afterBytes());
      return;
    }
    byte[] content = exchange.getRequestBody().readAllBytes();
    if (!files.isDirectory(FakeFiles.parent(path))) {
      sendError(exchange, 404, "NOT_FOUND", "no such directory", Map.of());
    } else if (files.get(path).isPresent() && !request.query().contains("overwrite=true")) {
      sendError(exchange, 409, "ALREADY_EXISTS", "the file exists", Map.of());
    } else {
      boolean half = fault.isPresent() && fault.get() instanceof Fault.KeepHalf;
      files.put(path, half ? Arrays.copyOf(content, content.length / 2) : content);
      exchange.sendResponseHeaders(204, -1);
    }
  }

  private void download(
      HttpExchange exchange, FakeRequest request, String path, Optional<Fault> fault)
      throws IOException, InterruptedException {
    byte[] content = files.get(path).orElse(null);
    if (content == null) {
      sendError(exchange, 404, "NOT_FOUND", "no such file", Map.of());
      return;
    }
    var headers = exchange.getResponseHeaders();
    headers.set("Last-Modified", "Tue, 14 Nov 2023 22:13:20 GMT");
    headers.set("ETag", "\"" + Integer.toHexString(Arrays.hashCode(content)) + "\"");
    if (fault.isEmpty() || !(fault.get() instanceof Fault.NoContentType)) {
      headers.set("Content-Type", BINARY);
    }
    long lie =
        fault.isPresent() && fault.get() instanceof Fault.WrongLength wrong
            ? wrong.difference()
            : 0;
    if (request.method().equals("HEAD")) {
      headers.set("Content-Length", Long.toString(content.length + lie));
      exchange.sendResponseHeaders(200, -1);
      return;
    }
    mostDownloading.accumulateAndGet(downloading.incrementAndGet(), Math::max);
    try {
      var range =
          fault.isPresent() && fault.get() instanceof Fault.IgnoreRange
              ? Optional.<Range>empty()
              : request.range().map(header -> range(header, content.length));
      int from = range.map(Range::from).orElse(0);
      int to = range.map(Range::to).orElse(content.length);
      if (range.isPresent() && from >= content.length) {
        headers.set("Content-Range", "bytes */" + content.length);
        sendError(exchange, 416, "INVALID_RANGE", "not satisfiable", Map.of());
        return;
      }
      if (fault.isPresent() && fault.get() instanceof Fault.OtherRange) {
        from = Math.min(from + 1, to - 1);
      }
      if (range.isPresent() && !(fault.isPresent() && fault.get() instanceof Fault.UnnamedRange)) {
        headers.set("Content-Range", "bytes %d-%d/%d".formatted(from, to - 1, content.length));
      }
      byte[] body = Arrays.copyOfRange(content, from, to);
      // Zero would mean a body of unknown length.
      long length = body.length + lie;
      exchange.sendResponseHeaders(range.isPresent() ? 206 : 200, length == 0 ? -1 : length);
      if (length > 0) {
        send(exchange, body, (int) Math.min(length, body.length), fault);
      }
    } finally {
      downloading.decrementAndGet();
    }
  }

  private static Range range(String header, int size) {
    String[] bounds = header.substring("bytes=".length()).split("-", 2);
    int to = bounds[1].isEmpty() ? size : (int) Math.min(size, Long.parseLong(bounds[1]) + 1);
    return new Range(Integer.parseInt(bounds[0]), to);
  }

  private void send(HttpExchange exchange, byte[] body, int length, Optional<Fault> fault)
      throws IOException, InterruptedException {
    var out = exchange.getResponseBody();
    if (fault.isEmpty()) {
      out.write(body, 0, length);
    } else if (fault.get() instanceof Fault.Drop drop) {
      out.write(body, 0, (int) Math.min(drop.afterBytes(), length - 1L));
      out.flush();
    } else if (fault.get() instanceof Fault.Hang hang) {
      out.write(body, 0, (int) Math.min(hang.afterBytes(), length - 1L));
      out.flush();
      closed.await();
    } else if (fault.get() instanceof Fault.Drip drip) {
      for (int at = 0; at < length; at += drip.chunkBytes()) {
        out.write(body, at, Math.min(drip.chunkBytes(), length - at));
        out.flush();
        Thread.sleep(drip.pause().toMillis());
      }
    } else if (fault.get() instanceof Fault.Corrupt) {
      body[length / 2] ^= 1;
      out.write(body, 0, length);
    } else {
      if (fault.get() instanceof Fault.Meet meet) {
        meet.together().countDown();
        if (!meet.together().await(20, TimeUnit.SECONDS)) {
          return;
        }
      }
      out.write(body, 0, length);
    }
  }

  // ---- the object store

  private void serveStore(HttpExchange exchange) throws IOException, InterruptedException {
    FakeRequest request = record(exchange, true);
    if (exchange.getRequestHeaders().getFirst("Authorization") != null) {
      violations.add("the workspace's token was shown to the object store");
      sendError(exchange, 400, "INVALID_ARGUMENT", "two ways to authenticate", Map.of());
      return;
    }
    String path = signed.get(request.path());
    if (path == null || !request.query().contains("X-Signature=")) {
      sendError(exchange, 403, "ACCESS_DENIED", "the signature is not valid", Map.of());
      return;
    }
    Optional<Fault> fault = faultFor(request);
    if (fault.isPresent() && fault.get() instanceof Fault.Status status) {
      send(exchange, status);
    } else if (request.method().equals("PUT")) {
      upload(
          exchange,
          new FakeRequest(true, "PUT", path, "overwrite=true", Optional.empty()),
          path,
          fault);
    } else {
      download(exchange, request, path, fault);
    }
  }

  // ---- answers

  private static void send(HttpExchange exchange, Fault.Status status) throws IOException {
    exchange.getRequestBody().readAllBytes();
    sendError(exchange, status.status(), status.errorCode(), status.message(), status.headers());
  }

  private static void sendError(
      HttpExchange exchange, int status, String code, String message, Map<String, String> headers)
      throws IOException {
    headers.forEach(exchange.getResponseHeaders()::set);
    send(
        exchange,
        status,
        "{\"error_code\":%s,\"message\":%s}".formatted(quote(code), quote(message)));
  }

  private static void send(HttpExchange exchange, int status, String json) throws IOException {
    byte[] body = json.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", JSON);
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.sendResponseHeaders(status, -1);
      return;
    }
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
  }

  @Override
  public void close() {
    closed.countDown();
    workspace.stop(0);
    store.stop(0);
    threads.shutdownNow();
  }
}
