package io.javatorch.conversion.commit;

import io.javatorch.conversion.ConversionException;
import io.javatorch.streaming.format.MdsWriter;
import io.javatorch.streaming.format.ShardIndex;
import io.javatorch.streaming.storage.RefusedException;
import io.javatorch.streaming.storage.RetryPolicy;
import io.javatorch.streaming.storage.Uploader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The task's side: writes the shards of one attempt at one partition where they belong. Nothing
 * happens in the target before the first sample. Shards go to a store in the background while the
 * next one is encoded; a directory of this host gets them at once.
 *
 * <p>An attempt that comes too late, as Spark lets some go on for a while after the job has ended,
 * is refused when it begins and before each shard; a shard that is under way just then can be left.
 *
 * <p>What a failed attempt put there stays until the job ends: another attempt may have written the
 * same shards, and counts on them. Not thread-safe.
 */
public final class AttemptWriter implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(AttemptWriter.class);

  private final Destination destination;
  private final ShardSettings settings;
  private final String job;
  private final int part;
  private final RetryPolicy retries;
  private Optional<Path> scratch = Optional.empty();
  private Optional<Store> root = Optional.empty();
  private volatile boolean late;
  private MdsWriter writer;
  private long rawBytes;
  private long storedBytes;

  /**
   * Prepares an attempt.
   *
   * @param job id of the job, which must still own the target when the attempt begins to write
   * @param part number of the part's directory
   */
  public AttemptWriter(Destination destination, ShardSettings settings, String job, int part) {
    this(destination, settings, job, part, Uploader.DEFAULT_RETRIES);
  }

  AttemptWriter(
      Destination destination, ShardSettings settings, String job, int part, RetryPolicy retries) {
    this.destination = destination;
    this.settings = settings;
    this.job = job;
    this.part = part;
    this.retries = retries;
  }

  /**
   * The writer of the samples; opened the first time. To be asked for before each of them, so that
   * an attempt that comes too late ends.
   *
   * @throws ConversionException if the job does not own the target, since it has ended, or because
   *     this host does not see the directory that the driver sees
   */
  public MdsWriter writer() throws IOException {
    if (writer == null) {
      root = Optional.of(new Store(destination.connectDirectly(""), retries));
      if (!ownsTarget()) {
        throw refused();
      }
      writer = open();
    }
    if (late) {
      throw refused();
    }
    return writer;
  }

  /** The size of the shards that are full, before compression, in bytes. */
  public long rawBytes() {
    return rawBytes;
  }

  /** The size of the shards that are full, as they are stored, in bytes. */
  public long storedBytes() {
    return storedBytes;
  }

  private boolean ownsTarget() throws IOException {
    return root.orElseThrow()
        .readReplaced(Claim.FILE)
        .map(content -> Claim.names(content, job))
        .orElse(false);
  }

  private ConversionException refused() {
    return new ConversionException(
        ("%s on %s does not have the file %s of this conversion: either that has ended, and this"
                + " attempt at part %d comes too late, or this is not the directory that the"
                + " driver sees. It must be one that the driver and all executors share")
            .formatted(destination.uri(), host(), Claim.FILE, part));
  }

  private void checkUpload() throws IOException {
    if (!ownsTarget()) {
      late = true;
      throw new RefusedException(refused().getMessage());
    }
  }

  /** Where shards are written in place, nobody asks before each of them. */
  private void lookAgain() {
    if (late || destination.localDirectory().isEmpty()) {
      return;
    }
    try {
      late = !ownsTarget();
    } catch (IOException e) {
      LOG.debug("{} cannot be asked whose it is", destination.uri(), e);
    }
  }

  private MdsWriter open() throws IOException {
    var name = PartShards.directory(part);
    var local = destination.localDirectory();
    if (local.isPresent()) {
      return configured(MdsWriter.builder(local.get().resolve(name))).open();
    }
    var directory = scratch(name);
    return configured(MdsWriter.builder(directory))
        .remote(new PutOnce(destination.connectDirectly(name), this::checkUpload))
        .keepLocal(settings.keepLocal())
        .uploadRetries(retries)
        .open();
  }

  private Path scratch(String name) throws IOException {
    var local = settings.localDirectory();
    if (settings.keepLocal()) {
      return Files.createDirectories(local.orElseThrow().resolve(name));
    }
    if (local.isPresent()) {
      Files.createDirectories(local.get());
      scratch = Optional.of(Files.createTempDirectory(local.get(), "mds-" + name + "-"));
    } else {
      scratch = Optional.of(Files.createTempDirectory(Scratch.parent(), "mds-" + name + "-"));
    }
    return scratch.get();
  }

  private MdsWriter.Builder configured(MdsWriter.Builder builder) {
    builder
        .columns(settings.columns())
        .hashes(settings.hashes().toArray(String[]::new))
        .sizeLimit(settings.sizeLimitBytes())
        .contentNames()
        .noIndex()
        // Spark runs as many tasks as there are cores, each with its share of the memory.
        .shardThreads(0)
        .progress(
            now -> {
              rawBytes = now.rawBytes();
              storedBytes = now.storedBytes();
              lookAgain();
            });
    return settings.compression().isEmpty() ? builder : builder.compression(settings.compression());
  }

  /**
   * Waits until all shards are in their place, and says which they are.
   *
   * @param droppedRows rows that were left out
   */
  public PartShards finish(long droppedRows) throws IOException {
    if (writer != null) {
      lookAgain();
    }
    var index = writer == null ? new ShardIndex(List.of()) : writer().finish();
    return new PartShards(part, settings, index, droppedRows, host());
  }

  private static String host() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return "an executor";
    }
  }

  /** Ends an attempt that failed or is to stop. Uploads under way are given up. */
  public void abort() {
    if (writer != null) {
      writer.abort();
    }
  }

  /** Ends the attempt, and removes what it left on this host. */
  @Override
  public void close() {
    try {
      // What it warns of is no news: the caller has failed, or has heard of abort.
      abort();
    } finally {
      root.ifPresent(AttemptWriter::close);
      scratch.ifPresent(AttemptWriter::remove);
    }
  }

  private static void close(Store store) {
    try {
      store.close();
    } catch (IOException e) {
      LOG.warn("{} could not be closed", store.location(), e);
    }
  }

  private static void remove(Path directory) {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
      for (var file : files) {
        Files.deleteIfExists(file);
      }
    } catch (NoSuchFileException e) {
      LOG.trace("{} went with its last shard", directory, e);
      return;
    } catch (IOException e) {
      LOG.warn("{} could not be emptied", directory, e);
    }
    try {
      Files.deleteIfExists(directory);
    } catch (IOException e) {
      LOG.warn("{} could not be removed", directory, e);
    }
  }
}
