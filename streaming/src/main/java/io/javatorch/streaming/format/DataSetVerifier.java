package io.javatorch.streaming.format;

import io.javatorch.streaming.codec.HashAlgorithm;
import io.javatorch.streaming.format.MalformedShardException.Where;
import io.javatorch.streaming.format.ShardReader.Pickles;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/**
 * Checks a data set and reports all of its faults, not the first alone: every file's presence, size
 * and hashes, and unless left out, every compressed file's content, every shard's own
 * configuration, and every column of every sample.
 */
public final class DataSetVerifier {
  /** A shard may have a billion of them. */
  private static final int MOST_SAMPLE_FAULTS = 1_000;

  private static final Pattern SHARD_LIKE =
      Pattern.compile("(?:^|/)(?:shard\\.[0-9]+\\..*|\\..*\\.tmp)$");

  private final DataSetFiles dataSet;
  private final Path directory;
  private final boolean samplesToo;
  private final Pickles pickles;
  private final Consumer<String> progress;
  private final List<String> faults = new ArrayList<>();
  private final List<String> warnings = new ArrayList<>();
  private final Set<String> known = new HashSet<>();
  private long files;
  private long bytes;
  private long samples;

  /**
   * Describes a check. Shards of a store are brought one by one, each while it is checked.
   *
   * @param dataSet the data set; it stays open
   * @param samplesToo whether to decompress and to decode every sample as well
   * @param pickles what to do with pickled columns; where they are refused, a shard that has any is
   *     a fault, unless samples are left out
   * @param progress hears the name of each shard before it is checked
   */
  public DataSetVerifier(
      DataSetFiles dataSet, boolean samplesToo, Pickles pickles, Consumer<String> progress) {
    this.dataSet = dataSet;
    this.directory = dataSet.directory();
    this.samplesToo = samplesToo;
    this.pickles = pickles;
    this.progress = progress;
  }

  /** Describes a check of a local directory. */
  public DataSetVerifier(
      Path directory, boolean samplesToo, Pickles pickles, Consumer<String> progress) {
    this(DataSetFiles.open(directory), samplesToo, pickles, progress);
  }

  /**
   * What was found.
   *
   * @param shards how many shards the index has
   * @param files how many files were checked
   * @param bytes the size of those files
   * @param samples how many samples were decoded without a fault
   * @param faults what is wrong, in the order of the shards, then of the index; empty if nothing
   *     is. Of the samples of one shard the first {@value #MOST_SAMPLE_FAULTS} are listed and the
   *     others counted
   * @param warnings what is there and belongs to no shard, which hurts nobody
   */
  public record Report(
      int shards,
      long files,
      long bytes,
      long samples,
      List<String> faults,
      List<String> warnings) {
    public Report {
      faults = List.copyOf(faults);
      warnings = List.copyOf(warnings);
    }
  }

  /**
   * Checks the data set. Where the index itself is broken, that is a fault, and the shards that can
   * be made out in it are checked all the same.
   *
   * @throws NoSuchFileException if there is no index
   * @throws InterruptedIOException if the thread is interrupted
   * @throws IOException if the directory cannot be read, or the temporary one not be made
   */
  public Report verify() throws IOException {
    faults.clear();
    warnings.clear();
    known.clear();
    files = 0;
    bytes = 0;
    samples = 0;
    var indexFaults = new ArrayList<String>();
    var shards = ShardIndex.readAllThatCanBe(directory, indexFaults::add);
    var scratch = Files.createTempDirectory("mds-verify-");
    try {
      for (var shard : shards) {
        checkInterrupt();
        progress.accept(shard.data().raw().basename());
        try {
          verify(shard, scratch);
        } catch (InterruptedIOException e) {
          throw e;
        } catch (IOException | UncheckedIOException e) {
          // One shard that cannot be read or unpacked says nothing of the next.
          faults.add(
              shard.data().stored().in(directory)
                  + ": it cannot be checked: "
                  + e
                  + ". Check the disk and the rights to the file, and verify again.");
        } finally {
          for (var file : shard.files()) {
            dataSet.release(file.stored());
          }
        }
      }
    } finally {
      DataSetFiles.removeTree(scratch);
    }
    faults.addAll(indexFaults);
    // Without a whole index nobody knows what is too much.
    if (indexFaults.isEmpty()) {
      findStrangers();
    }
    return new Report(
        shards.size(),
        files,
        bytes,
        samples,
        faults.stream().map(dataSet::named).toList(),
        warnings.stream().map(dataSet::named).toList());
  }

