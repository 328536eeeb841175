package io.javatorch.auth.fake;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

/** What a {@link FakeDatabricks} does wrong with one request. */
public sealed interface Fault {
  /** Answers with an error and does nothing. */
  record Status(int status, String errorCode, String message, Map<String, String> headers)
      implements Fault {}

  /** Closes the connection after some bytes of a body that was promised whole. */
  record Drop(long afterBytes) implements Fault {}

  /** Sends some bytes of the body, and then nothing until the server is closed. */
  record Hang(long afterBytes) implements Fault {}

  /** Does not answer until the server is closed. */
  record Silence() implements Fault {}

  /** Sends the body little by little. */
  record Drip(int chunkBytes, Duration pause) implements Fault {}

  /** Answers a request for a range with 200 and the whole file. */
  record IgnoreRange() implements Fault {}

  /** Answers a request for a range with another one, and says so. */
  record OtherRange() implements Fault {}

  /** Answers a request for a range with 206 that does not say which one it is. */
  record UnnamedRange() implements Fault {}

  /** Claims another length than there are bytes, and sends what it has of that. */
  record WrongLength(long difference) implements Fault {}

  /** Sends another byte in the middle of a body. */
  record Corrupt() implements Fault {}

  /** Says no more of a body than its bytes: no type. */
  record NoContentType() implements Fault {}

  /** Sends the client to a signed URL of the object store, which is another host. */
  record Redirect() implements Fault {}

  /** Sends the client to where it is already. */
  record RedirectToItself() implements Fault {}

  /** Takes an upload, keeps the first half of it and says that all is well. */
  record KeepHalf() implements Fault {}

  /** Goes on when so many requests have come to it, and well. */
  record Meet(CountDownLatch together) implements Fault {}

  /** 429 with the seconds to wait. */
  static Fault tooManyRequests(int retryAfterSeconds) {
    return new Status(
        429,
        "RESOURCE_EXHAUSTED",
        "too many requests",
        Map.of("Retry-After", Integer.toString(retryAfterSeconds)));
  }

  /** Any other status, with an error body. */
  static Fault status(int status) {
    return new Status(status, "ERROR_" + status, "it is status " + status, Map.of());
  }
}
