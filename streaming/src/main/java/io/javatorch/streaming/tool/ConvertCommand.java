package io.javatorch.streaming.tool;

import io.javatorch.streaming.format.Column;
import io.javatorch.streaming.format.LocalDataSet;
import io.javatorch.streaming.format.MdsWriter;
import io.javatorch.streaming.format.ShardReader.Pickles;
import io.javatorch.streaming.storage.Storages;
import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
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
    // What is encoded is copied as it is, and nothing is unpickled.
    return data.withSamples(Pickles.PLAIN_DATA, this::convert);
  }

  private int convert(LocalDataSet set) throws IOException {
    // An index without samples has no shards, and so no columns; a writer needs some.
    var columns = set.samples() == 0 ? List.of(new Column("none", "bytes")) : set.get(0).columns();
    var builder =
        MdsWriter.builder(target).hashes(hashes.toArray(String[]::new)).sizeLimit(sizeLimit);
    columns.forEach(column -> builder.column(column.name(), column.encoding()));
    if (compression != null) {
      builder.compression(compression);
    }
    var line = progress.start(data, set.samples(), count -> Sizes.count(count) + " samples");
    boolean wasThere = Storages.localPath(target).filter(Files::exists).isPresent();
    boolean opened = false;
    boolean finished = false;
    try (var writer = open(builder)) {
      opened = true;
      long written = 0;
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
        line.update(++written);
      }
      var index = writer.finish();
      finished = true;
      line.finish();
      data.out()
          .printf(
              "%s shards, %s samples%n",
              Sizes.count(index.shards().size()), Sizes.count(index.samples()));
    } finally {
      if (!finished && opened && Storages.isLocal(target)) {
        removeParts(Storages.localPath(target).orElseThrow(), wasThere);
      }
    }
    return 0;
  }

  private MdsWriter open(MdsWriter.Builder builder) throws IOException {
    try {
      return builder.open();
    } catch (FileAlreadyExistsException e) {
      var told =
          new FileAlreadyExistsException(
              e.getFile(), null, "the directory is not empty; remove it, or choose another");
      told.initCause(e);
      throw told;
    }
  }

  /** What the writer left in a directory that was empty: the next try would be refused by it. */
  private static void removeParts(Path directory, boolean keep) throws IOException {
    try (var parts = Files.newDirectoryStream(directory, "{shard.*,.shard.*,.spool.*}")) {
      for (var part : parts) {
        Files.deleteIfExists(part);
      }
    } catch (NoSuchFileException e) {
      return;
    }
    if (!keep) {
      try {
        Files.deleteIfExists(directory);
      } catch (DirectoryNotEmptyException e) {
        // Somebody else's files, which hinder the next try as well as they should.
        return;
      }
    }
  }
}
