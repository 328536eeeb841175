package io.javatorch.streaming.format;

import io.javatorch.streaming.format.MalformedShardException.Where;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;

/**
 * Random access to the samples of one shard in its readable (raw, decompressed) form on a local
 * disk. Files of up to 2 GiB are mapped into memory, so that opening costs next to nothing and
 * samples are views of the page cache.
 *
 * <p>Safe for use by many threads. Samples stay readable after {@link #close} where the file is
 * mapped; {@link #get} does not.
 */
public final class ShardReader implements AutoCloseable, Iterable<Sample> {
  private static final String REMEDY = "Delete the shard's raw file and fetch it again";

  private final Schema schema;
  private final Where where;
  private final RawFile file;
  private final int samples;
  private final long firstSample;
  private volatile boolean closed;

  private ShardReader(Schema schema, Where where, RawFile file, int samples) {
    this.schema = schema;
    this.where = where;
    this.file = file;
    this.samples = samples;
    this.firstSample = 4 * (samples + 2L);
  }

  /**
   * Opens a shard. Checks the file's size, its count of samples and the ends of its offset table;
   * the rest is checked sample by sample.
   *
   * @param directory the directory in which the shard's raw file lies under its base name
   * @param shard what the index says of it
   * @throws NoSuchFileException if the raw file is missing; decompress the shard first if it is
   *     compressed
   * @throws MalformedShardException if the file is not what the index says
   */
  public static ShardReader open(Path directory, ShardInfo shard) throws IOException {
    return open(directory, shard, Pickles.REFUSED);
  }

  /**
   * Opens a shard as {@link #open(Path, ShardInfo)}, with a say on pickled columns.
   *
   * @throws MalformedShardException also if a column is pickled and pickles are refused
   */
  public static ShardReader open(Path directory, ShardInfo shard, Pickles pickles)
      throws IOException {
    var path = shard.data().raw().in(directory);
    if (pickles == Pickles.REFUSED) {
      for (var column : shard.columns()) {
        if (column.encoding().equals(Encoding.PICKLE)) {
          throw new MalformedShardException(
              Where.in(path).column(column.name()),
              "it is pickled, and Python's pickles are refused unless asked for",
              "If you trust it, ask for the plain data of pickles");
        }
      }
    }
    return open(path, shard.data().raw(), shard);
  }

  /** What to do with pickled columns. */
  public enum Pickles {
    /** Do not open a shard that has any; the default. */
    REFUSED,
    /** Read plain data; a pickle that names a class or runs code is refused as it is read. */
    PLAIN_DATA
  }

  private static ShardReader open(Path path, FileInfo info, ShardInfo shard) throws IOException {
    var where = Where.in(path);
    Schema schema;
    try {
      schema = new Schema(shard.columns());
    } catch (IllegalArgumentException e) {
      throw new MalformedShardException(
          where, e.getMessage(), "Write the data set again with known encodings", e);
    }
    var file = RawFile.open(path);
    try {
      var reader = new ShardReader(schema, where, file, shard.samples());
      reader.checkEnds(info.bytes());
      return reader;
    } catch (IOException | RuntimeException e) {
      file.close();
      throw e;
    }
  }

  private void checkEnds(long bytes) throws IOException {
    if (file.size() != bytes) {
      throw new MalformedShardException(
          where, "it has " + file.size() + " bytes and the index says " + bytes, REMEDY);
    }
    if (file.size() < firstSample) {
      throw new MalformedShardException(
          where, "it is too short for the offsets of " + samples + " samples", REMEDY);
    }
    long count = unsignedAt(0);
    if (count != samples) {
      throw new MalformedShardException(
          where.at(0), "it has " + count + " samples and the index says " + samples, REMEDY);
    }
    long first = unsignedAt(4);
    if (first < firstSample) {
      throw new MalformedShardException(
          where.at(4), "its first sample is said to begin within the offsets", REMEDY);
    }
    long end = unsignedAt(firstSample - 4);
    if (end != file.size()) {
      throw new MalformedShardException(
          where.at(firstSample - 4),
          "its last sample is said to end at byte " + end + " of " + file.size(),
          REMEDY);
    }
  }

