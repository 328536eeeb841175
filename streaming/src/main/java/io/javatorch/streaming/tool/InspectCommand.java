package io.javatorch.streaming.tool;

import io.javatorch.streaming.format.Column;
import io.javatorch.streaming.format.LocalDataSet;
import io.javatorch.streaming.format.ShardInfo;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "inspect",
    description = {
      "Shows a data set's schema, shards, sizes and first samples.",
      "Reads the index, and the shards of the samples that it shows."
    })
final class InspectCommand implements Callable<Integer> {
  @Mixin private DirectoryArgument data;

  @Option(
      names = "--samples",
      paramLabel = "N",
      defaultValue = "3",
      description = "How many samples to show (default: ${DEFAULT-VALUE}).")
  private int count;

  @Option(
      names = "--shards",
      paramLabel = "N",
      defaultValue = "10",
      description = "How many shards to list (default: ${DEFAULT-VALUE}).")
  private int shardCount;

  @Mixin private PicklesOption pickles;

  @Override
  public Integer call() throws IOException {
    if (count < 0 || shardCount < 0) {
      throw new IllegalArgumentException("--samples and --shards must not be negative");
    }
    return data.withSamples(
        pickles.pickles(),
        set -> {
          var shards = set.index().shards();
          printSummary(shards, set.samples());
          if (!shards.isEmpty()) {
            printColumns(shards.get(0).columns());
            printShards(shards);
          }
          printSamples(set);
          return 0;
        });
  }

  private void printSummary(List<ShardInfo> shards, long samples) {
    var out = data.out();
    long raw = shards.stream().mapToLong(ShardInfo::rawBytes).sum();
    long stored = shards.stream().mapToLong(ShardInfo::storedBytes).sum();
    out.printf("format       %s%n", distinct(shards.stream().map(ShardInfo::format).toList()));
    out.printf("shards       %s%n", Sizes.count(shards.size()));
    out.printf("samples      %s%n", Sizes.count(samples));
    out.printf("raw size     %s%n", Sizes.bytes((double) raw));
    out.printf("stored size  %s (%s)%n", Sizes.bytes((double) stored), percent(stored, raw));
    out.printf(
        "compression  %s%n",
        distinct(shards.stream().map(shard -> shard.compression().orElse("none")).toList()));
    out.printf(
        "hashes       %s%n",
        distinct(shards.stream().flatMap(shard -> shard.hashes().stream()).toList()));
  }

  private void printColumns(List<Column> columns) {
    data.out().println();
    var table = new Table().text("column").text("encoding");
    columns.forEach(column -> table.add(column.name(), column.encoding()));
    table.print(data.out());
  }

  private void printShards(List<ShardInfo> shards) {
    if (shardCount == 0) {
      return;
    }
    data.out().println();
    var table =
        new Table()
            .text("shard")
            .number("samples")
            .number("raw")
            .number("stored")
            .number("ratio")
            .text("compression")
            .text("hashes");
    for (var shard : shards.subList(0, Math.min(shardCount, shards.size()))) {
      table.add(
          shard.data().stored().basename(),
          Sizes.count(shard.samples()),
          Sizes.bytes((double) shard.rawBytes()),
          Sizes.bytes((double) shard.storedBytes()),
          percent(shard.storedBytes(), shard.rawBytes()),
          shard.compression().orElse("none"),
          shard.hashes().isEmpty() ? "none" : String.join(", ", shard.hashes()));
    }
    table.print(data.out());
    if (shards.size() > shardCount) {
      data.out().printf("… and %s more%n", Sizes.count(shards.size() - shardCount));
    }
  }

  private void printSamples(LocalDataSet set) throws IOException {
    long shown = Math.min(count, set.samples());
    if (shown == 0) {
      return;
    }
    data.out().println();
    var head = set.get(0).columns().stream().map(Column::name).toList();
    var table = new Table().number("sample");
    head.forEach(table::text);
    for (long i = 0; i < shown; i++) {
      var sample = set.get(i);
      var row = new ArrayList<>(List.of(Sizes.count(i)));
      var json = SampleJson.of(sample, List.of());
      // Shards of one data set can have different columns; the head is the first one's.
      head.forEach(name -> row.add(json.has(name) ? json.get(name) + "" : "-"));
      table.add(row);
    }
    table.print(data.out());
  }

  private static String percent(long part, long whole) {
    return String.format(Locale.ROOT, "%.1f %%", whole == 0 ? 100 : 100.0 * part / whole);
  }

  private static String distinct(List<String> names) {
    return names.isEmpty() ? "none" : Printable.of(String.join(", ", new TreeSet<>(names)));
  }
}
