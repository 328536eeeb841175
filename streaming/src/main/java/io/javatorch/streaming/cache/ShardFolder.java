package io.javatorch.streaming.cache;

import io.javatorch.streaming.cache.HostLock.Hold;
import io.javatorch.streaming.format.FileInfo;
import io.javatorch.streaming.format.FilePair;
import io.javatorch.streaming.format.MalformedShardException;
import io.javatorch.streaming.format.ShardFiles;
import io.javatorch.streaming.format.ShardInfo;
import io.javatorch.streaming.format.ShardReader;
import io.javatorch.streaming.format.ShardReader.Access;
import io.javatorch.streaming.storage.Cancellation;
import io.javatorch.streaming.storage.CancelledException;
import io.javatorch.streaming.storage.Downloader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The files of one stream on this host: brings them, checks them, and takes them away again. */
final class ShardFolder implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ShardFolder.class);
  private static final String LOCK_NAME = ".javatorch-shards.lock";
  private static final Pattern TEMPORARY = Pattern.compile("\\.(.+)\\.[^.]+\\.tmp");
  private static final int ATTEMPTS = 3;
  private static final Duration PATIENCE = Duration.ofMinutes(10);

  // Ranges of the lock file: a shard being made ready, a shard in use, and the whole cache.
  private static final long LEASES = 1L << 32;
  private static final long SPACE = 1L << 33;
  private static final long SLOTS = 1L << 34;
  // Beyond all slots: a ledger's first is below 2^32 times their number.
  private static final long BROUGHT = 1L << 44;

  private final AtomicLong downloaded = new AtomicLong();
  private final AtomicLong decompressed = new AtomicLong();

  private final StreamFiles files;
  private final DownloadMemory memory;
  private final HostLock locks;

  /** Which shard each file is of, by directory; made when it is first needed. */
  private Map<Path, Map<String, Integer>> shardsOfFiles;

  /** Shards whose readable form this process has verified by its hashes; null without hashes. */
  private final AtomicIntegerArray verified;

  ShardFolder(StreamFiles files, DownloadMemory memory) {
    this.files = files;
    this.memory = memory;
    // The one who brings a shard may try its files for so long, and then decompresses them.
    Duration bringing =
        files
            .remote()
            .map(Downloader::longestFetch)
            .orElse(Duration.ZERO)
            .multipliedBy(2L * ATTEMPTS);
    verified = files.hashes().isEmpty() ? null : new AtomicIntegerArray(files.shards().size());
    locks = new HostLock(files.raw().resolve(LOCK_NAME), bringing.plus(PATIENCE));
  }

  /** Called when room is needed for bytes about to be written; the shard is locked. */
  interface Room {
    /** None if it is not to be had now and the shard is not needed yet. */
    Optional<Reservation> reserve(long bytes) throws IOException;
  }

  /** Room that is kept until the files are there. */
  interface Reservation extends AutoCloseable {
    @Override
    void close() throws IOException;
  }

  /** An open shard, which cannot be evicted while it is. */
  static final class Opened {
    private final ShardReader reader;
    private final Optional<Hold> lease;

    private Opened(ShardReader reader, Optional<Hold> lease) {
      this.reader = reader;
      this.lease = lease;
    }

    ShardReader reader() {
      return reader;
    }

    void close() throws IOException {
      try {
        reader.close();
      } finally {
        if (lease.isPresent()) {
          lease.get().close();
        }
      }
    }
  }

  int shards() {
    return files.shards().size();
  }

  long downloadedShards() {
    return downloaded.get();
  }

  long decompressedShards() {
    return decompressed.get();
  }

  boolean takesWork() {
    return files.shards().stream().anyMatch(this::takesWork);
  }

  private boolean takesWork(ShardInfo shard) {
    return files.remote().isPresent() || shard.compression().isPresent();
  }

  Optional<Downloader> remote() {
    return files.remote();
  }

  @Override
  public String toString() {
    return files.remote().map(Downloader::location).orElseGet(() -> files.local().toString());
  }

  /**
   * Opens a shard, and brings its files first if they are missing or damaged. None if there is no
   * room.
   *
   * @param leased whether to keep it from being evicted
   * @param cancellation ends the wait for what is missing
   */
  Optional<Opened> open(int shard, boolean leased, Room room, Cancellation cancellation)
      throws IOException {
    for (int attempt = 1; ; attempt++) {
      // What cannot be evicted needs no lease, and may lie where no lock file can be made.
      boolean evictable = leased && takesWork(files.shards().get(shard));
      Optional<Hold> lease =
          evictable
              ? Optional.of(
                  locks.share(LEASES + shard, "the eviction of " + name(shard), cancellation))
              : Optional.empty();
      boolean opened = false;
      try {
        // What has just been brought is not brought again if it cannot be read.
        // A map would keep an evicted file's blocks for as long as any sample of it lives.
        var ready = openIfReady(shard, attempt == 1, evictable ? Access.READ : Access.MAPPED);
        if (ready.isPresent()) {
          opened = true;
          if (evictable) {
            touch(shard);
          }
          return Optional.of(new Opened(ready.get(), lease));
        }
      } finally {
        if (!opened && lease.isPresent()) {
          lease.get().close();
        }
      }
      if (attempt > ATTEMPTS) {
        throw new IOException(
            "shard "
                + shard
                + " was evicted as soon as it was there, "
                + ATTEMPTS
                + " times: raise cacheLimit");
      }
      if (!bring(shard, room, cancellation)) {
        return Optional.empty();
      }
    }
  }

  /**
   * Opens a shard if its files are here.
   *
   * @param orNone whether to take damaged files for missing ones
   */
  private Optional<ShardReader> openIfReady(int shard, boolean orNone, Access access)
      throws IOException {
    ShardInfo info = files.shards().get(shard);
    if (!takesWork(info)) {
      // These are the user's own: if one is missing or damaged, nothing can be done about it.
      verifyOnce(shard, files.local());
      return Optional.of(ShardReader.open(files.local(), info, files.pickles(), access));
    }
    Path first = rawDirectory(info);
    var ready = openIfWhole(first, shard, orNone, access);
    return ready.isPresent() || first.equals(files.local())
        ? ready
        : openIfWhole(files.local(), shard, orNone, access);
  }

  private Optional<ShardReader> openIfWhole(Path place, int shard, boolean orNone, Access access)
      throws IOException {
    ShardInfo info = files.shards().get(shard);
    try {
      verifyOnce(shard, place);
      return Optional.of(ShardReader.open(place, info, files.pickles(), access));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (MalformedShardException e) {
      if (!orNone) {
        throw e;
      }
      log.warn("the raw file is damaged and will be made anew: {}", e.getMessage());
      return Optional.empty();
    }
  }

  /** Verifies what lies here by its hashes; what this process has brought or verified is not. */
  private void verifyOnce(int shard, Path place) throws IOException {
    if (verified == null || verified.get(shard) != 0) {
      return;
    }
    for (FilePair file : files.shards().get(shard).files()) {
      ShardFiles.verify(file.raw(), file.raw().in(place), rawHashes(file));
    }
    verified.set(shard, 1);
  }

  /** The hashes to verify by; of a decompressed file, those that the index has. */
  private List<String> rawHashes(FilePair file) {
    return file.zip().isEmpty()
        ? files.hashes()
        : files.hashes().stream().filter(file.raw().hashes()::containsKey).toList();
  }

  private Path rawDirectory(ShardInfo info) {
    return info.compression().isPresent() ? files.raw() : files.local();
  }

  @SuppressWarnings("try") // The reservation need only be held.
  private boolean bring(int shard, Room room, Cancellation cancellation) throws IOException {
    ShardInfo info = files.shards().get(shard);
    try (Hold lock = lock(shard, cancellation)) {
      log.debug("making shard {} of {} ready under {}", shard, this, lock);
      // Only to see whether it is there.
      var ready = openIfReady(shard, true, Access.READ);
      if (ready.isPresent()) {
        ready.get().close();
        return true;
      }
      Optional<Reservation> reservation = room.reserve(bytesToBring(shard));
      if (reservation.isEmpty()) {
        return false;
      }
      try (Reservation reserved = reservation.get()) {
        for (FilePair file : info.files()) {
          bring(info, file, cancellation);
        }
        if (verified != null) {
          verified.set(shard, 1);
        }
      }
      return true;
    }
  }

  private void bring(ShardInfo info, FilePair file, Cancellation cancellation) throws IOException {
    if (file.zip().isEmpty()) {
      Path raw = file.raw().in(files.local());
      prepareFor(raw);
      download(file.raw(), raw, cancellation);
      return;
    }
    Path zip = file.stored().in(files.local());
    Path raw = file.raw().in(files.raw());
    boolean own = false;
    boolean damaged = false;
    for (int attempt = 1; ; attempt++) {
      prepareFor(raw);
      boolean whole = !damaged && hasSize(zip, file.stored().bytes());
      boolean missing = files.remote().isPresent() && !whole;
      if (missing) {
        prepareFor(zip);
        own = true;
      }
      var come = new AtomicBoolean(!missing);
      try {
        if (missing && !files.keepZip()) {
          decompressOnTheWay(info, file, raw, come, cancellation);
        } else {
          if (missing) {
            download(file.stored(), zip, cancellation);
            come.set(true);
          }
          ShardFiles.checkInside(files.local(), file.stored());
          if (whole) {
            ShardFiles.verify(file.stored(), zip, files.hashes());
          }
          ShardFiles.decompress(info, file, zip, raw, rawHashes(file));
        }
        decompressed.incrementAndGet();
        break;
      } catch (NoSuchFileException e) {
        // Where locks do not hold, another process may have taken our file for a leftover.
        // What the store lacks it lacks.
        if (attempt == ATTEMPTS
            || !come.get()
            || (files.remote().isEmpty() && !Files.exists(zip))) {
          throw e;
        }
      } catch (MalformedShardException e) {
        if (files.remote().isEmpty() || attempt == ATTEMPTS) {
          throw e;
        }
        log.warn("getting a damaged file again: {}", e.getMessage());
        damaged = true;
      }
    }
    // One that was here before may be the user's, but not one that was damaged.
    if (own && !files.keepZip()) {
      Files.deleteIfExists(zip);
    }
  }

  /**
   * Gets a compressed file that is not kept, and decompresses it. It never gets its name: not every
   * method of compression tells, after a power failure, that the disk has lost some of it. In
   * memory it goes to no disk at all. The raw file is forced to the disk before it gets its name,
   * since only hashes would tell what it has lost, which few ask for; that takes little beside the
   * decompression.
   *
   * @param come set when it has come from the store
   */
  @SuppressWarnings("try") // The memory need only be held.
  private void decompressOnTheWay(
      ShardInfo info, FilePair file, Path raw, AtomicBoolean come, Cancellation cancellation)
      throws IOException {
    Downloader remote = files.remote().orElseThrow();
    FileInfo stored = file.stored();
    Path zip = stored.in(files.local());
    Optional<DownloadMemory.Share> share = memory.take(stored.bytes());
    if (share.isPresent()) {
      try (DownloadMemory.Share held = share.get()) {
        byte[] bytes =
            remote.fetch(
                stored.basename(),
                Math.toIntExact(stored.bytes()),
                content -> ShardFiles.verify(stored, zip, content, files.hashes()),
                cancellation);
        come.set(true);
        downloaded.incrementAndGet();
        ShardFiles.decompress(info, file, zip, bytes, raw, rawHashes(file));
      }
      return;
    }
    remote.fetchTemporarily(
        stored.basename(),
        stored.bytes(),
        zip,
        temporary -> ShardFiles.verify(stored, temporary, files.hashes()),
        cancellation,
        temporary -> {
          come.set(true);
          downloaded.incrementAndGet();
          ShardFiles.decompress(info, file, temporary, raw, rawHashes(file));
        });
  }

  private void download(FileInfo info, Path target, Cancellation cancellation) throws IOException {
    files
        .remote()
        .orElseThrow()
        .fetch(
            info.basename(),
            info.bytes(),
            target,
            file -> ShardFiles.verify(info, file, files.hashes()),
            cancellation);
    downloaded.incrementAndGet();
  }

  private static boolean hasSize(Path file, long size) throws IOException {
    try {
      return Files.size(file) == size;
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  /** Makes the directory, and removes what a process that was killed left. The shard is locked. */
  private static void prepareFor(Path target) throws IOException {
    Files.createDirectories(target.getParent());
    try (var left = Files.newDirectoryStream(target.getParent(), "." + glob(target) + ".*.tmp")) {
      for (Path file : left) {
        Files.deleteIfExists(file);
      }
    }
  }

  private static String glob(Path raw) {
    return raw.getFileName().toString().replaceAll("[\\\\*?\\[\\]{}]", "\\\\$0");
  }

  /** A shard and the file to look for, for messages. */
  String name(int shard) {
    return "shard "
        + shard
        + " ("
        + files.shards().get(shard).data().stored().basename()
        + ") of "
        + this;
  }

  private Hold lock(int shard, Cancellation cancellation) throws IOException {
    try {
      return locks.acquire(shard, name(shard), cancellation);
    } catch (IOException e) {
      if (e instanceof CancelledException || Files.isWritable(files.raw())) {
        throw e;
      }
      throw new IOException(
          files.raw()
              + " cannot be written to, and shards must be decompressed or brought there: set"
              + " cacheDirectory or local to a directory of this host's disk",
          e);
    }
  }

  /** The directory with the lock file. */
  Path lockDirectory() {
    return files.raw();
  }

  /** The lock of a number beyond those that shards take, alone, if nobody holds it. */
  Optional<Hold> tryLockSlot(long number) throws IOException {
    return locks.tryAcquire(SLOTS + number);
  }

  /** Marks a shard as one for which room is reserved; none where locks do not hold. */
  Optional<Hold> markAsBrought(int shard) throws IOException {
    return locks.tryAcquire(mark(shard));
  }

  /** Streams that share a directory have marks of their own. */
  private long mark(int shard) {
    return BROUGHT + (Integer.toUnsignedLong(toString().hashCode()) << 30) + shard;
  }

  /** Whether any process has marked a shard so. */
  boolean isMarkedAsBrought(int shard) throws IOException {
    Optional<Hold> mark = locks.tryAcquire(mark(shard));
    if (mark.isEmpty()) {
      return true;
    }
    mark.get().close();
    return false;
  }

  /**
   * The shards of which something lies here that could be had again. Costs a look at what is here,
   * not at what the index says could be. Takes away what processes that were killed left, which
   * counts nowhere.
   */
  synchronized List<Integer> residents() throws IOException {
    if (shardsOfFiles == null) {
      shardsOfFiles = new HashMap<>();
      for (int shard = 0; shard < shards(); shard++) {
        for (FilePair file : files.shards().get(shard).files()) {
          if (file.zip().isPresent()) {
            note(file.raw().in(files.raw()), shard);
          }
          if (files.remote().isPresent()) {
            note(file.stored().in(files.local()), shard);
          }
        }
      }
    }
    var residents = new TreeSet<Integer>();
    for (var directory : shardsOfFiles.entrySet()) {
      try (var entries = Files.newDirectoryStream(directory.getKey())) {
        for (Path entry : entries) {
          Integer shard = directory.getValue().get(entry.getFileName().toString());
          if (shard != null) {
            residents.add(shard);
          } else {
            deleteIfLeft(entry, directory.getValue());
          }
        }
      } catch (NoSuchFileException e) {
        log.trace("nothing has been brought to {} yet", directory.getKey(), e);
      }
    }
    return List.copyOf(residents);
  }

  /** Deletes the temporary file of a shard that nobody brings. */
  @SuppressWarnings("try") // The lock need only be held.
  private void deleteIfLeft(Path file, Map<String, Integer> shardOfName) throws IOException {
    var name = TEMPORARY.matcher(file.getFileName().toString());
    Integer shard = name.matches() ? shardOfName.get(name.group(1)) : null;
    if (shard == null) {
      return;
    }
    Optional<Hold> lock = locks.tryAcquire(shard);
    if (lock.isPresent()) {
      try (Hold unused = lock.get()) {
        log.debug("deleting {}, which a process has left", file);
        Files.deleteIfExists(file);
      }
    }
  }

  private void note(Path file, int shard) {
    shardsOfFiles
        .computeIfAbsent(file.getParent(), directory -> new HashMap<>())
        .put(file.getFileName().toString(), shard);
  }

  /** Waits to be the only one on this host that makes room. */
  Hold lockSpace(Cancellation cancellation) throws IOException {
    return locks.acquire(SPACE, "making room in the cache of " + this, cancellation);
  }

  /** Bytes of a shard's files that lie here and could be had again. */
  long evictableBytes(int shard) throws IOException {
    ShardInfo info = files.shards().get(shard);
    long bytes = 0;
    for (FilePair file : info.files()) {
      if (canBeMadeAnew(file)) {
        bytes += sizeOrZero(file.raw().in(files.raw()));
      }
      if (files.remote().isPresent()) {
        bytes += sizeOrZero(file.stored().in(files.local()));
      }
    }
    return bytes;
  }

  /** Whether a decompressed file is not the only copy, whatever the index says there should be. */
  private boolean canBeMadeAnew(FilePair file) throws IOException {
    return file.zip().isPresent()
        && (files.remote().isPresent()
            || hasSize(file.stored().in(files.local()), file.stored().bytes()));
  }

  /** The most bytes that a shard can take here. */
  long mostBytes(int shard) {
    ShardInfo info = files.shards().get(shard);
    return info.rawBytes() + zipBytes(info);
  }

  private long bytesToBring(int shard) {
    return files.remote().isPresent() ? mostBytes(shard) : files.shards().get(shard).rawBytes();
  }

  private static long zipBytes(ShardInfo info) {
    return info.compression().isPresent() ? info.storedBytes() : 0;
  }

  private static long sizeOrZero(Path file) throws IOException {
    try {
      return Files.size(file);
    } catch (NoSuchFileException e) {
      return 0;
    }
  }

  /** When any process last opened or left a shard; 0 if it is not here. */
  long lastUse(int shard) throws IOException {
    try {
      return Files.getLastModifiedTime(mainFile(shard)).toMillis();
    } catch (NoSuchFileException e) {
      return 0;
    }
  }

  private Path mainFile(int shard) {
    ShardInfo info = files.shards().get(shard);
    return info.data().raw().in(rawDirectory(info));
  }

  void touch(int shard) {
    if (!takesWork(files.shards().get(shard))) {
      return;
    }
    try {
      Files.setLastModifiedTime(mainFile(shard), FileTime.fromMillis(System.currentTimeMillis()));
    } catch (IOException e) {
      // Only the choice of what to evict suffers.
      log.trace("cannot touch shard {} of {}", shard, this, e);
    }
  }

  /** Deletes a shard's files that can be had again, unless some process uses or brings it. */
  boolean evict(int shard) throws IOException {
    Optional<Hold> lease = locks.tryAcquire(LEASES + shard);
    if (lease.isEmpty()) {
      return false;
    }
    try (Hold unused = lease.get()) {
      Optional<Hold> lock = locks.tryAcquire(shard);
      if (lock.isEmpty()) {
        return false;
      }
      try (Hold alsoUnused = lock.get()) {
        log.debug("evicting shard {} of {} under {} and {}", shard, this, unused, alsoUnused);
        for (FilePair file : files.shards().get(shard).files()) {
          if (canBeMadeAnew(file)) {
            Files.deleteIfExists(file.raw().in(files.raw()));
          }
          if (files.remote().isPresent()) {
            Files.deleteIfExists(file.stored().in(files.local()));
          }
        }
        return true;
      }
    }
  }

  @Override
  public void close() throws IOException {
    try {
      locks.close();
    } finally {
      if (files.remote().isPresent()) {
        files.remote().get().close();
      }
    }
  }
}
