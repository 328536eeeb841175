package io.javatorch.auth;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** The user's {@code ~/.databrickscfg}: whether it is there. The SDK is what reads it. */
record ConfigFile(Path path) {
  static ConfigFile inHomeOf(Map<String, String> environment) {
    var home = environment.get("HOME");
    return new ConfigFile(
        Path.of(home == null || home.isBlank() ? System.getProperty("user.home") : home)
            .resolve(".databrickscfg"));
  }

  /** Whether the SDK would find a profile without being told its name. */
  boolean hasDefaultProfile() {
    if (!Files.isRegularFile(path)) {
      return false;
    }
    try (var lines = Files.lines(path, StandardCharsets.UTF_8)) {
      return lines
          .map(String::strip)
          .anyMatch(line -> line.equals("[DEFAULT]") || line.startsWith("default_profile"));
    } catch (IOException e) {
      throw new DatabricksAuthException("Cannot read " + path + ": " + e.getMessage(), e);
    }
  }

  String describe() {
    return path + (Files.exists(path) ? " (exists)" : " (does not exist)");
  }
}
