package io.javatorch.streaming.tool;

import picocli.CommandLine.Option;

/** The option of every command that says how to use it. */
final class HelpOption {
  // The parser alone looks at it.
  @SuppressWarnings("UnusedVariable")
  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Says how to use this command.")
  private boolean help;
}
