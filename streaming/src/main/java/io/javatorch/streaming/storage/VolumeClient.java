package io.javatorch.streaming.storage;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.javatorch.auth.CredentialsSource;
import io.javatorch.auth.DatabricksAuthException;
import io.javatorch.auth.WorkerCredentials;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;

/**
 * The Files API of a workspace, one request at a time: authenticates, follows redirects, and makes
 * of an answer's status the exception that {@link Storage} asks for.
 *
 * <p>The requests are not the Databricks SDK's, only the credentials are. Version 0.141.0 of it
 * cannot ask for a range nor tell a part of a file from the whole, shows the token to whatever host
 * it is redirected to, does not escape the path of an upload, may store nothing when it tries an
 * upload again, and takes an empty page for the end of a directory.
 *
 * <p>Thread-safe.
 */
final class VolumeClient implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int MOST_REDIRECTS = 5;

  /** A renewed token may have expired as well, where others use it while a thread is held up. */
  private static final int MOST_RENEWALS = 3;

  private static final int MOST_ERROR_BYTES = 1 << 16;
  private static final int MOST_TOKEN_BYTES = 1 << 14;
  private static final int MOST_MESSAGE = 500;

  /** What is wrong with such a request is wrong with its repetition too. */
  private static final Set<Integer> WRONG = Set.of(400, 405, 409, 413, 414);

  /** Says of a 409 that something else went on at the same time. */
  private static final String ABORTED = "ABORTED";

  /** Slower than that is as good as hanging. */
  private static final long SLOWEST_UPLOAD_BYTES_PER_SECOND = 1 << 18;

  /**
   * How long to wait.
   *
   * @param connect for a connection
   * @param answer for an answer to begin
   * @param idle for more of an answer that has begun
   */
  record Timeouts(Duration connect, Duration answer, Duration idle) {
    static final Timeouts DEFAULT =
        new Timeouts(Duration.ofSeconds(10), Duration.ofSeconds(30), Duration.ofSeconds(30));
  }

  /**
   * A request.
   *
   * @param method the method
   * @param api what is asked of the workspace, such as {@code /api/2.0/fs/files}
   * @param path the file or directory
   * @param query the query, escaped; empty for none
   * @param range the range of bytes that is wanted
   * @param body a file to send
   */
  record Call(
      String method,
      String api,
      VolumePath path,
      String query,
      Optional<String> range,
      Optional<Path> body) {
    Call(String method, String api, VolumePath path) {
      this(method, api, path, "", Optional.empty(), Optional.empty());
    }

    private boolean takes416() {
      return range.isPresent();
    }

    private boolean changes() {
      return method.equals("PUT") || method.equals("DELETE");
    }

    private boolean hasBodyInReply() {
      return !method.equals("HEAD");
    }
  }

  /** An answer that is no error, or says that there is no such range as was asked; to be closed. */
  record Answer(int status, HttpHeaders headers, InputStream body) {}

  /** An answer that is an error. */
  private record Refusal(int status, HttpHeaders headers, String message, boolean byWorkspace) {
    boolean concernsToken(Call call) {
      if (!byWorkspace) {
        return false;
      }
      String text = message.toLowerCase(Locale.ROOT);
      return status == 401
          || isBare(call)
          || (status == 403
              && (text.contains("access token")
                  || text.contains("token expired")
                  || text.contains("token is expired")));
    }

    /** A 403 that does not say whether it is for the token or for want of a permission. */
    boolean isBare(Call call) {
      return byWorkspace && status == 403 && !call.hasBodyInReply();
    }
  }

  private final CredentialsSource credentials;
  private final Timeouts timeouts;
  private final Set<Exchange> open = ConcurrentHashMap.newKeySet();
  private HttpClient http;

  /** Of a new token that got a bare 403 as the one before did: it lacks a permission. */
  private volatile Optional<WorkerCredentials> notPermitted = Optional.empty();

  private volatile boolean closed;

  VolumeClient(CredentialsSource credentials, Timeouts timeouts) {
    this.credentials = credentials;
    this.timeouts = timeouts;
  }

  /**
   * Sends a request.
   *
   * @throws NoSuchFileException on 404
   * @throws AccessDeniedException if there are no credentials or they do not suffice
   * @throws RetryLaterException if the workspace is busy
   * @throws RefusedException if the workspace takes the request for wrong
   * @throws IOException on any other failure
   */
  Answer send(Call call) throws IOException {
    WorkerCredentials who = current(call);
    for (int renewals = 0; ; renewals++) {
      HttpResponse<InputStream> response = follow(call, who);
      if (isGood(call, response)) {
        return answer(response);
      }
      Refusal refusal = refusal(response, who);
      if (!refusal.concernsToken(call)
          || renewals == MOST_RENEWALS
          || isKnownNotToBePermitted(call, refusal, who, renewals)) {
        throw failure(call, who.host(), refusal);
      }
      WorkerCredentials renewed = renew(call, who);
      if (renewed.equals(who)) {
        throw failure(call, who.host(), refusal);
      }
      who = renewed;
    }
  }

  /**
   * A token is renewed for a bare 403 once; if the new one gets it too, that was not the reason.
   */
  private boolean isKnownNotToBePermitted(
      Call call, Refusal refusal, WorkerCredentials who, int renewals) {
    if (!refusal.isBare(call)) {
      return false;
    }
    if (renewals > 0) {
      notPermitted = Optional.of(who);
      return true;
    }
    return notPermitted.equals(Optional.of(who));
  }

  private static boolean isGood(Call call, HttpResponse<?> response) {
    return response.statusCode() / 100 == 2 || (response.statusCode() == 416 && call.takes416());
  }

  private static Answer answer(HttpResponse<InputStream> response) {
    return new Answer(response.statusCode(), response.headers(), response.body());
  }

  // ---- credentials

  private WorkerCredentials current(Call call) throws IOException {
    try {
      return credentials.current();
    } catch (DatabricksAuthException e) {
      throw denied(call, e.getMessage(), e);
    }
  }

  private WorkerCredentials renew(Call call, WorkerCredentials refused) throws IOException {
    try {
      return credentials.renew(refused);
    } catch (DatabricksAuthException e) {
      throw denied(call, e.getMessage(), e);
    }
  }

  private static AccessDeniedException denied(Call call, String reason, Exception cause) {
    var denied = new AccessDeniedException(call.path().text(), null, reason);
    if (cause != null) {
      denied.initCause(cause);
    }
    return denied;
  }

  // ---- one request and its redirects

  private HttpResponse<InputStream> follow(Call call, WorkerCredentials who) throws IOException {
    URI uri =
        URI.create(
            who.host()
                + call.api()
                + call.path().encoded()
                + (call.query().isEmpty() ? "" : "?" + call.query()));
    URI workspace = uri;
    for (int hop = 0; hop <= MOST_REDIRECTS; hop++) {
      boolean trusted = isSameOrigin(workspace, uri);
      HttpResponse<InputStream> response =
          exchange(call, uri, trusted ? Optional.of(who) : Optional.empty());
      if (!isRedirect(response.statusCode())) {
        return response;
      }
      response.body().close();
      uri = target(call, uri, response);
    }
    throw new IOException(
        describe(call, who.host()) + ": redirected more than " + MOST_REDIRECTS + " times");
  }

  private static boolean isRedirect(int status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
  }

  private static boolean isSameOrigin(URI one, URI other) {
    return one.getScheme().equalsIgnoreCase(other.getScheme())
        && one.getAuthority().equalsIgnoreCase(other.getAuthority());
  }

  /** Where a redirect leads to. The URL itself may be signed, so no message repeats it. */
  private static URI target(Call call, URI from, HttpResponse<?> response) throws IOException {
    String where = describe(call, from.getScheme() + "://" + from.getAuthority());
    if (response.statusCode() == 303 && call.changes()) {
      throw new IOException(where + ": redirected to the result of a change that was not made");
    }
    URI target = null;
    try {
      String location = response.headers().firstValue("Location").orElse("");
      target = location.isEmpty() ? null : from.resolve(new URI(location));
    } catch (URISyntaxException e) {
      // Reported below, without the text.
      target = null;
    }
    if (target == null
        || target.getHost() == null
        || !Set.of("http", "https").contains(target.getScheme().toLowerCase(Locale.ROOT))) {
      throw new IOException(where + ": redirected to no valid URL");
    }
    if (from.getScheme().equalsIgnoreCase("https")
        && !target.getScheme().equalsIgnoreCase("https")) {
      throw new IOException(
          where + ": redirected from https to http at " + target.getHost() + ", which is not safe");
    }
    if (target.getPath() != null && target.getPath().endsWith("/login.html")) {
      throw denied(
          call,
          from.getHost()
              + " asks for a login in a browser: the workspace may only be reached over a private"
              + " link, or DATABRICKS_HOST is not the workspace of the token",
          null);
    }
    return target;
  }

  private HttpResponse<InputStream> exchange(Call call, URI uri, Optional<WorkerCredentials> who)
      throws IOException {
    String where = describe(call, uri.getScheme() + "://" + uri.getAuthority());
    var request =
        HttpRequest.newBuilder(uri)
            .method(call.method(), publisher(call))
            .timeout(timeout(call))
            .header("User-Agent", "javatorch-streaming");
    who.ifPresent(known -> request.header("Authorization", "Bearer " + known.token()));
    call.range().ifPresent(range -> request.header("Range", range));
    var exchange = new Exchange();
    boolean answered = false;
    try {
      open.add(exchange);
      HttpResponse<InputStream> response = exchange.start(client(), request.build()).get();
      answered = true;
      return response;
    } catch (InterruptedException e) {
      throw Interrupted.asIOException(where + ": interrupted", e);
    } catch (ExecutionException e) {
      throw new IOException(where + ": " + e.getCause(), e.getCause());
    } catch (CancellationException e) {
      throw new IOException(where + ": the volume's storage was closed", e);
    } finally {
      if (!answered) {
        exchange.end();
      }
    }
  }

  /** A request that is under way, until the body of its answer is closed. */
  private final class Exchange {
    private CompletableFuture<HttpResponse<InputStream>> response;
    private BodyStream body;
    private boolean ended;

    synchronized CompletableFuture<HttpResponse<InputStream>> start(
        HttpClient client, HttpRequest request) {
      response = client.sendAsync(request, info -> body());
      if (ended) {
        response.cancel(true);
      }
      return response;
    }

    private synchronized BodyStream body() {
      body = new BodyStream(timeouts.idle(), () -> open.remove(this));
      if (ended) {
        body.close();
      }
      return body;
    }

    /** Ends it, wherever it is. */
    void end() {
      CompletableFuture<HttpResponse<InputStream>> waited;
      BodyStream read;
      synchronized (this) {
        ended = true;
        waited = response;
        read = body;
      }
      open.remove(this);
      if (waited != null) {
        waited.cancel(true);
      }
      if (read != null) {
        read.close();
      }
    }
  }

  /** Requests whose answer is not read to its end nor closed, for tests. */
  int underWay() {
    return open.size();
  }

  private static BodyPublisher publisher(Call call) throws IOException {
    return call.body().isPresent()
        ? BodyPublishers.ofFile(call.body().get())
        : BodyPublishers.noBody();
  }

  /** The JDK counts the time that a body takes to be sent. */
  private Duration timeout(Call call) throws IOException {
    return call.body().isPresent()
        ? timeouts
            .answer()
            .plusSeconds(Files.size(call.body().get()) / SLOWEST_UPLOAD_BYTES_PER_SECOND)
        : timeouts.answer();
  }

  private synchronized HttpClient client() throws IOException {
    if (closed) {
      throw new IOException("the volume's storage is closed");
    }
    if (http == null) {
      http =
          HttpClient.newBuilder()
              // One connection for each of the ranges that are read at once.
              .version(HttpClient.Version.HTTP_1_1)
              .followRedirects(HttpClient.Redirect.NEVER)
              .connectTimeout(timeouts.connect())
              .build();
    }
    return http;
  }

  // ---- errors

  private static String describe(Call call, String host) {
    return call.method() + " " + call.path() + " at " + host;
  }

  private static Refusal refusal(HttpResponse<InputStream> response, WorkerCredentials who)
      throws IOException {
    String message = "";
    try (InputStream body = response.body()) {
      byte[] bytes = body.readNBytes(MOST_ERROR_BYTES);
      // A token that is cut could not be recognised, so that the end goes as well.
      int whole = bytes.length < MOST_ERROR_BYTES ? bytes.length : bytes.length - MOST_TOKEN_BYTES;
      message = message(new String(bytes, 0, whole, StandardCharsets.UTF_8));
    } catch (IOException e) {
      message = "its explanation could not be read: " + e.getMessage();
    }
    return new Refusal(
        response.statusCode(),
        response.headers(),
        shortened(message.replace(who.token(), "***")),
        isSameOrigin(URI.create(who.host()), response.uri()));
  }

  private static String message(String body) {
    String text = body;
    try {
      JsonNode json = JSON.readTree(body);
      text = (json.path("error_code").asText("") + " " + json.path("message").asText(body)).strip();
    } catch (JsonProcessingException e) {
      // Some proxies answer with a page; its text must do.
      text = body.replaceAll("<[^>]*>", " ").replaceAll("\\s+", " ").strip();
    }
    return text;
  }

  private static String shortened(String text) {
    return text.length() > MOST_MESSAGE ? text.substring(0, MOST_MESSAGE) + "…" : text;
  }

  private static IOException failure(Call call, String host, Refusal refusal) {
    String said = refusal.status() + (refusal.message().isEmpty() ? "" : " " + refusal.message());
    if (refusal.status() == 404) {
      return new NoSuchFileException(call.path().text(), null, "not in " + host + ": " + said);
    }
    if (refusal.byWorkspace() && refusal.status() == 401) {
      return denied(
          call,
          host
              + " refuses the token: "
              + said
              + ". It may have expired or be another workspace's: set DATABRICKS_TOKEN to a valid"
              + " one of DATABRICKS_HOST, or give the data set credentials(…) that are renewed",
          null);
    }
    if (refusal.byWorkspace() && refusal.status() == 403) {
      return denied(
          call,
          host
              + " refuses: "
              + said
              + ". Whoever the token belongs to needs USE CATALOG, USE SCHEMA and "
              + (call.changes() ? "WRITE" : "READ")
              + " VOLUME for "
              + call.path().volume(),
          null);
    }
    String message =
        describe(call, refusal.byWorkspace() ? host : "the object store behind " + host)
            + ": "
            + said;
    var wait = retryAfter(refusal.headers());
    if (wait.isPresent() || refusal.status() == 429 || refusal.status() == 503) {
      return new RetryLaterException(message, wait.orElse(Duration.ZERO));
    }
    // An object store says 400 where it waited too long for the request.
    return refusal.byWorkspace()
            && WRONG.contains(refusal.status())
            && !refusal.message().startsWith(ABORTED)
        ? new RefusedException(message)
        : new IOException(message);
  }

  private static Optional<Duration> retryAfter(HttpHeaders headers) {
    String value = headers.firstValue("Retry-After").orElse("").strip();
    if (value.isEmpty()) {
      return Optional.empty();
    }
    try {
      if (value.chars().allMatch(c -> c >= '0' && c <= '9')) {
        return Optional.of(Duration.ofSeconds(Long.parseLong(value)));
      }
      var until = ZonedDateTime.parse(value, DateTimeFormatter.RFC_1123_DATE_TIME);
      Duration wait = Duration.between(ZonedDateTime.now(until.getZone()), until);
      return Optional.of(wait.isNegative() ? Duration.ZERO : wait);
    } catch (DateTimeException | ArithmeticException | NumberFormatException e) {
      return Optional.empty();
    }
  }

  /** Ends the requests that are under way, and refuses more. */
  @Override
  public void close() {
    synchronized (this) {
      closed = true;
    }
    open.forEach(Exchange::end);
  }
}