  private void checkInterrupt() throws InterruptedIOException {
    if (Thread.currentThread().isInterrupted()) {
      throw new InterruptedIOException("interrupted while checking " + dataSet.location());
    }
  }

  /** Files that look like shards or like what an interrupted write left, and are in no index. */
  private void findStrangers() throws IOException {
    for (var name : dataSet.names()) {
      if (SHARD_LIKE.matcher(name).find() && !known.contains(name)) {
        warnings.add(directory.resolve(name) + ": the index does not know it");
      }
    }
  }

  private void verify(ShardInfo shard, Path scratch) throws IOException {
    boolean whole = true;
    for (var file : shard.files()) {
      // A shard's raw form may lie beside its compressed one.
      boolean stored = known.add(file.stored().basename());
      boolean raw = file.zip().isEmpty() || known.add(file.raw().basename());
      if (!stored || !raw) {
        faults.add(
            file.stored().in(directory)
                + ": the index has it twice. Write the index again with merge.");
      }
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

  private boolean verifyStored(FileInfo info) throws InterruptedIOException {
    var path = info.in(directory);
    try {
      files++;
      dataSet.bring(info);
      ShardFiles.checkInside(directory, info);
      ShardFiles.verify(info, path, known(info, true));
      bytes += info.bytes();
      return true;
    } catch (NoSuchFileException e) {
      faults.add(path + ": it is missing. Fetch it again.");
    } catch (InterruptedIOException e) {
      throw e;
    } catch (IOException e) {
      faults.add(path + ": it cannot be read: " + e + ". Check the disk and the rights to it.");
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
        faults.add(
            info.in(directory)
                + ": the index has the unknown hash '"
                + name
                + "' of it. Write the data set again with a known hash.");
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
    try (var reader = ShardReader.open(raw, shard, pickles)) {
      var config = PythonJson.write(PythonJson.sorted(shard.config()));
      if (!reader.configuration().equals(config)) {
        faults.add(
            Where.in(shard.files().get(0).raw().in(raw))
                + ": it describes itself otherwise than the index does. Write the index again, or"
                + " the shard.");
      }
      long broken = 0;
      for (int i = 0; i < reader.samples(); i++) {
        checkInterrupt();
        if (verifySample(reader, i, broken)) {
          samples++;
        } else {
          broken++;
        }
      }
      if (broken > MOST_SAMPLE_FAULTS) {
        faults.add(
            Where.in(shard.data().raw().in(raw))
                + ": and "
                + (broken - MOST_SAMPLE_FAULTS)
                + " more broken samples");
      }
    }
  }

  /** Decodes every column, so that a broken one does not hide another. */
  private boolean verifySample(ShardReader reader, int index, long broken) {
    boolean sound = true;
    try {
      var sample = reader.get(index);
      for (int column = 0; column < sample.columns().size(); column++) {
        try {
          sample.get(column);
        } catch (MalformedShardException e) {
          sound = false;
          report(e, broken);
        }
      }
    } catch (MalformedShardException e) {
      sound = false;
      report(e, broken);
    }
    return sound;
  }

  private void report(MalformedShardException e, long broken) {
    if (broken < MOST_SAMPLE_FAULTS) {
      faults.add(e.getMessage());
    }
  }
}
