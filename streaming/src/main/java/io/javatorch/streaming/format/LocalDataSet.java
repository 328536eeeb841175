package io.javatorch.streaming.format;

import io.javatorch.streaming.codec.HashAlgorithm;
import io.javatorch.streaming.format.ShardReader.Pickles;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;

/**
 * All samples of a data set by their number, for tools and for looking around; training streams
 * them with {@code StreamingDataset}. Compressed shards are decompressed, and shards of a store
 * brought, as they are needed into a temporary directory, of which a few shards are kept: 16 of a
 * local directory, 2 of a store.
 *
 * <p>Safe for use by several threads, which take turns. Samples stay readable after {@link #close}.
 */
public final class LocalDataSet implements Closeable, Iterable<Sample> {
  private static final int OPEN_SHARDS = 16;
  private static final int OPEN_REMOTE_SHARDS = 2;

  private final DataSetFiles dataSet;
  private final ShardIndex index;
  private final Pickles pickles;

  /** The number of each shard's first sample, and at last the count of all. */
  private final long[] firsts;

  private final Map<Integer, Open> open = new LinkedHashMap<>(16, 0.75f, true);
  private Path scratch;
  private boolean closed;

  /** A shard in use, and where its decompressed files lie if it has any. */
  private record Open(ShardReader reader, List<Path> files) {}

  private LocalDataSet(DataSetFiles dataSet, Pickles pickles) throws IOException {
    this.dataSet = dataSet;
    this.index = dataSet.index();
    this.pickles = pickles;
    this.firsts = new long[index.shards().size() + 1];
    for (int i = 0; i < index.shards().size(); i++) {
      firsts[i + 1] = firsts[i] + index.shards().get(i).samples();
    }
  }

  /**
   * Opens the data set in a directory; pickled columns are refused.
   *
   * @throws java.nio.file.NoSuchFileException if there is no index
   * @throws MalformedShardException if the index is not valid
   */
  public static LocalDataSet open(Path directory) throws IOException {
    return open(directory, Pickles.REFUSED);
  }

  /** Opens the data set in a directory, with a say on pickled columns. */
  public static LocalDataSet open(Path directory, Pickles pickles) throws IOException {
    return open(DataSetFiles.open(directory), pickles);
  }

  /** Reads a data set wherever it lies, with a say on pickled columns; its files stay open. */
  public static LocalDataSet open(DataSetFiles files, Pickles pickles) throws IOException {
    return new LocalDataSet(files, pickles);
  }

  /** The data set's index. */
  public ShardIndex index() {
    return index;
  }

  /** How many samples there are. */
  public long samples() {
    return firsts[firsts.length - 1];
  }

  /**
   * Returns a sample.
   *
   * @param number its number in the data set, from 0
   * @throws IndexOutOfBoundsException if there is no such sample
   * @throws MalformedShardException if its shard or the sample is damaged
   * @throws IllegalStateException if the data set is closed
   */
  public Sample get(long number) throws IOException {
    if (number < 0 || number >= samples()) {
      throw new IndexOutOfBoundsException("sample " + number + " of " + samples());
    }
    int found = Arrays.binarySearch(firsts, number);
    int shard = found < 0 ? -found - 2 : found;
    // Shards without samples share their first number with the next.
    while (firsts[shard + 1] == number) {
      shard++;
    }
    // The reader is closed by whoever needs its place; a sample outlives it.
    synchronized (this) {
      return shard(shard).get((int) (number - firsts[shard]));
    }
  }

  private ShardReader shard(int number) throws IOException {
    if (closed) {
      throw new IllegalStateException("the data set in " + dataSet.location() + " is closed");
    }
    var known = open.get(number);
    if (known != null) {
      return known.reader;
    }
    if (open.size() >= (dataSet.isRemote() ? OPEN_REMOTE_SHARDS : OPEN_SHARDS)) {
      var eldest = open.keySet().iterator().next();
      close(open.remove(eldest));
    }
    var made = load(number);
    open.put(number, made);
    return made.reader;
  }

  private Open load(int number) throws IOException {
    var shard = index.shards().get(number);
    var directory = dataSet.directory();
    for (var file : shard.files()) {
      bring(file.stored());
    }
    if (shard.compression().isEmpty()) {
      var brought =
          dataSet.isRemote()
              ? shard.files().stream().map(file -> file.raw().in(directory)).toList()
              : List.<Path>of();
      return new Open(ShardReader.open(directory, shard, pickles), brought);
    }
    if (scratch == null) {
      scratch = Files.createTempDirectory("mds-");
    }
    var files = shard.files().stream().map(file -> file.raw().in(scratch)).toList();
    for (var file : shard.files()) {
      var raw = file.raw().in(scratch);
      Files.createDirectories(raw.getParent());
      ShardFiles.checkInside(directory, file.stored());
      ShardFiles.decompress(shard, file, file.stored().in(directory), raw, List.of());
      dataSet.release(file.stored());
    }
    return new Open(ShardReader.open(scratch, shard, pickles), files);
  }

  /** What came over a network is checked by its hashes; what lies here, by its size. */
  private void bring(FileInfo file) throws IOException {
    var path = dataSet.bring(file);
    var hashes =
        dataSet.isRemote()
            ? file.hashes().keySet().stream().filter(HashAlgorithm::isKnown).toList()
            : List.<String>of();
    ShardFiles.verify(file, path, hashes);
  }

  private static void close(Open shard) throws IOException {
    shard.reader.close();
    for (var file : shard.files) {
      Files.deleteIfExists(file);
    }
  }

  /** Iterates over all samples in order. Failures to read come as {@link UncheckedIOException}. */
  @Override
  public Iterator<Sample> iterator() {
    return new Iterator<>() {
      private long next;

      @Override
      public boolean hasNext() {
        return next < samples();
      }

      @Override
      public Sample next() {
        if (!hasNext()) {
          throw new NoSuchElementException();
        }
        try {
          return get(next++);
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
    };
  }

  /** Closes all shards and removes what was decompressed. */
  @Override
  public synchronized void close() throws IOException {
    closed = true;
    for (var shard : open.values()) {
      close(shard);
    }
    open.clear();
    if (scratch != null) {
      DataSetFiles.removeTree(scratch);
      scratch = null;
    }
  }
}
