package io.javatorch.streaming.tool;

import io.javatorch.streaming.format.DataSetFiles;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
    name = "merge",
    description = {
      "Writes one index for all data sets in the sub-directories.",
      "They may lie at any depth, and come in the order of their paths.",
      "Of a store only the indexes are read."
    })
final class MergeCommand implements Callable<Integer> {
  @Mixin private DirectoryArgument data;

  @Override
  public Integer call() throws IOException {
    var index = DataSetFiles.merge(data.location());
    data.out()
        .printf(
            "%s shards, %s samples%n",
            Sizes.count(index.shards().size()), Sizes.count(index.samples()));
    return 0;
  }
}
