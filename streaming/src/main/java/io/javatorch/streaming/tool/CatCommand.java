package io.javatorch.streaming.tool;

import io.javatorch.streaming.format.LocalDataSet;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "cat",
    description = {
      "Prints samples as JSON lines.",
      "Of a store no more than two shards are brought at a time."
    })
final class CatCommand implements Callable<Integer> {
  @Mixin private DirectoryArgument data;

  @Option(
      names = {"--offset", "--from"},
      paramLabel = "N",
      defaultValue = "0",
      description = "The first sample's number (default: ${DEFAULT-VALUE}).")
  private long from;

  @Option(
      names = {"--samples", "--count"},
      paramLabel = "N",
      description = "How many samples to print (default: all).")
  private long count = Long.MAX_VALUE;

  @Option(
      names = "--columns",
      paramLabel = "NAME",
      split = ",",
      description = "The columns to print, with commas between (default: all).")
  private List<String> columns = List.of();

  @Mixin private PicklesOption pickles;

  @Override
  public Integer call() throws IOException {
    if (from < 0 || count < 0) {
      throw new IllegalArgumentException("--offset and --samples must not be negative");
    }
    return data.withSamples(pickles.pickles(), this::print);
  }

  private int print(LocalDataSet set) throws IOException {
    long end = count > set.samples() - from ? set.samples() : from + count;
    for (long i = from; i < end; i++) {
      data.out().println(Printable.json(SampleJson.of(set.get(i), columns).toString()));
      if (data.out().checkError()) {
        // Nobody reads any more, as with head.
        return 0;
      }
    }
    return 0;
  }
}
