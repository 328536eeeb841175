package io.javatorch.streaming.tool;

import io.javatorch.streaming.format.MalformedShardException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IExecutionExceptionHandler;

/**
 * The program behind {@code bin/mds}. Exit codes: 0 for success, 1 if the data set has faults or
 * something went wrong, 2 for wrong arguments.
 */
@Command(
    name = "mds",
    description =
        "Looks into, checks and converts MDS data sets in local directories and in stores.",
    mixinStandardHelpOptions = true,
    version = "mds 0.1.0",
    subcommands = {
      InspectCommand.class,
      VerifyCommand.class,
      CatCommand.class,
      MergeCommand.class,
      ConvertCommand.class,
      StatsCommand.class,
      OrderCommand.class
    })
public final class MdsTool {
  private MdsTool() {}

  /** Runs the command line and exits. */
  public static void main(String[] arguments) {
    var command = commandLine();
    int code = command.execute(arguments);
    command.getOut().flush();
    command.getErr().flush();
    System.exit(code);
  }

  static CommandLine commandLine() {
    IExecutionExceptionHandler handler =
        (failure, command, result) -> {
          command.getErr().println("mds: " + message(failure));
          return 1;
        };
    return new CommandLine(new MdsTool())
        .setExecutionExceptionHandler(handler)
        .setUsageHelpAutoWidth(true);
  }

  /** What the user needs to know; a stack trace only where it is a mistake of this program. */
  private static String message(Exception failure) throws Exception {
    if (failure instanceof NoSuchFileException missing && missing.getReason() == null) {
      return missing.getFile() + ": there is no such file";
    }
    if (failure instanceof UncheckedIOException io) {
      return message(io.getCause());
    }
    if (failure instanceof MalformedShardException
        || failure instanceof FileSystemException
        || failure instanceof IOException
        || failure instanceof IllegalArgumentException) {
      return failure.getMessage();
    }
    throw failure;
  }
}
