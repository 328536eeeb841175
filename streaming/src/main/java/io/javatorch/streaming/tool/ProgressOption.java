package io.javatorch.streaming.tool;

import java.util.function.LongFunction;
import picocli.CommandLine.Option;

/** The option of commands that may take long. */
final class ProgressOption {
  @Option(
      names = "--progress",
      description = "Show how far it is, how fast and how long yet, on standard error.")
  private boolean shown;

  boolean isShown() {
    return shown;
  }

  ProgressLine start(DirectoryArgument data, long total, LongFunction<String> unit) {
    return new ProgressLine(data.err(), shown, total, unit);
  }
}
