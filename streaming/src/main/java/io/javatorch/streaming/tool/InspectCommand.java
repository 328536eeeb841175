package io.javatorch.streaming.tool;

import io.javatorch.streaming.format.LocalDataSet;
import io.javatorch.streaming.format.ShardInfo;
import io.javatorch.streaming.format.ShardReader.Pickles;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "inspect",
    description = "Shows a data set's schema, shards, sizes and first samples.")
final class InspectCommand implements Callable<Integer> {
  private static final int MAX_VALUE_WIDTH = 72;

  @Mixin private DirectoryArgument data;

  @Option(
      names = "--samples",
      paramLabel = "N",
      defaultValue = "3",
      description = "How many samples to show (default: ${DEFAULT-VALUE}).")
  private int count;

  @Override
  public Integer call() throws IOException {
    var out = data.out();
    try (var set = LocalDataSet.open(data.directory(), Pickles.PLAIN_DATA)) {
      var shards = set.index().shards();
      long raw = shards.stream().mapToLong(ShardInfo::rawBytes).sum();
      long stored = shards.stream().mapToLong(ShardInfo::storedBytes).sum();
      out.printf("format       %s%n", distinct(shards.stream().map(ShardInfo::format).toList()));
      out.printf("shards       %s%n", Sizes.count(shards.size()));
      out.printf("samples      %s%n", Sizes.count(set.samples()));
      out.printf("raw size     %s%n", Sizes.bytes((double) raw));
      out.printf(
          Locale.ROOT,
          "stored size  %s (%.1f %%)%n",
          Sizes.bytes((double) stored),
          raw == 0 ? 100 : 100.0 * stored / raw);
      out.printf(
          "compression  %s%n",
          distinct(shards.stream().map(shard -> shard.compression().orElse("none")).toList()));
      out.printf(
          "hashes       %s%n",
          distinct(shards.stream().flatMap(shard -> shard.hashes().stream()).toList()));
      if (shards.isEmpty()) {
        return 0;
      }
      var columns = shards.get(0).columns();
      int width = columns.stream().mapToInt(column -> column.name().length()).max().orElse(0);
      var row = "%-" + Math.max(width, 6) + "s  %s%n";
      out.println();
      out.printf(row, "column", "encoding");
      columns.forEach(column -> out.printf(row, column.name(), column.encoding()));
      for (long i = 0; i < Math.min(count, set.samples()); i++) {
        out.println();
        out.println("sample " + i);
        SampleJson.of(set.get(i), List.of())
            .properties()
            .forEach(entry -> out.printf("  " + row, entry.getKey(), cut(entry.getValue() + "")));
      }
    }
    return 0;
  }

  private static String distinct(List<String> names) {
    return names.isEmpty() ? "none" : String.join(", ", new TreeSet<>(names));
  }

  private static String cut(String text) {
    return text.length() <= MAX_VALUE_WIDTH ? text : text.substring(0, MAX_VALUE_WIDTH - 1) + "…";
  }
}