  /** How many samples the shard has. */
  public int samples() {
    return samples;
  }

  /** The columns, in the order the shard stores them. */
  public List<Column> columns() {
    return schema.columns();
  }

  /**
   * Returns a sample.
   *
   * @param index its position in the shard, from 0
   * @throws IndexOutOfBoundsException if there is no such sample
   * @throws MalformedShardException if its bytes are not those of a sample
   * @throws IllegalStateException if the reader is closed
   */
  public Sample get(int index) {
    if (index < 0 || index >= samples) {
      throw new IndexOutOfBoundsException(
          "sample " + index + " of " + where.file() + ", which has " + samples);
    }
    if (closed) {
      throw new IllegalStateException("the reader of " + where.file() + " is closed");
    }
    try {
      long table = 4 * (1L + index);
      var offsets = file.range(table, 8);
      int at = file.indexOf(table);
      long begin = offsets.getInt(at) & 0xffffffffL;
      long end = offsets.getInt(at + 4) & 0xffffffffL;
      if (begin < firstSample || end < begin || end > file.size()) {
        throw new MalformedShardException(
            where.sample(index).at(table),
            "it is said to lie from byte " + begin + " to " + end + " of " + file.size(),
            REMEDY);
      }
      if (end - begin > Integer.MAX_VALUE) {
        throw new MalformedShardException(
            where.sample(index).at(table),
            "it has " + (end - begin) + " bytes, and 2 GiB is the most that can be read",
            "Write the data set again with smaller samples");
      }
      return sample(index, begin, (int) (end - begin));
    } catch (IOException e) {
      throw new UncheckedIOException("sample " + index + " of " + where.file(), e);
    }
  }

  private Sample sample(int index, long begin, int length) throws IOException {
    long heads = 4L * schema.variableColumns();
    if (heads + schema.fixedBytes() > length) {
      throw new MalformedShardException(
          where.sample(index).at(begin),
          "it has " + length + " bytes, fewer than its columns need",
          REMEDY);
    }
    ByteBuffer bytes = file.range(begin, length);
    int base = file.indexOf(begin);
    int columns = schema.size();
    var starts = new int[columns + 1];
    int head = base;
    int at = base + (int) heads;
    int end = base + length;
    for (int column = 0; column < columns; column++) {
      starts[column] = at;
      int size = schema.encoding(column).size();
      if (size < 0) {
        size = bytes.getInt(head);
        // As an unsigned number it is too large if it is negative.
        if (size < 0 || size > end - at) {
          throw new MalformedShardException(
              where.sample(index).column(schema.name(column)).at(begin + head - base),
              "its size is said to be "
                  + Integer.toUnsignedLong(size)
                  + " bytes and the sample has "
                  + (end - at)
                  + " left",
              REMEDY);
        }
        head += 4;
      } else if (size > end - at) {
        throw new MalformedShardException(
            where.sample(index).column(schema.name(column)).at(begin + at - base),
            "it needs " + size + " bytes and the sample has " + (end - at) + " left",
            REMEDY);
      }
      at += size;
    }
    starts[columns] = at;
    if (at != end) {
      throw new MalformedShardException(
          where.sample(index).at(begin + at - base),
          "its columns end " + (end - at) + " bytes before it does",
          REMEDY);
    }
    return new Sample(schema, where.sample(index), bytes, starts, begin - base);
  }

  private long unsignedAt(long position) throws IOException {
    return file.range(position, 4).getInt(file.indexOf(position)) & 0xffffffffL;
  }

  /** Iterates over all samples in order. */
  @Override
  public Iterator<Sample> iterator() {
    return new Iterator<>() {
      private int next;

      @Override
      public boolean hasNext() {
        return next < samples;
      }

      @Override
      public Sample next() {
        if (!hasNext()) {
          throw new NoSuchElementException();
        }
        return get(next++);
      }
    };
  }

  /**
   * Closes the file. A mapped file's memory is released once no sample of it is reachable any more.
   */
  @Override
  public void close() throws IOException {
    closed = true;
    file.close();
  }
}
