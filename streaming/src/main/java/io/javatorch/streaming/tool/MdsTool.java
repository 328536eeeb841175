package io.javatorch.streaming.tool;

import io.javatorch.auth.DatabricksAuthException;
import io.javatorch.streaming.format.MalformedShardException;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.time.Duration;
import java.util.Deque;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IVersionProvider;

/**
 * The program behind {@code bin/mds}. Exit codes: 0 for success, 1 if the data set has faults or
 * something went wrong, 2 for wrong arguments.
 */
@Command(
    name = "mds",
    description =
        "Looks into, checks and converts MDS data sets in local directories and in stores.",
    mixinStandardHelpOptions = true,
    versionProvider = MdsTool.Version.class,
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
  /** What bin/mds says that it was built from. */
  static final String VERSION_PROPERTY = "mds.version";

  private static final Duration PATIENCE = Duration.ofSeconds(2);

  private final Deque<Closeable> opened = new ConcurrentLinkedDeque<>();
  private volatile boolean stopping;

  private MdsTool() {}

  /** Runs the command line and exits; a signal ends it, and leaves nothing behind. */
  public static void main(String[] arguments) {
    var tool = new MdsTool();
    var command = commandLine(tool);
    var ended = new CountDownLatch(1);
    var worker = Thread.currentThread();
    Runtime.getRuntime()
        .addShutdownHook(new Thread(() -> tool.stop(worker, ended), "mds-shutdown"));
    int code;
    try {
      code = command.execute(arguments);
      command.getOut().flush();
      command.getErr().flush();
    } finally {
      ended.countDown();
    }
    System.exit(code);
  }

  /** Has the worker end what it does, or ends it from here where it hangs in its output. */
  private void stop(Thread worker, CountDownLatch ended) {
    if (ended.getCount() == 0) {
      return;
    }
    stopping = true;
    worker.interrupt();
    try {
      if (ended.await(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
        return;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    for (var one : opened) {
      try {
        one.close();
      } catch (IOException e) {
        System.err.println("mds: temporary files are left: " + Printable.of(e.toString()));
      }
    }
  }

  /** What else to close if a signal ends the program; closing it twice must do no harm. */
  void closeOnSignal(Closeable files) {
    opened.add(files);
  }

  static CommandLine commandLine() {
    return commandLine(new MdsTool());
  }

  private static CommandLine commandLine(MdsTool tool) {
    IExecutionExceptionHandler handler =
        (failure, command, result) -> {
          if (!tool.stopping) {
            command.getErr().println("mds: " + Printable.of(message(failure)));
          }
          return 1;
        };
    return new CommandLine(tool).setExecutionExceptionHandler(handler).setUsageHelpAutoWidth(true);
  }

  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {"mds " + System.getProperty(VERSION_PROPERTY, "of unknown version")};
    }
  }

  /** What the user needs to know; a stack trace only where it is a mistake of this program. */
  private static String message(Exception failure) throws Exception {
    if (failure instanceof FileSystemException file && file.getReason() == null) {
      return file.getFile() + ": " + reason(file);
    }
    if (failure instanceof UncheckedIOException io) {
      var cause = message(io.getCause());
      // It may say which sample it was.
      return io.getMessage() == null || io.getMessage().equals(io.getCause().toString())
          ? cause
          : io.getMessage() + ": " + cause;
    }
    if (failure instanceof MalformedShardException
        || failure instanceof IOException
        || failure instanceof DatabricksAuthException
        || failure instanceof IllegalArgumentException) {
      return failure.getMessage() == null ? failure.toString() : failure.getMessage();
    }
    throw failure;
  }

  /** The exceptions of files have the name of the file alone, mostly. */
  private static String reason(FileSystemException failure) {
    if (failure instanceof NoSuchFileException) {
      return "there is no such file";
    } else if (failure instanceof AccessDeniedException) {
      return "permission denied";
    } else if (failure instanceof NotDirectoryException) {
      return "it is not a directory; name the data set's directory";
    } else if (failure instanceof FileAlreadyExistsException) {
      return "there is such a file already";
    } else if (failure instanceof DirectoryNotEmptyException) {
      return "the directory is not empty";
    } else if (failure instanceof FileSystemLoopException) {
      return "its symbolic links go round in a circle";
    }
    return failure.getClass().getSimpleName();
  }
}
