package io.javatorch.streaming.format;

import io.javatorch.streaming.codec.Compression;
import io.javatorch.streaming.codec.HashAlgorithm;
import io.javatorch.streaming.codec.HashAlgorithm.Hasher;
import io.javatorch.streaming.format.MalformedShardException.Where;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;

/** Checks a shard's files against the index, and decompresses them. Safe for many threads. */
public final class ShardFiles {
  private static final String REMEDY = "Delete the file and fetch it again";
  private static final int BUFFER_BYTES = 1 << 18;

  private ShardFiles() {}

  /**
   * Checks a file's size, and its digests by the given hashes.
   *
   * @param info what the index says of the file
   * @param file where it lies
   * @param hashes names of the hashes to check; none for the size alone
   * @throws NoSuchFileException if the file is missing
   * @throws MalformedShardException if it differs, or if the index lacks one of the hashes
   */
  public static void verify(FileInfo info, Path file, Collection<String> hashes)
      throws IOException {
    var where = Where.in(file);
    checkSize(info, file);
    var hashers = start(where, info, hashes);
    if (hashers.isEmpty()) {
      return;
    }
    try (var in = Files.newInputStream(file)) {
      var buffer = new byte[BUFFER_BYTES];
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        for (var hasher : hashers.values()) {
          hasher.update(buffer, 0, n);
        }
      }
    }
    compare(where, info, hashers);
  }

  /**
   * Checks the size, and the digests by the given hashes, of a file that is in memory.
   *
   * @param info what the index says of the file
   * @param name what to call it in messages
   * @param content its bytes
   * @param hashes names of the hashes to check; none for the size alone
   * @throws MalformedShardException if it differs, or if the index lacks one of the hashes
   */
  public static void verify(FileInfo info, Path name, byte[] content, Collection<String> hashes) {
    if (content.length != info.bytes()) {
      throw wrongSize(name, content.length, info);
    }
    var where = Where.in(name);
    var hashers = start(where, info, hashes);
    for (var hasher : hashers.values()) {
      hasher.update(content, 0, content.length);
    }
    compare(where, info, hashers);
  }

  /** Checks that a file is there, is a file, and has the size that the index says. */
  static void checkSize(FileInfo info, Path file) throws IOException {
    long size = regularSize(file);
    if (size != info.bytes()) {
      throw wrongSize(file, size, info);
    }
  }

  static MalformedShardException wrongSize(Path file, long size, FileInfo info) {
    return new MalformedShardException(
        Where.in(file), "it has " + size + " bytes and the index says " + info.bytes(), REMEDY);
  }

  /** The size of a file. Anything else is refused: opening a pipe or a device may never return. */
  static long regularSize(Path file) throws IOException {
    BasicFileAttributes attributes;
    try {
      attributes = Files.readAttributes(file, BasicFileAttributes.class);
    } catch (AccessDeniedException e) {
      throw e;
    } catch (FileSystemException e) {
      // Where a file stands in place of a directory, the reason says so.
      var reason = e.getReason() == null ? "" : " (" + e.getReason() + ")";
      var missing =
          new NoSuchFileException(
              file.toString(), null, "there is no such file" + reason + "; fetch it again");
      missing.initCause(e);
      throw missing;
    }
    if (!attributes.isRegularFile()) {
      throw new MalformedShardException(
          Where.in(file), "it is no regular file", "Remove it and fetch the file");
    }
    return attributes.size();
  }

  /**
   * Checks that a file of a data set lies within the data set's directory, and is not a link that
   * leads out of it.
   *
   * @throws NoSuchFileException if it is missing
   * @throws MalformedShardException if it lies elsewhere
   */
  public static void checkInside(Path directory, FileInfo info) throws IOException {
    var file = info.in(directory);
    var real = file.toRealPath();
    if (!real.startsWith(directory.toRealPath())) {
      throw new MalformedShardException(
          Where.in(file),
          "it is a link to " + real + ", outside the data set's directory",
          "If you trust it, put the file itself in the link's place");
    }
  }

  /**
   * Decompresses a shard's stored file into its readable form. The result appears under its name
   * only when it is whole and has the size and the digests of the index. Memory is bounded, and
   * nothing is written beyond the declared size, whatever the input claims.
   *
   * @param shard the shard
   * @param file which of its files
   * @param from the compressed file
   * @param to where the raw file shall be; its directory must exist
   * @param hashes names of the hashes of the raw file to check; none for the size alone
   * @throws NoSuchFileException if the compressed file is missing
   * @throws MalformedShardException if it cannot be decompressed, or the result is not what the
   *     index says
   */
  public static void decompress(
      ShardInfo shard, FilePair file, Path from, Path to, Collection<String> hashes)
      throws IOException {
    regularSize(from);
    try (var stored = Files.newInputStream(from)) {
      decompress(shard, file, from, stored, to, hashes);
    }
  }

  /**
   * Decompresses a shard's stored file, as {@link #decompress(ShardInfo, FilePair, Path, Path,
   * Collection)}, from memory.
   *
   * @param name what to call the compressed file in messages
   * @param stored its bytes
   */
  public static void decompress(
      ShardInfo shard, FilePair file, Path name, byte[] stored, Path to, Collection<String> hashes)
      throws IOException {
    decompress(shard, file, name, new ByteArrayInputStream(stored), to, hashes);
  }

  private static void decompress(
      ShardInfo shard,
      FilePair file,
      Path from,
      InputStream stored,
      Path to,
      Collection<String> hashes)
      throws IOException {
    var where = Where.in(from);
    var name =
        shard
            .compression()
            .orElseThrow(() -> new IllegalArgumentException("the shard is not compressed"));
    var compression = compression(where, name);
    var info = file.raw();
    var hashers = start(where, info, hashes);
    AtomicFile.writeAnew(
        to,
        out -> {
          var buffer = new byte[BUFFER_BYTES];
          long total = 0;
          try (var in =
              guard(where, REMEDY, () -> compression.decompressing(stored, info.bytes()))) {
            while (true) {
              int n = guard(where, REMEDY, () -> in.read(buffer));
              if (n < 0) {
                break;
              }
              total += n;
              if (total > info.bytes()) {
                throw new MalformedShardException(
                    where,
                    "it decompresses to more than the " + info.bytes() + " bytes of the index",
                    REMEDY);
              }
              for (var hasher : hashers.values()) {
                hasher.update(buffer, 0, n);
              }
              out.write(buffer, 0, n);
            }
          }
          if (total != info.bytes()) {
            throw new MalformedShardException(
                where,
                "it decompresses to " + total + " bytes and the index says " + info.bytes(),
                REMEDY);
          }
          compare(where, info, hashers);
        });
  }

  /** Reads from a decompressor. */
  interface Read<T> {
    T get() throws IOException;
  }

  /** Tells damage found by a decompressor, which comes as an IOException, from a failed write. */
  static <T> T guard(Where where, String remedy, Read<T> read) {
    try {
      return read.get();
    } catch (IOException | RuntimeException e) {
      // Some decompressors run past the end of their own arrays.
      throw new MalformedShardException(
          where,
          "it cannot be decompressed: " + (e instanceof IOException ? e.getMessage() : e),
          remedy,
          e);
    }
  }

  private static Compression compression(Where where, String name) {
    try {
      return Compression.parse(name);
    } catch (IllegalArgumentException e) {
      throw new MalformedShardException(
          where, e.getMessage(), "Write the data set again with a known compression", e);
    }
  }

  private static Map<String, Hasher> start(Where where, FileInfo info, Collection<String> hashes) {
    var hashers = new LinkedHashMap<String, Hasher>();
    for (var name : hashes) {
      if (!info.hashes().containsKey(name)) {
        throw new MalformedShardException(
            where,
            "the index has no " + name + " of it, only " + info.hashes().keySet(),
            "Ask for a hash that the index has, or write the data set again with this one");
      }
      hashers.put(name, new HashAlgorithm(name).start());
    }
    return hashers;
  }

  private static void compare(Where where, FileInfo info, Map<String, Hasher> hashers) {
    hashers.forEach(
        (name, hasher) -> {
          var digest = hasher.hexDigest();
          if (!digest.equals(info.hashes().get(name))) {
            throw new MalformedShardException(
                where,
                "its %s is %s and the index says %s"
                    .formatted(name, digest, info.hashes().get(name)),
                REMEDY);
          }
        });
  }
}
