package io.javatorch.streaming.tool;

import java.io.PrintWriter;
import java.nio.file.Path;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** What every command takes: a data set's directory. */
final class DirectoryArgument {
  @Spec(Target.MIXEE)
  private CommandSpec command;

  @Parameters(index = "0", paramLabel = "DIRECTORY", description = "The data set's directory.")
  private Path directory;

  // The parser alone looks at it.
  @SuppressWarnings("UnusedVariable")
  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Says how to use this command.")
  private boolean help;

  Path directory() {
    return directory;
  }

  PrintWriter out() {
    return command.commandLine().getOut();
  }

  PrintWriter err() {
    return command.commandLine().getErr();
  }
}
