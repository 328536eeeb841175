package io.javatorch.streaming.format;

import io.javatorch.streaming.codec.Compression;
import io.javatorch.streaming.format.MalformedShardException.Where;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Finds out what a shard's entry in an index was, from the shard's file alone. Shards appear under
 * their names only when whole, so that what an interrupted writer left is of use.
 */
final class ShardRecovery {
  private static final String REMEDY =
      "Start again with existOk, or remove this shard and all that follow it";

  /** What a shard's file says. */
  record Recovered(int samples, FilePair files) {}

  private final Optional<Compression> compression;
  private final List<String> hashes;
  private final byte[] config;

  /**
   * Sets out to recover shards.
   *
   * @param config the configuration that they must hold, byte for byte
   */
  ShardRecovery(Optional<Compression> compression, List<String> hashes, byte[] config) {
    this.compression = compression;
    this.hashes = hashes;
    this.config = config;
  }

  /**
   * Reads a shard's file as a stream.
   *
   * @param basename the name of its raw form
   * @throws MalformedShardException if it is damaged, or was written with another configuration
   */
  Recovered recover(Path directory, String basename) throws IOException {
    var stored = compression.map(zip -> basename + "." + zip.extension()).orElse(basename);
    var file = directory.resolve(stored);
    var where = Where.in(file);
    var storedDigests = new Digesting(hashes);
    var rawDigests = new Digesting(hashes);
    int samples;
    try (var in = new BufferedInputStream(storedDigests.over(Files.newInputStream(file)), 1 << 18);
        var raw = compression.isPresent() ? decompressing(where, compression.get(), in) : in) {
      samples = readHead(where, new DataInputStream(new BufferedInputStream(rawDigests.over(raw))));
      in.transferTo(OutputStream.nullOutputStream());
    } catch (EOFException e) {
      throw new MalformedShardException(where, "it ends too early", REMEDY, e);
    }
    if (compression.isPresent() && compression.get().family() == Compression.Family.GZ) {
      checkGzipEnd(where, file, rawDigests.bytes());
    }
    var rawInfo = new FileInfo(basename, rawDigests.bytes(), rawDigests.digests());
    return new Recovered(
        samples,
        new FilePair(
            rawInfo,
            compression.map(
                zip -> new FileInfo(stored, storedDigests.bytes(), storedDigests.digests()))));
  }

  /** Java takes no notice of what follows a gzip file, whose last number is its raw size. */
  private static void checkGzipEnd(Where where, Path file, long rawBytes) throws IOException {
    var end = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN);
    try (var channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long at = channel.size() - end.capacity();
      while (end.hasRemaining() && channel.read(end, at + end.position()) >= 0) {
        // Most often once.
      }
    }
    if (end.hasRemaining() || end.getInt(0) != (int) rawBytes) {
      throw new MalformedShardException(where, "something follows its gzip data", REMEDY);
    }
  }

  /** As the stream of the compression, but what it throws names the file. */
  private static InputStream decompressing(Where where, Compression method, InputStream in) {
    var raw = ShardFiles.guard(where, REMEDY, () -> method.decompressing(in, -1));
    return new InputStream() {
      @Override
      public int read() {
        return ShardFiles.guard(where, REMEDY, raw::read);
      }

      @Override
      public int read(byte[] buffer, int offset, int length) {
        return ShardFiles.guard(where, REMEDY, () -> raw.read(buffer, offset, length));
      }

      @Override
      public void close() throws IOException {
        raw.close();
      }
    };
  }

  private int readHead(Where where, DataInputStream in) throws IOException {
    long samples = u32(in);
    long head = 4 * (samples + 2) + config.length;
    long previous = u32(in);
    if (previous != head || samples > Integer.MAX_VALUE) {
      throw otherOptions(where);
    }
    for (long i = 0; i < samples; i++) {
      long end = u32(in);
      if (end < previous) {
        throw new MalformedShardException(where, "its offsets go backwards", REMEDY);
      }
      previous = end;
    }
    if (!Arrays.equals(in.readNBytes(config.length), config)) {
      throw otherOptions(where);
    }
    long rest = in.transferTo(OutputStream.nullOutputStream());
    if (head + rest != previous) {
      throw new MalformedShardException(
          where, "it has " + (head + rest) + " bytes and its offsets say " + previous, REMEDY);
    }
    return (int) samples;
  }

  private static MalformedShardException otherOptions(Where where) {
    return new MalformedShardException(
        where,
        "it was not written with the same columns, compression, hashes and size limit",
        "Resume with the options of the interrupted write, or start again with existOk");
  }

  private static long u32(DataInputStream in) throws IOException {
    return Integer.reverseBytes(in.readInt()) & 0xffffffffL;
  }
}
