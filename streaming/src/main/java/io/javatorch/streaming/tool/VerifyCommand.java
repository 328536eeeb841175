package io.javatorch.streaming.tool;

import io.javatorch.streaming.format.DataSetVerifier;
import java.io.IOException;
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

  @Override
  public Integer call() throws IOException {
    var report = new DataSetVerifier(data.directory(), !filesOnly, shard -> {}).verify();
    report.faults().forEach(fault -> data.out().println(fault));
    report.warnings().forEach(warning -> data.out().println("warning: " + warning));
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
}
