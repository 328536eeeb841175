package io.javatorch.streaming.format;

import io.javatorch.auth.CredentialsSource;
import io.javatorch.streaming.codec.Compression;
import io.javatorch.streaming.codec.HashAlgorithm;
import io.javatorch.streaming.storage.Locations;
import io.javatorch.streaming.storage.RetryPolicy;
import io.javatorch.streaming.storage.Storage;
import io.javatorch.streaming.storage.Storages;
import io.javatorch.streaming.storage.Uploader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes a data set in the MDS format: shards, then their index. For the same samples and options
 * the files equal those of the Python library byte for byte, but for the compressions gz, bz2 and
 * snappy (see {@link Compression#compress}) and for images that Java encodes.
 *
 * <pre>{@code
 * try (var writer =
 *     MdsWriter.builder(directory)
 *         .column("image", "bytes")
 *         .column("label", "int")
 *         .compression("zstd")
 *         .open()) {
 *   for (var digit : digits) {
 *     writer.row().set("image", digit.png()).set("label", digit.label()).write();
 *   }
 *   writer.finish();
 * }
 * }</pre>
 *
 * <p>Every file appears under its name only when it is whole, and the index comes last: a reader
 * sees all of the data set or none of it. Only {@link #finish} publishes it. A writer that is
 * closed before leaves no index, since its caller may have failed half-way. That differs from the
 * Python library, whose writer publishes what it has on leaving its {@code with} block, whatever
 * the reason.
 *
 * <p>Not safe for use by several threads at once.
 */
public final class MdsWriter implements AutoCloseable {
  /** The default limit of a shard's size in bytes. */
  public static final long DEFAULT_SIZE_LIMIT_BYTES = 1L << 26;

  /**
   * The default limit of what a writer holds in memory of each shard: of the one under
   * construction, and of those that are worked on. See {@link Builder#shardThreads} for the sum.
   */
  public static final long DEFAULT_BUFFER_BYTES = 1L << 28;

  /** The default number of threads that work on full shards, where there is memory for that. */
  public static final int DEFAULT_SHARD_THREADS = 2;

  private static final Logger LOG = LoggerFactory.getLogger(MdsWriter.class);
  private static final long MAX_OFFSET = 0xffffffffL;

  /**
   * A writer takes this part of the heap at the most to work in the background. Large arrays leave
   * gaps, so that not all of the rest is of use.
   */
  private static final int HEAP_PART = 2;

  private final Path directory;
  private final Optional<RemoteOutput> remote;
  private final boolean appends;
  private final boolean publishes;

  /** Whether others may put shards of the same names, with the same content, at the same time. */
  private final boolean shared;

  private final WriteProgress progress;
  private final long startNanos = System.nanoTime();
  private final Schema schema;
  private final Optional<Compression> compression;
  private final List<String> hashes;
  private final OptionalLong sizeLimit;
  private final byte[] config;

  private final ShardPipeline pipeline;
  private ShardBuffer buffer;
  private final List<ShardInfo> shards = new ArrayList<>();
  private final Row row;
  private int nextShard;
  private long samples;
  private ShardIndex index;
  private boolean aborted;
  private boolean storageFailed;
  private boolean wrote;
  private boolean listens = true;

  // What this writer added, which is not all where it appends or resumes.
  private int newShards;
  private long newSamples;
  private long newRawBytes;
  private long newStoredBytes;

  private MdsWriter(Builder builder, Path directory, Optional<RemoteOutput> remote)
      throws IOException {
    this.directory = directory;
    this.remote = remote;
    appends = builder.existing == Builder.Existing.APPEND;
    publishes = builder.publishes;
    shared = builder.isShared();
    progress = builder.progress;
    schema = Schema.of(builder.columns);
    compression = Optional.ofNullable(builder.compression);
    hashes = List.copyOf(builder.hashes);
    sizeLimit = builder.sizeLimit;
    var none = new FileInfo("none", 0, Map.of());
    config =
        PythonJson.write(
                PythonJson.sorted(shardInfo(0, new FilePair(none, Optional.empty())).config()))
            .getBytes(StandardCharsets.US_ASCII);
    pipeline =
        new ShardPipeline(
            directory,
            config,
            compression,
            hashes,
            builder.contentNames,
            builder.bufferBytes,
            builder.shardThreads,
            Runtime.getRuntime().maxMemory() / HEAP_PART);
    buffer = pipeline.begin();
    row = new Row();
  }

  /**
   * Starts the description of a writer.
   *
   * @param directory where the data set shall lie; made if it does not exist
   */
  public static Builder builder(Path directory) {
    return new Builder(directory, null);
  }

  /**
   * Starts the description of a writer.
   *
   * @param out where the data set shall lie: a directory of this host, or a location such as {@code
   *     hdfs://…} or {@code s3a://…}. What is on its way to such a location waits in a temporary
   *     directory; set {@link Builder#remote} instead for one of your own
   */
  public static Builder builder(String out) {
    return Storages.isLocal(out)
        ? builder(Storages.localPath(out).orElseThrow())
        : new Builder(null, out);
  }

  /**
   * Returns the row to fill for the next sample, with no column set. It is the same object each
   * time.
   */
  public Row row() {
    row.values.clear();
    return row;
  }

  /**
   * Writes a sample.
   *
   * @param sample a value for each column and nothing else; see {@link Row#set(int, Object)} for
   *     the types
   * @throws IllegalArgumentException if a column is missing, unknown, null or of a wrong type; the
   *     sample is then not written and the writer can go on
   * @throws IllegalStateException if the writer is finished, aborted or closed, or a shard could
   *     not be written before
   * @throws IOException if a shard cannot be written, this or one before
   */
  public void write(Map<String, ?> sample) throws IOException {
    row.values.clear();
    sample.forEach(row::set);
    row.write();
  }

  /**
   * Writes a sample that {@link SampleEncoder} encoded, as {@link #writeEncoded(byte[], int, int)}.
   */
  public void writeEncoded(byte[] sample) throws IOException {
    writeEncoded(sample, 0, sample.length);
  }

  /**
   * Writes a sample that {@link SampleEncoder} encoded for the same columns.
   *
   * @throws IllegalArgumentException if its sizes do not add up to its length, so that it cannot be
   *     a sample of these columns, or it is too large; it is then not written and the writer can go
   *     on. What the columns hold is not looked at
   * @throws IllegalStateException as {@link Row#write}
   * @throws IOException as {@link Row#write}
   */
  public void writeEncoded(byte[] sample, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, sample.length);
    checkOpen();
    schema.checkSample(sample, offset, length, samples);
    append(length, buffer -> buffer.put(sample, offset, length));
  }

  /**
   * How many samples were written, including those of shards that were there when the writer was
   * opened: after {@link Builder#resume} go on with the sample of this number.
   */
  public long samples() {
    return samples;
  }

  /**
   * Writes the last shard and then the index, unless it is not to be written, and returns the
   * index. Calling it again returns the same.
   *
   * @throws IllegalStateException if the writer was aborted, or a shard could not be written before
   * @throws IOException if a file cannot be written or uploaded, this or one before; the writer is
   *     then of no more use
   */
  public ShardIndex finish() throws IOException {
    if (index != null) {
      return index;
    }
    checkOpen();
    if (buffer.samples() > 0) {
      flush();
    }
    storageFailed = true;
    pipeline.awaitAll();
    collect();
    var finished = new ShardIndex(shards);
    if (remote.isPresent()) {
      remote.get().await(() -> report(false));
    }
    if (publishes) {
      if (remote.isPresent()) {
        remote.get().publish(finished, () -> report(false));
      }
      if (remote.isEmpty() || remote.get().keepsLocal()) {
        finished.write(directory);
      }
    }
    // From here on the data set is there, and nothing may say that it is not.
    index = finished;
    try {
      closePipeline();
    } finally {
      release();
    }
    report(true);
    return finished;
  }

  /**
   * Ends the writer without an index, so that no reader sees the data set. Shards already written
   * stay in a local directory, but not in a remote one, nor beside one unless {@link
   * Builder#keepLocal} is set. In a directory that is {@linkplain Builder#noIndex shared} they
   * stay, local or remote. Does nothing after {@link #finish}.
   */
  public void abort() {
    if (index != null || aborted) {
      return;
    }
    aborted = true;
    if (remote.isPresent() && !remote.get().keepsLocal()) {
      // They would be deleted below.
      pipeline.discard();
    }
    try {
      closePipeline();
      for (var left = pipeline.poll(); left.isPresent(); left = pipeline.poll()) {
        shards.add(shardInfo(left.get().samples(), left.get().files()));
        newShards++;
      }
    } finally {
      try {
        remote.ifPresent(
            output -> {
              if (shared) {
                output.cancel();
              } else {
                output.abort(!appends);
              }
            });
      } finally {
        release();
      }
    }
  }

  private void closePipeline() {
    try {
      pipeline.close();
    } catch (IOException e) {
      // A temporary file has no name any more, or goes with the process.
      LOG.debug("Cannot close the temporary file in {}", directory, e);
    }
  }

  /** Closes the way to the remote directory, and takes away what was only on its way. */
  private void release() {
    if (remote.isEmpty()) {
      return;
    }
    try {
      remote.get().close();
      if (!remote.get().keepsLocal()) {
        for (var shard : shards.subList(shards.size() - newShards, shards.size())) {
          Files.deleteIfExists(shard.data().stored().in(directory));
        }
        removeIfEmpty(directory);
      }
    } catch (IOException e) {
      LOG.warn("What the writer of {} left in {} could not be removed", remote.get(), directory, e);
    }
  }

  private static void removeIfEmpty(Path directory) throws IOException {
    try {
      Files.deleteIfExists(directory);
    } catch (DirectoryNotEmptyException e) {
      // Something of the user's.
      LOG.debug("{} stays: it is not empty", directory);
    }
  }

  private void report(boolean finished) {
    var now =
        new WriteProgress.Snapshot(
            newShards,
            newSamples,
            newRawBytes,
            newStoredBytes,
            remote.map(RemoteOutput::uploadedFiles).orElse(0L),
            remote.map(RemoteOutput::uploadedBytes).orElse(0L),
            Duration.ofNanos(System.nanoTime() - startNanos),
            finished);
    try {
      progress.update(now);
    } catch (RuntimeException e) {
      // Once is enough: it may well fail for each shard.
      if (listens) {
        LOG.warn("Cannot report how far the writer of {} is", place(), e);
      }
      listens = false;
    }
  }

  /** The place that a reader knows. */
  private String place() {
    return remote.map(RemoteOutput::toString).orElseGet(directory::toString);
  }

  /**
   * Ends the writer as {@link #abort} does, unless it is finished; a warning is logged if it wrote
   * samples.
   */
  @Override
  public void close() {
    if (index == null && !aborted) {
      abort();
      if (wrote) {
        LOG.warn(
            "The writer of {} was closed before finish(): no index has what it wrote", place());
      }
    }
  }

  private void appendTo(ShardIndex existing) {
    for (var shard : existing.shards()) {
      if (!shard.format().equals(ShardInfo.MDS) || !shard.columns().equals(schema.columns())) {
        throw new IllegalArgumentException(
            "the data set in %s has the columns %s and cannot be appended to with %s"
                .formatted(place(), shard.columns(), schema.columns()));
      }
    }
    shards.addAll(existing.shards());
    samples = existing.samples();
    // A merged data set has shards of any name; new ones must not take one of theirs.
    for (var shard : existing.shards()) {
      var name = WriterDirectory.SHARD_FILE.matcher(shard.data().raw().basename());
      if (name.matches()) {
        nextShard = Math.max(nextShard, Integer.parseInt(name.group(1)) + 1);
      }
    }
  }

  private void resume() throws IOException {
    var finished = directory.resolve(ShardIndex.BASENAME);
    if (Files.exists(finished)) {
      throw new FileAlreadyExistsException(
          finished.toString(), null, "the data set is finished; append to it instead");
    }
    var names = new HashSet<String>();
    try (var entries = Files.newDirectoryStream(directory)) {
      for (var entry : entries) {
        names.add(entry.getFileName().toString());
      }
    }
    var recovery = new ShardRecovery(compression, hashes, config);
    var extension = compression.map(zip -> "." + zip.extension()).orElse("");
    while (names.contains(WriterDirectory.basename(nextShard) + extension)) {
      var shard = recovery.recover(directory, WriterDirectory.basename(nextShard));
      shards.add(shardInfo(shard.samples(), shard.files()));
      samples += shard.samples();
      nextShard++;
    }
    for (var name : names) {
      if (WriterDirectory.TEMPORARY_FILE.matcher(name).matches()) {
        Files.deleteIfExists(directory.resolve(name));
      }
      var match = WriterDirectory.SHARD_FILE.matcher(name);
      if (match.matches()
          && (Integer.parseInt(match.group(1)) >= nextShard
              || !name.equals(match.group(0).substring(0, match.end(1)) + ".mds" + extension))) {
        throw new FileAlreadyExistsException(
            directory.resolve(name).toString(),
            null,
            "it is not one of the shards of an interrupted write with these options; remove it, or"
                + " start again with existOk");
      }
    }
  }

  private void checkOpen() throws IOException {
    if (index != null) {
      throw new IllegalStateException("the writer of " + place() + " is finished");
    }
    if (aborted) {
      throw new IllegalStateException(
          "the writer of " + place() + " was aborted, or closed before finish()");
    }
    if (remote.isPresent()) {
      remote.get().check();
    }
    if (storageFailed) {
      throw new IllegalStateException(
          "a shard in " + directory + " could not be written before; start again");
    }
  }

  /** The bytes of a sample. */
  private interface SampleBytes {
    void putInto(ShardBuffer buffer) throws IOException;
  }

  private void append(long bytes, SampleBytes sample) throws IOException {
    boolean exceeds = sizeLimit.isPresent() && sizeLimit.getAsLong() < shardBytes() + bytes + 4;
    // The first sample may be too large alone; the peer then writes an empty shard, and so do we.
    // But after shards that were there when the write was taken up this sample is not the first.
    boolean first = nextShard == 0 && shards.isEmpty();
    boolean full = exceeds && (buffer.samples() > 0 || first);
    long shardBytes = full ? ShardBuffer.emptyShardBytes(config.length) : shardBytes();
    if (shardBytes + bytes + 4 > MAX_OFFSET) {
      throw new IllegalArgumentException(
          "the shard would exceed the 2^32 bytes that its offsets can count; set a size limit, or"
              + " split the sample of "
              + bytes
              + " bytes");
    }
    if (full) {
      flush();
    } else {
      collect();
    }
    // A failure to spill leaves half a sample.
    storageFailed = true;
    sample.putInto(buffer);
    buffer.endSample();
    storageFailed = false;
    samples++;
    wrote = true;
  }

  /** The size of the shard under construction: its head, configuration and samples. */
  private long shardBytes() {
    return buffer.shardBytes(config.length);
  }

  private void flush() throws IOException {
    storageFailed = true;
    pipeline.end(buffer, WriterDirectory.basename(nextShard));
    nextShard++;
    buffer = pipeline.begin();
    collect();
  }

  /** Takes the shards that are on the disk by now. Cheap if there is none. */
  private void collect() throws IOException {
    storageFailed = true;
    pipeline.collect();
    for (var written = pipeline.poll(); written.isPresent(); written = pipeline.poll()) {
      var shard = shardInfo(written.get().samples(), written.get().files());
      shards.add(shard);
      newShards++;
      newSamples += shard.samples();
      newRawBytes += shard.rawBytes();
      newStoredBytes += shard.storedBytes();
      if (remote.isPresent()) {
        remote.get().upload(shard.data().stored().in(directory));
      }
      report(false);
    }
    storageFailed = false;
  }

  private ShardInfo shardInfo(int samples, FilePair data) {
    return ShardInfo.mds(
        samples, schema.columns(), compression.map(Compression::spec), hashes, sizeLimit, data);
  }

  /**
   * A sample to be written. Set every column, in any order, then call {@link #write}. Columns go by
   * name, or by their position in the order of their names by code point, which is faster.
   */
  public final class Row {
    private final RowValues values = new RowValues(schema, MdsWriter.this::samples);

    private Row() {}

    /** The position of a column. */
    public int ordinal(String column) {
      return schema.ordinal(column);
    }

    /** Sets a column, as {@link #set(int, Object)}. */
    public Row set(String column, Object value) {
      return set(schema.ordinal(column), value);
    }

    /**
     * Sets a column.
     *
     * @param value what {@link Sample#get(int)} returns for the column. Besides, any integer within
     *     the range for the integer types; any number for the floating-point types, which is
     *     rounded; a {@link java.nio.ByteBuffer} for bytes; an array of short, int, long, float or
     *     double for an ndarray of one dimension; a {@link java.awt.image.BufferedImage} for an
     *     image; and for every column a {@code byte[]} with the encoded value. An array is not
     *     copied: do not change it before {@link #write}
     * @throws IllegalArgumentException if the value is null (but for json and pkl), of a wrong type
     *     or out of range
     */
    public Row set(int column, Object value) {
      values.set(column, value);
      return this;
    }

    /**
     * Sets a column of a varying size to a value that its encoding has already made. Nothing looks
     * at it, unlike at a {@code byte[]} given to {@link #set(int, Object)}: what is not such a
     * value makes a shard that cannot be read.
     *
     * @param encoded the value's bytes, which are not copied: do not change them before {@link
     *     #write}
     * @throws IllegalArgumentException if the column has a fixed size
     */
    public Row setEncoded(int column, byte[] encoded) {
      values.setEncoded(column, encoded);
      return this;
    }

    /** Sets a numeric column without boxing. */
    public Row setLong(int column, long value) {
      values.setLong(column, value);
      return this;
    }

    /** Sets a floating-point column without boxing. */
    public Row setDouble(int column, double value) {
      values.setDouble(column, value);
      return this;
    }

    /**
     * Writes the sample.
     *
     * @throws IllegalArgumentException if a column was not set, or the sample is too large; it is
     *     then not written and the writer can go on
     * @throws IllegalStateException if the writer is finished, aborted or closed, or a shard could
     *     not be written before
     * @throws IOException if a shard cannot be written, this or one before; the writer is then of
     *     no more use
     */
    public void write() throws IOException {
      checkOpen();
      values.checkComplete();
      append(values.bytes(), values::putInto);
      values.clear();
    }
  }

  /** Describes a writer. */
  public static final class Builder {
    private final Path directory;
    private final Map<String, String> columns = new LinkedHashMap<>();
    private final TreeSet<String> hashes = new TreeSet<>();
    private Compression compression;
    private OptionalLong sizeLimit = OptionalLong.of(DEFAULT_SIZE_LIMIT_BYTES);
    private Existing existing = Existing.REFUSE;
    private long bufferBytes = DEFAULT_BUFFER_BYTES;
    private String remote;
    private Storage storage;
    private Optional<CredentialsSource> credentials = Optional.empty();
    private boolean contentNames;
    private boolean publishes = true;
    private boolean keepLocal;
    private int uploadThreads = Uploader.DEFAULT_THREADS;
    private RetryPolicy uploadRetries = Uploader.DEFAULT_RETRIES;
    private WriteProgress progress = now -> {};
    private int shardThreads = DEFAULT_SHARD_THREADS;

    private Builder(Path directory, String remote) {
      this.directory = directory;
      this.remote = remote;
    }

    /** Adds a column; their order does not matter. */
    public Builder column(String name, String encoding) {
      columns.put(name, encoding);
      return this;
    }

    /** Adds columns: encodings by name. */
    public Builder columns(Map<String, String> encodings) {
      columns.putAll(encodings);
      return this;
    }

    /**
     * Compresses the shards; by default they are not.
     *
     * @param spec such as {@code zstd} or {@code zstd:7}
     * @throws IllegalArgumentException if it is unknown
     */
    public Builder compression(String spec) {
      compression = Compression.parse(spec);
      return this;
    }

    /**
     * Adds hashes of the files to the index; by default there are none.
     *
     * @throws IllegalArgumentException if one is unknown
     */
    public Builder hashes(String... names) {
      for (var name : names) {
        hashes.add(new HashAlgorithm(name).name());
      }
      return this;
    }

    /**
     * Limits the size of a shard before compression; the default is {@link
     * #DEFAULT_SIZE_LIMIT_BYTES}. A larger sample gets a shard of its own.
     *
     * <p>What a shard takes in memory until it is full is bounded by {@link #bufferBytes}; what it
     * takes then, see there and at {@link #shardThreads}.
     *
     * @param bytes more than 0 and less than 2^32
     */
    public Builder sizeLimit(long bytes) {
      if (bytes <= 0 || bytes > MAX_OFFSET) {
        throw new IllegalArgumentException(
            "a size limit of " + bytes + " bytes is not above 0 and below 2^32");
      }
      sizeLimit = OptionalLong.of(bytes);
      return this;
    }

    /**
     * How many full shards are digested, compressed and written at once while further samples are
     * taken; 0 does so in the thread that writes. The files do not depend on it. The default is
     * {@value MdsWriter#DEFAULT_SHARD_THREADS}.
     *
     * <p>This takes memory: one more shard than there are threads, up to {@link #bufferBytes} of
     * each, and for each that is compressed two to four times its size besides. A writer takes no
     * more than half of the heap for that: where the next shard would not fit, fewer are worked on
     * at once, and where not even one would, it is done in the thread that writes. With several
     * writers in a process, set 0 or make the heap so large that it has room for all.
     *
     * @throws IllegalArgumentException if it is negative
     */
    public Builder shardThreads(int threads) {
      if (threads < 0) {
        throw new IllegalArgumentException("shardThreads must not be negative, got " + threads);
      }
      shardThreads = threads;
      return this;
    }

    /**
     * Bounds what the writer holds in memory of each shard; the default is {@link
     * #DEFAULT_BUFFER_BYTES}. What is beyond lies in a temporary file in the data set's directory
     * until the shard is written. There are up to {@link #shardThreads} + 1 shards at a time.
     *
     * <p>A shard that fits is compressed at once, which takes up to two (zstd), three (br, snappy)
     * or four (gz, bz2) times its size besides: the file, and what its compressed form could need.
     * A larger one is compressed as a stream, with other bytes than the Python library's but the
     * same content.
     *
     * @param bytes more than 0; at least 512 KiB are held in any case
     */
    public Builder bufferBytes(long bytes) {
      if (bytes <= 0) {
        throw new IllegalArgumentException("a buffer of " + bytes + " bytes is not above 0");
      }
      bufferBytes = bytes;
      return this;
    }

    /** Limits the size of a shard, in a form such as {@code 100kb} or {@code 64mb}. */
    public Builder sizeLimit(String size) {
      return sizeLimit(SizeLimit.parse(size));
    }

    /** Puts everything in one shard. */
    public Builder noSizeLimit() {
      sizeLimit = OptionalLong.empty();
      return this;
    }

    /**
     * Whether to replace a data set in the directory: its index and its shards are removed, other
     * files stay. By default a directory that is not empty is refused. With a remote directory this
     * goes for both, and the old data set is gone as soon as the writer is open.
     */
    public Builder existOk(boolean replace) {
      existing = replace ? Existing.REPLACE : Existing.REFUSE;
      return this;
    }

    /**
     * Adds shards to the finished data set in the directory, which must have the same columns;
     * compression, hashes and size limit may differ. Readers see the old data set until the writer
     * finishes. With a remote directory the data set is the one there, and the local directory must
     * be empty.
     */
    public Builder append() {
      existing = Existing.APPEND;
      return this;
    }

    /**
     * Goes on with a write that was interrupted in the directory: the shards it completed are kept,
     * and {@link MdsWriter#samples} says how many samples they have. With the same options and
     * samples the result is the same, byte for byte, as of an uninterrupted write. An empty
     * directory is a write interrupted at once. Not possible with a remote directory.
     */
    public Builder resume() {
      existing = Existing.RESUME;
      return this;
    }

    /**
     * Uploads the data set to a directory of a store as well, such as {@code hdfs://…} or another
     * directory of this host. Shards are uploaded in the background as they are written, and the
     * index when all of them are there.
     */
    public Builder remote(String location) {
      remote = location;
      storage = null;
      return this;
    }

    /**
     * As {@link #remote(String)}, with a store that somebody connected to. {@link #open} takes it
     * over: the writer closes it when it ends, and so does an {@code open} that fails.
     */
    public Builder remote(Storage store) {
      remote = store.location();
      storage = store;
      return this;
    }

    /**
     * The Databricks credentials for the {@linkplain #remote(String) remote directory}, if it needs
     * some; by default those that {@link io.javatorch.auth.DatabricksAuth} finds.
     */
    public Builder credentials(CredentialsSource source) {
      credentials = Optional.of(source);
      return this;
    }

    /**
     * Has the names of the shards tell their content, as in {@code
     * shard.00000.9b1b04b6f6e4a5c1.mds.zstd}: the 16 digits are the XXH3 of 64 bits of the file as
     * it is stored. Shards of the same name are then the same, whoever wrote them, and those of
     * another data set have other names. Not possible with {@link #resume}.
     */
    public Builder contentNames() {
      contentNames = true;
      return this;
    }

    /**
     * Leaves the index to somebody else: {@link MdsWriter#finish} returns it when all shards are in
     * their place, and writes none. Readers see the shards when an index names them.
     *
     * <p>With {@link #contentNames} the directory may be shared: it may hold other files, of which
     * only those of the same name are replaced, and others may write there at the same time. A
     * writer that is aborted then leaves its shards, local or remote, since another may have
     * written the same ones. Without, the directory must be empty.
     */
    public Builder noIndex() {
      publishes = false;
      return this;
    }

    private boolean isShared() {
      return contentNames && !publishes;
    }

    /**
     * Whether to keep the files here that were uploaded. By default each is deleted as soon as it
     * is, and in the end the directory, if it is then empty. Needs a local directory of one's own.
     */
    public Builder keepLocal(boolean keep) {
      keepLocal = keep;
      return this;
    }

    /**
     * How many files are uploaded at a time; the default is {@link Uploader#DEFAULT_THREADS}. No
     * more than twice as many wait for it in the local directory: the writer then waits.
     */
    public Builder uploadThreads(int threads) {
      if (threads < 1) {
        throw new IllegalArgumentException("uploading needs at least 1 thread, got " + threads);
      }
      uploadThreads = threads;
      return this;
    }

    /**
     * How often and how long to try each upload; the default is {@link Uploader#DEFAULT_RETRIES}.
     */
    public Builder uploadRetries(RetryPolicy policy) {
      uploadRetries = policy;
      return this;
    }

    /**
     * Reports how far the writer is; by default nobody hears it. {@link WriteProgress#printing} and
     * {@link WriteProgress#logging} are ready to use.
     */
    public Builder progress(WriteProgress listener) {
      progress = listener;
      return this;
    }

    /**
     * Opens the writer.
     *
     * @throws FileAlreadyExistsException if the directory is not empty and may not be, or is to be
     *     resumed and is finished
     * @throws java.nio.file.NoSuchFileException if there is no data set to append to
     * @throws MalformedShardException if a shard to go on from is damaged or has other options
     * @throws IllegalArgumentException if there are no columns, an encoding is unknown, the columns
     *     are not those of the data set to append to, or the settings contradict each other
     * @throws IOException if the local or the remote directory cannot be reached
     */
    public MdsWriter open() throws IOException {
      Optional<RemoteOutput> output = Optional.empty();
      var local = directory;
      var connected = storage;
      storage = null;
      MdsWriter writer = null;
      try {
        checkOutput();
        if (remote != null) {
          if (connected == null) {
            connected = connect();
          }
          output =
              Optional.of(new RemoteOutput(connected, uploadRetries, uploadThreads, keepLocal));
        }
        if (local == null) {
          local = Files.createTempDirectory("mds-writer-");
        }
        var opening = new MdsWriter(this, local, output);
        Files.createDirectories(local);
        if (output.isPresent()) {
          prepare(opening, output.get(), local);
        } else {
          prepare(opening, local);
        }
        writer = opening;
        return writer;
      } finally {
        if (writer == null) {
          if (output.isPresent()) {
            output.get().close();
          } else if (connected != null) {
            connected.close();
          }
          if (directory == null && local != null) {
            Files.delete(local);
          }
        }
      }
    }

    private Storage connect() throws IOException {
      return credentials.isPresent()
          ? Storages.connect(remote, credentials.get())
          : Storages.connect(remote);
    }

    private void checkOutput() throws IOException {
      if (contentNames && existing == Existing.RESUME) {
        throw new IllegalArgumentException(
            "a write with contentNames cannot be resumed: start again");
      }
      if (!publishes && existing != Existing.REFUSE) {
        throw new IllegalArgumentException(
            "noIndex writes shards of its own: it goes with neither existOk, append nor resume");
      }
      if (remote == null) {
        if (keepLocal) {
          throw new IllegalArgumentException("keepLocal is of use with a remote directory only");
        }
        return;
      }
      if (keepLocal && directory == null) {
        throw new IllegalArgumentException(
            "keepLocal needs a local directory: use builder(directory).remote(\""
                + Locations.forMessages(remote)
                + "\")");
      }
      if (existing == Existing.RESUME) {
        throw new IllegalArgumentException(
            "a write to "
                + Locations.forMessages(remote)
                + " cannot be resumed: its shards are not here. Start again, with existOk, or write"
                + " locally and upload the finished data set");
      }
      if (existing == Existing.APPEND && keepLocal) {
        throw new IllegalArgumentException(
            "keepLocal with append would leave a part of "
                + Locations.forMessages(remote)
                + " here, and not the whole data set");
      }
      var path = Storages.localPath(remote);
      if (path.isPresent() && directory != null) {
        WriterDirectory.checkApart(directory, path.get());
      }
    }

    private void prepare(MdsWriter writer, Path local) throws IOException {
      switch (existing) {
        case REFUSE -> {
          if (!isShared()) {
            WriterDirectory.refuseUnlessEmpty(local);
          }
        }
        case REPLACE -> WriterDirectory.clear(local);
        case APPEND -> writer.appendTo(ShardIndex.read(local));
        case RESUME -> writer.resume();
      }
    }

    private void prepare(MdsWriter writer, RemoteOutput output, Path local) throws IOException {
      if (existing == Existing.REPLACE) {
        WriterDirectory.clear(local);
      } else if (!isShared()) {
        WriterDirectory.refuseUnlessEmpty(local);
      }
      switch (existing) {
        case REFUSE -> {
          if (!isShared()) {
            output.refuseUnlessEmpty();
          }
        }
        case REPLACE -> output.clear(name -> WriterDirectory.SHARD_FILE.matcher(name).matches());
        case APPEND -> writer.appendTo(output.fetchIndex());
        case RESUME -> throw new AssertionError("it is refused before");
      }
    }

    private enum Existing {
      REFUSE,
      REPLACE,
      APPEND,
      RESUME
    }
  }
}
