package io.javatorch.streaming.tool;

import io.javatorch.streaming.format.DataSetFiles;
import io.javatorch.streaming.format.LocalDataSet;
import io.javatorch.streaming.format.MalformedShardException;
import io.javatorch.streaming.format.ShardReader.Pickles;
import java.io.IOException;
import java.io.PrintWriter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** What every command takes: where a data set lies. */
final class DirectoryArgument {
  @Spec(Target.MIXEE)
  private CommandSpec command;

  @Parameters(
      index = "0",
      paramLabel = "DIRECTORY",
      description =
          "The data set: a directory of this host, or a URL such as hdfs://host/path, s3a://…,"
              + " abfss://… or dbfs:/Volumes/….")
  private String location;

  // The parser alone looks at it.
  @SuppressWarnings("UnusedVariable")
  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Says how to use this command.")
  private boolean help;

  /** Works on a data set. */
  interface Work<T> {
    int on(T data) throws IOException;
  }

  String location() {
    return location;
  }

  /** Opens the data set's files for some work. */
  int withFiles(Work<DataSetFiles> work) throws IOException {
    try (var files = DataSetFiles.open(location)) {
      try {
        return work.on(files);
      } catch (MalformedShardException e) {
        throw new IOException(files.named(e.getMessage()), e);
      }
    }
  }

  /** Opens the data set's samples for some work. */
  int withSamples(Work<LocalDataSet> work) throws IOException {
    return withFiles(
        files -> {
          try (var set = LocalDataSet.open(files, Pickles.PLAIN_DATA)) {
            return work.on(set);
          }
        });
  }

  PrintWriter out() {
    return command.commandLine().getOut();
  }

  PrintWriter err() {
    return command.commandLine().getErr();
  }
}
