package io.javatorch.auth.fake;

import java.util.Optional;

/**
 * A request that came.
 *
 * @param store whether it came to the object store instead of the workspace
 * @param method the method
 * @param path the path, decoded
 * @param query the query as it was sent; may be empty
 * @param range the Range header
 */
public record FakeRequest(
    boolean store, String method, String path, String query, Optional<String> range) {
  /** Whether it asks for a file's bytes. */
  public boolean isDownload() {
    return method.equals("GET") && (store || path.startsWith(FakeDatabricks.FILES));
  }

  /** Whether its path contains some text. */
  public boolean concerns(String text) {
    return path.contains(text);
  }
}
