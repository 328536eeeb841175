package io.javatorch.streaming.format;

import io.javatorch.streaming.format.MalformedShardException.Where;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;

/**
 * Random access to the samples of one shard, of the MDS format or of a text format, in its readable
 * (raw, decompressed) form on a local disk. Files are mapped into memory, whatever their size, so
 * that opening costs next to nothing, samples are views of the page cache, and the heap need not
 * hold them.
 *
 * <p>Safe for use by many threads. Samples, and the buffers and arrays got from them, stay readable
 * after {@link #close}, and after the file is deleted or another is moved to its place: the memory
 * is unmapped only when nothing refers to it any more. {@link #get} does not work after {@link
 * #close}. A file must not be overwritten or cut short while it is open; where it is, reading it
 * gives wrong bytes or an {@link InternalError}.
 */
public final class ShardReader implements AutoCloseable, Iterable<Sample> {
  private static final String REMEDY = "Delete the shard's raw file and fetch it again";

  private static final int MAX_CONFIGURATION_BYTES = 1 << 24;

  private final Schema schema;
  private final Where where;
  private final RawFile file;

  /** Has the count of samples and their offsets; the same as the file in an MDS shard. */
  private final RawFile table;

  /** Where the table lies, for messages. */
  private final Where tableWhere;

  /** Reads the rows of a text format; null for an MDS shard. */
  private final TextRows rows;

  private final int samples;
  private volatile boolean closed;

  private ShardReader(
      ShardInfo shard, Schema schema, Path path, RawFile file, Path tablePath, RawFile table) {
    this.schema = schema;
    this.where = Where.in(path);
    this.file = file;
    this.table = table;
    this.tableWhere = Where.in(tablePath);
    this.rows = shard.layout().map(text -> new TextRows(shard.columns(), text)).orElse(null);
    this.samples = shard.samples();
  }

  /**
   * Opens a shard. Checks the file's size, its count of samples and the ends of its offset table;
   * the rest is checked sample by sample.
   *
   * @param directory the directory in which the shard's raw file lies under its base name
   * @param shard what the index says of it
   * @throws NoSuchFileException if the raw file is missing; decompress the shard first if it is
   *     compressed
   * @throws MalformedShardException if the file is not what the index says, or is a link that leads
   *     out of the directory
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
    return open(directory, shard, pickles, Access.MAPPED);
  }

  /**
   * Opens a shard as {@link #open(Path, ShardInfo, Pickles)}, with a say on how its files are read.
   */
  public static ShardReader open(Path directory, ShardInfo shard, Pickles pickles, Access access)
      throws IOException {
    return open(
        directory,
        shard,
        pickles,
        access == Access.MAPPED ? (path, tableBytes) -> RawFile.open(path) : RawFile::openUnmapped);
  }

  /** How to open a file that has the table of offsets in its first so many bytes. */
  private interface Opener {
    RawFile open(Path path, long tableBytes) throws IOException;
  }

  /** Opens a shard, with a say on how it is mapped; see {@link RawFile#open(Path, int)}. */
  static ShardReader open(Path directory, ShardInfo shard, Pickles pickles, int step)
      throws IOException {
    return open(directory, shard, pickles, (path, tableBytes) -> RawFile.open(path, step));
  }

  private static ShardReader open(Path directory, ShardInfo shard, Pickles pickles, Opener opener)
      throws IOException {
    var path = shard.data().raw().in(directory);
    if (pickles == Pickles.REFUSED) {
      for (var column : shard.columns()) {
        if (column.encoding().equals(Encoding.PICKLE)) {
          throw new MalformedShardException(
              Where.in(path).column(column.name()),
              "it is pickled, and Python's pickles are refused unless asked for",
              "If you trust it, ask for the plain data of pickles (--pickles of bin/mds)");
        }
      }
    }
    Schema schema;
    try {
      schema =
          shard.layout().isPresent()
              ? TextRows.schema(shard.columns())
              : new Schema(shard.columns());
    } catch (IllegalArgumentException e) {
      throw new MalformedShardException(
          Where.in(path), e.getMessage(), "Write the data set again with known encodings", e);
    }
    // The table of an MDS shard is the beginning of the file itself.
    long tableBytes = 4 * (shard.samples() + 2L);
    var file =
        open(directory, shard.data().raw(), opener, shard.meta().isPresent() ? 0 : tableBytes);
    RawFile table = null;
    try {
      var tablePath = path;
      table = file;
      if (shard.meta().isPresent()) {
        var meta = shard.meta().get().raw();
        tablePath = meta.in(directory);
        table = open(directory, meta, opener, tableBytes);
      }
      var reader = new ShardReader(shard, schema, path, file, tablePath, table);
      reader.checkEnds();
      return reader;
    } catch (IOException | RuntimeException e) {
      file.close();
      if (table != null) {
        table.close();
      }
      throw e;
    }
  }

