package io.javatorch.auth.fake;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Who may come in. Thread-safe. */
final class FakeTokens {
  private final Set<String> personal = new HashSet<>();
  private final Map<String, String> principals = new HashMap<>();

  /** Requests that a token is still good for. */
  private final Map<String, Integer> oauth = new HashMap<>();

  private Duration lifetime = Duration.ofHours(1);
  private int requestsEach = Integer.MAX_VALUE;
  private int issued;
  private int refused;

  synchronized void addPersonal(String token) {
    personal.add(token);
  }

  synchronized void addPrincipal(String id, String secret) {
    principals.put(id, secret);
  }

  synchronized void claim(Duration value) {
    lifetime = value;
  }

  synchronized void goodFor(int requests) {
    requestsEach = requests;
  }

  synchronized void revokeAll() {
    oauth.replaceAll((token, left) -> 0);
    personal.clear();
  }

  synchronized int issued() {
    return issued;
  }

  synchronized int refused() {
    return refused;
  }

  /** The JSON of a new token, if the principal is known. */
  synchronized Optional<String> issue(String authorization) {
    boolean known =
        principals.entrySet().stream()
            .map(entry -> entry.getKey() + ":" + entry.getValue())
            .map(pair -> pair.getBytes(StandardCharsets.UTF_8))
            .anyMatch(
                pair ->
                    ("Basic " + Base64.getEncoder().encodeToString(pair)).equals(authorization));
    if (!known) {
      return Optional.empty();
    }
    issued++;
    String token = "oauth-secret-" + issued;
    oauth.put(token, requestsEach);
    return Optional.of(
        "{\"access_token\":\"%s\",\"token_type\":\"Bearer\",\"expires_in\":%d}"
            .formatted(token, lifetime.toSeconds()));
  }

  /** Whether a request may come in; uses up the token. */
  synchronized boolean admit(String authorization) {
    boolean admitted = false;
    if (authorization != null && authorization.startsWith("Bearer ")) {
      String token = authorization.substring("Bearer ".length());
      int left = oauth.getOrDefault(token, 0);
      admitted = personal.contains(token) || left > 0;
      oauth.computeIfPresent(token, (key, count) -> Math.max(0, count - 1));
    }
    if (!admitted) {
      refused++;
    }
    return admitted;
  }

  /** Whether some text holds any secret that was ever known here. */
  synchronized boolean isLeakedIn(String text) {
    return personal.stream().anyMatch(text::contains)
        || oauth.keySet().stream().anyMatch(text::contains)
        || principals.values().stream().anyMatch(text::contains);
  }
}
