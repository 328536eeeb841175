package io.javatorch.streaming.tool;

import io.javatorch.streaming.format.DataSetFiles;
import io.javatorch.streaming.format.DataSetVerifier;
import io.javatorch.streaming.format.MalformedShardException;
import io.javatorch.streaming.format.ShardInfo;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "verify",
    description = {
      "Checks every file's size and hashes, and every sample, and reports all faults.",
      "Exits with 1 if there are any."
    })
final class VerifyCommand implements Callable<Integer> {
  @Mixin private DirectoryArgument data;

  @Option(names = "--files-only", description = "Check sizes and hashes but no samples.")
  private boolean filesOnly;

  @Mixin private ProgressOption progress;

  @Mixin private PicklesOption pickles;

  @Override
  public Integer call() throws IOException {
    return data.withFiles(this::verify);
  }

  private int verify(DataSetFiles files) throws IOException {
    var shards = progress.isShown() ? shardsIfKnown(files) : List.<ShardInfo>of();
    var line =
        progress.start(
            data,
            shards.stream().mapToLong(ShardInfo::storedBytes).sum(),
            bytes -> Sizes.bytes((double) bytes));
    var next = shards.iterator();
    long[] done = {0};
    var report =
        new DataSetVerifier(
                files,
                !filesOnly,
                pickles.pickles(),
                shard -> {
                  if (next.hasNext()) {
                    line.update(done[0]);
                    done[0] += next.next().storedBytes();
                  }
                })
            .verify();
    line.finish();
    report.faults().forEach(fault -> data.out().println(Printable.of(fault)));
    report.warnings().forEach(warning -> data.out().println(Printable.of("warning: " + warning)));
    data.out()
        .printf(
            "%s shards, %s files, %s%s: %s%n",
            Sizes.count(report.shards()),
            Sizes.count(report.files()),
            Sizes.bytes((double) report.bytes()),
            filesOnly ? "" : ", " + Sizes.count(report.samples()) + " samples",
            switch (report.faults().size()) {
              case 0 -> "no faults";
              case 1 -> "1 fault";
              default -> report.faults().size() + " faults";
            });
    return report.faults().isEmpty() ? 0 : 1;
  }

  /** A broken index is a fault that is yet to be reported. */
  private static List<ShardInfo> shardsIfKnown(DataSetFiles files) throws IOException {
    try {
      return files.index().shards();
    } catch (MalformedShardException e) {
      return List.of();
    }
  }
}
