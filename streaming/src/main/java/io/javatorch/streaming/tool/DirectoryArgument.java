package io.javatorch.streaming.tool;

import io.javatorch.streaming.format.DataSetFiles;
import io.javatorch.streaming.format.LocalDataSet;
import io.javatorch.streaming.format.MalformedShardException;
import io.javatorch.streaming.format.ShardReader.Pickles;
import java.io.IOException;
import java.io.PrintWriter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
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
  @Mixin
  private HelpOption help;

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
      tool().closeOnSignal(files);
      try {
        return work.on(files);
      } catch (MalformedShardException e) {
        throw new IOException(files.named(e.getMessage()), e);
      }
    }
  }

  /** Opens the data set's samples for some work. */
  int withSamples(Pickles pickles, Work<LocalDataSet> work) throws IOException {
    return withFiles(
        files -> {
          try (var set = LocalDataSet.open(files, pickles)) {
            tool().closeOnSignal(set);
            return work.on(set);
          }
        });
  }

  /** The program that runs the command. */
  MdsTool tool() {
    return (MdsTool) command.root().userObject();
  }

  PrintWriter out() {
    return command.commandLine().getOut();
  }

  PrintWriter err() {
    return command.commandLine().getErr();
  }
}
