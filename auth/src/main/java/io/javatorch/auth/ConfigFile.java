package io.javatorch.auth;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Pattern;

/** The user's {@code ~/.databrickscfg}: whether it is there. The SDK is what reads it. */
record ConfigFile(Path path) {
  private static final Pattern SETTING = Pattern.compile("[A-Za-z_]+\\s*=\\s*\\S.*");

  static ConfigFile inHomeOf(Map<String, String> environment) {
    var home = environment.get("HOME");
    return new ConfigFile(
        Path.of(home == null || home.isBlank() ? System.getProperty("user.home") : home)
            .resolve(".databrickscfg"));
  }

  /**
   * Whether the SDK would find a profile without being told its name. An empty {@code [DEFAULT]},
   * which the Databricks CLI leaves behind where all profiles are named, is none.
   */
  boolean hasDefaultProfile() {
    if (!Files.isRegularFile(path)) {
      return false;
    }
    try {
      var section = "";
      for (var line : Files.readAllLines(path, StandardCharsets.UTF_8)) {
        var text = line.strip();
        if (text.startsWith("[")) {
          section = text;
        } else if ((section.equals("[DEFAULT]") && SETTING.matcher(text).matches())
            || (section.equals("[__settings__]") && text.startsWith("default_profile"))) {
          return true;
        }
      }
      return false;
    } catch (IOException e) {
      throw new DatabricksAuthException("Cannot read " + path + ": " + e.getMessage(), e);
    }
  }

  String describe() {
    return path + (Files.exists(path) ? " (exists)" : " (does not exist)");
  }
}
