package io.javatorch.streaming.tool;

import io.javatorch.streaming.format.LocalDataSet;
import io.javatorch.streaming.format.MdsWriter;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "convert",
    description = {
      "Writes a data set anew, with another compression, other hashes or another size of shards.",
      "Shards of text formats become MDS."
    })
final class ConvertCommand implements Callable<Integer> {
  @Mixin private DirectoryArgument data;

  @Parameters(
      index = "1",
      paramLabel = "TARGET",
      description = "The new data set's directory, here or in a store; it must be empty or absent.")
  private String target;

  @Option(
      names = "--compression",
      paramLabel = "NAME",
      description = "br, bz2, gz, snappy or zstd, with :LEVEL if wanted (default: none).")
  private String compression;

  @Option(
      names = "--hashes",
      paramLabel = "NAME",
      split = ",",
      description = "Hashes for the index, with commas between (default: none).")
  private List<String> hashes = List.of();

  @Option(
      names = "--size-limit",
      paramLabel = "SIZE",
      defaultValue = "64mb",
      description = "The limit of a shard's size before compression (default: ${DEFAULT-VALUE}).")
  private String sizeLimit;

  @Mixin private ProgressOption progress;

  @Override
  public Integer call() throws IOException {
    return data.withSamples(this::convert);
  }

  private int convert(LocalDataSet set) throws IOException {
    if (set.samples() == 0) {
      throw new IllegalArgumentException(
          data.location() + ": the data set has no samples to convert");
    }
    var columns = set.get(0).columns();
    var builder =
        MdsWriter.builder(target).hashes(hashes.toArray(String[]::new)).sizeLimit(sizeLimit);
    columns.forEach(column -> builder.column(column.name(), column.encoding()));
    if (compression != null) {
      builder.compression(compression);
    }
    var line = progress.start(data, set.samples(), count -> Sizes.count(count) + " samples");
    try (var writer = builder.open()) {
      for (var sample : set) {
        if (!sample.columns().equals(columns)) {
          throw new IllegalArgumentException(
              "the shards' columns differ: %s and %s".formatted(columns, sample.columns()));
        }
        var row = writer.row();
        for (int i = 0; i < columns.size(); i++) {
          // The encoded form as it is: nothing is lost on the way.
          row.set(columns.get(i).name(), sample.getBytes(i));
        }
        row.write();
        line.update(writer.samples());
      }
      var index = writer.finish();
      line.finish();
      data.out()
          .printf(
              "%s shards, %s samples%n",
              Sizes.count(index.shards().size()), Sizes.count(index.samples()));
    }
    return 0;
  }
}
