package io.javatorch.conversion;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Map;
import java.util.TreeMap;

/** What lies below a directory. */
public final class Trees {
  private Trees() {}

  /** All files by their paths, with their content. */
  public static Map<String, String> of(Path root) throws IOException {
    var contents = new TreeMap<String, String>();
    if (Files.exists(root)) {
      try (var paths = Files.walk(root)) {
        for (var path : paths.filter(Files::isRegularFile).toList()) {
          contents.put(
              root.relativize(path).toString(),
              Base64.getEncoder().encodeToString(Files.readAllBytes(path)));
        }
      }
    }
    return contents;
  }
}