  private static RawFile open(Path directory, FileInfo info, Opener opener, long tableBytes)
      throws IOException {
    var path = info.in(directory);
    // A size that is checked only once the file is open is one too late for a pipe, which blocks.
    ShardFiles.checkSize(info, path);
    ShardFiles.checkInside(directory, info);
    var file = opener.open(path, tableBytes);
    if (file.size() != info.bytes()) {
      file.close();
      throw ShardFiles.wrongSize(path, file.size(), info);
    }
    return file;
  }

  /** How files are read. */
  public enum Access {
    /** Mapped into memory: samples are views of the page cache, and outlive the reader. */
    MAPPED,
    /**
     * A read for each sample, which is a copy: what a deleted file took is free as soon as the
     * reader is closed.
     */
    READ
  }

  /** What to do with pickled columns. */
  public enum Pickles {
    /** Do not open a shard that has any; the default. */
    REFUSED,
    /** Read plain data; a pickle that names a class or runs code is refused as it is read. */
    PLAIN_DATA
  }

  private void checkEnds() throws IOException {
    long tableBytes = 4 * (samples + 2L);
    if (table.size() < tableBytes) {
      throw new MalformedShardException(
          tableWhere, "it is too short for the offsets of " + samples + " samples", REMEDY);
    }
    long count = unsignedAt(0);
    if (count != samples) {
      throw new MalformedShardException(
          tableWhere.at(0), "it has " + count + " samples and the index says " + samples, REMEDY);
    }
    long first = unsignedAt(4);
    if (first < firstSample()) {
      throw new MalformedShardException(
          tableWhere.at(4), "its first sample is said to begin within the offsets", REMEDY);
    }
    long end = unsignedAt(tableBytes - 4);
    if (end != file.size()) {
      throw new MalformedShardException(
          tableWhere.at(tableBytes - 4),
          "its last sample is said to end at byte " + end + " of " + file.size(),
          REMEDY);
    }
  }

  /** The least position of a sample. */
  private long firstSample() {
    return rows == null ? 4 * (samples + 2L) : 0;
  }

  /** How many samples the shard has. */
  public int samples() {
    return samples;
  }

  /**
   * The columns, in the order the shard stores them. A float of a text format has the encoding
   * float64 here.
   */
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
   * @throws UncheckedIOException if the file cannot be read, or this thread was interrupted, which
   *     hurts no other thread's reads
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
      long entry = 4 * (1L + index);
      var offsets = table.range(entry, 8);
      int at = table.indexOf(entry, 8);
      long begin = offsets.getInt(at) & 0xffffffffL;
      long end = offsets.getInt(at + 4) & 0xffffffffL;
      if (begin < firstSample() || end < begin || end > file.size()) {
        throw new MalformedShardException(
            tableWhere.sample(index).at(entry),
            "it is said to lie from byte " + begin + " to " + end + " of " + file.size(),
            REMEDY);
      }
      if (end - begin > Integer.MAX_VALUE) {
        throw new MalformedShardException(
            tableWhere.sample(index).at(entry),
            "it has " + (end - begin) + " bytes, and 2 GiB is the most that can be read",
            "Write the data set again with smaller samples");
      }
      int length = (int) (end - begin);
      return rows == null ? sample(index, begin, length) : row(index, begin, length);
    } catch (IOException e) {
      if (closed && e instanceof ClosedChannelException) {
        throw new IllegalStateException("the reader of " + where.file() + " was closed", e);
      }
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
    int base = file.indexOf(begin, length);
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

  /** What the shard says of itself, which is JSON. */
  String configuration() throws IOException {
    long begin = 4 * (samples + 2L);
    long end = rows == null ? unsignedAt(4) : table.size();
    if (end - begin > MAX_CONFIGURATION_BYTES) {
      throw new MalformedShardException(
          tableWhere.at(begin), "its configuration has " + (end - begin) + " bytes", REMEDY);
    }
    int length = (int) (end - begin);
    var bytes =
        Encoding.copy(
            Encoding.slice(table.range(begin, length), table.indexOf(begin, length), length));
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private Sample row(int index, long begin, int length) throws IOException {
    var place = where.sample(index).at(begin);
    try {
      var bytes = Encoding.slice(file.range(begin, length), file.indexOf(begin, length), length);
      return rows.parse(bytes, schema, where.sample(index), begin);
    } catch (TextRows.RowException e) {
      throw new MalformedShardException(
          e.column() == null ? place : place.column(e.column()), e.getMessage(), REMEDY, e);
    }
  }

  private long unsignedAt(long position) throws IOException {
    return table.range(position, 4).getInt(table.indexOf(position, 4)) & 0xffffffffL;
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

  /** Closes the file. Its memory is released once no sample of it is reachable any more. */
  @Override
  public void close() throws IOException {
    closed = true;
    try (table) {
      file.close();
    }
  }
}
