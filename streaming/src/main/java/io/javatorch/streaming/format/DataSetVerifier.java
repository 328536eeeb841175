package io.javatorch.streaming.format;

import io.javatorch.streaming.codec.HashAlgorithm;
import io.javatorch.streaming.format.MalformedShardException.Where;
import io.javatorch.streaming.format.ShardReader.Pickles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Checks a data set in a local directory and reports all of its faults, not the first alone: every
 * file's presence, size and hashes, and unless left out, every compressed file's content, every
 * shard's own configuration, and every column of every sample.
 */
public final class DataSetVerifier {
  private final Path directory;
  private final boolean samplesToo;
  private final Consumer<String> progress;
  private final List<String> faults = new ArrayList<>();
  private long files;
  private long bytes;
  private long samples;

  /**
   * Describes a check.
   *
   * @param samplesToo whether to decompress and to decode every sample as well
   * @param progress hears the name of each shard before it is checked
   */
  public DataSetVerifier(Path directory, boolean samplesToo, Consumer<String> progress) {
    this.directory = directory;
    this.samplesToo = samplesToo;
    this.progress = progress;
  }

  /**
   * What was found.
   *
   * @param shards how many shards the index has
   * @param files how many files were checked
   * @param bytes the size of those files
   * @param samples how many samples were decoded without a fault
   * @param faults what is wrong, in the order of the shards; empty if nothing is
   */
  public record Report(int shards, long files, long bytes, long samples, List<String> faults) {
    public Report {
      faults = List.copyOf(faults);
    }
  }

  /**
   * Checks the data set.
   *
   * @throws NoSuchFileException if there is no index
   * @throws MalformedShardException if the index is not valid; then there is nothing to go by
   * @throws IOException if the temporary directory cannot be written
   */
  public Report verify() throws IOException {
    faults.clear();
    files = 0;
    bytes = 0;
    samples = 0;
    var index = ShardIndex.read(directory);
    var scratch = Files.createTempDirectory("mds-verify-");
    try {
      for (var shard : index.shards()) {
        progress.accept(shard.data().raw().basename());
        verify(shard, scratch);
      }
    } finally {
      Files.deleteIfExists(scratch);
    }
    return new Report(index.shards().size(), files, bytes, samples, faults);
  }

  private void verify(ShardInfo shard, Path scratch) throws IOException {
    boolean whole = true;
    for (var file : shard.files()) {
      whole &= verifyStored(file.stored());
    }
    if (!samplesToo || !whole) {
      return;
    }
    var unpacked = new ArrayList<Path>();
    try {
      var raw = directory;
      var local = shard;
      if (shard.compression().isPresent()) {
        raw = scratch;
        local = flattened(shard);
        for (int i = 0; i < shard.files().size(); i++) {
          var file = shard.files().get(i);
          var target = local.files().get(i).raw().in(scratch);
          unpacked.add(target);
          ShardFiles.decompress(
              shard, file, file.stored().in(directory), target, known(file.raw(), false));
        }
      }
      verifySamples(raw, local);
    } catch (MalformedShardException e) {
      faults.add(e.getMessage());
    } finally {
      for (var file : unpacked) {
        Files.deleteIfExists(file);
      }
    }
  }

  private boolean verifyStored(FileInfo info) {
    var path = info.in(directory);
    try {
      files++;
      ShardFiles.verify(info, path, known(info, true));
      bytes += info.bytes();
      return true;
    } catch (NoSuchFileException e) {
      faults.add(path + ": it is missing. Fetch it again.");
    } catch (IOException e) {
      faults.add(path + ": it cannot be read: " + e);
    } catch (MalformedShardException e) {
      faults.add(e.getMessage());
    }
    return false;
  }

  /** The hashes of a file that can be checked; the others are a fault of the index. */
  private List<String> known(FileInfo info, boolean report) {
    var known = new ArrayList<String>();
    for (var name : info.hashes().keySet()) {
      if (HashAlgorithm.isKnown(name)) {
        known.add(name);
      } else if (report) {
        faults.add(info.in(directory) + ": the index has the unknown hash '" + name + "' of it");
      }
    }
    return known;
  }

  /** The shard with its raw files in one directory without parts, so that none need be made. */
  private static ShardInfo flattened(ShardInfo shard) {
    return new ShardInfo(
        shard.format(),
        shard.samples(),
        shard.columns(),
        shard.compression(),
        shard.hashes(),
        shard.sizeLimit(),
        flattened(shard.data()),
        shard.meta().map(DataSetVerifier::flattened),
        shard.layout());
  }

  private static FilePair flattened(FilePair file) {
    var raw = file.raw();
    return new FilePair(
        new FileInfo(raw.basename().replace('/', '_'), raw.bytes(), raw.hashes()), file.zip());
  }

  private void verifySamples(Path raw, ShardInfo shard) throws IOException {
    try (var reader = ShardReader.open(raw, shard, Pickles.PLAIN_DATA)) {
      var config = PythonJson.write(PythonJson.sorted(shard.config()));
      if (!reader.configuration().equals(config)) {
        throw new MalformedShardException(
            Where.in(shard.files().get(0).raw().in(raw)),
            "it describes itself otherwise than the index does",
            "Write the index again, or the shard");
      }
      for (int i = 0; i < reader.samples(); i++) {
        try {
          reader.get(i).toMap();
          samples++;
        } catch (MalformedShardException e) {
          faults.add(e.getMessage());
        }
      }
    }
  }
}
