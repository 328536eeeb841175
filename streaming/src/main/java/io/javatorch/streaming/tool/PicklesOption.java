package io.javatorch.streaming.tool;

import io.javatorch.streaming.format.ShardReader.Pickles;
import picocli.CommandLine.Option;

/** The option of commands that decode samples. */
final class PicklesOption {
  @Option(
      names = "--pickles",
      description =
          "Read pickled columns too, if they are plain data; without it they are refused. No code"
              + " of a pickle is ever run.")
  private boolean allowed;

  Pickles pickles() {
    return allowed ? Pickles.PLAIN_DATA : Pickles.REFUSED;
  }
}
