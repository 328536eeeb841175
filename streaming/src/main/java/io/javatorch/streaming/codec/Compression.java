package io.javatorch.streaming.codec;

import com.aayushatharva.brotli4j.Brotli4jLoader;
import com.aayushatharva.brotli4j.decoder.BrotliInputStream;
import com.aayushatharva.brotli4j.encoder.BrotliOutputStream;
import com.aayushatharva.brotli4j.encoder.Encoder;
import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdCompressCtx;
import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorInputStream;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorOutputStream;
import org.xerial.snappy.Snappy;

/**
 * A compression algorithm at a level, named as in the Python library: {@code zstd} or {@code
 * zstd:7}. Instances are immutable and safe for use by many threads.
 *
 * @param spec the name as given, which is what an index records
 * @param family the algorithm
 * @param level the level; the family's default where the name gives none; 0 for snappy, which has
 *     none
 */
public record Compression(String spec, Family family, int level) {

  /** An algorithm, with the levels it accepts. */
  public enum Family {
    /** Brotli, levels 0 to 11, default 11. */
    BR("br", 0, 11, 11),
    /** Bzip2, levels 1 to 9, default 9. */
    BZ2("bz2", 1, 9, 9),
    /** Gzip, levels 0 to 9, default 9. */
    GZ("gz", 0, 9, 9),
    /** Snappy's block format, without levels. */
    SNAPPY("snappy", 1, 0, 0),
    /** Zstandard, levels 1 to 22, default 3. */
    ZSTD("zstd", 1, 22, 3);

    private final String extension;
    private final int lowestLevel;
    private final int highestLevel;
    private final int defaultLevel;

    Family(String extension, int lowestLevel, int highestLevel, int defaultLevel) {
      this.extension = extension;
      this.lowestLevel = lowestLevel;
      this.highestLevel = highestLevel;
      this.defaultLevel = defaultLevel;
    }

    /** The file name extension without a dot; also the name in an index. */
    public String extension() {
      return extension;
    }

    /** The lowest level; higher than the highest if there are no levels. */
    public int lowestLevel() {
      return lowestLevel;
    }

    /** The highest level. */
    public int highestLevel() {
      return highestLevel;
    }
  }

  /**
   * Parses a name such as {@code zstd} or {@code zstd:7}.
   *
   * @throws IllegalArgumentException if the algorithm or the level is unknown
   */
  public static Compression parse(String spec) {
    int colon = spec.indexOf(':');
    var name = colon < 0 ? spec : spec.substring(0, colon);
    for (var family : Family.values()) {
      if (family.extension.equals(name)) {
        return new Compression(
            spec,
            family,
            colon < 0 ? family.defaultLevel : parseLevel(spec, spec.substring(colon + 1), family));
      }
    }
    throw new IllegalArgumentException(
        "unknown compression '"
            + spec
            + "'; known are "
            + Arrays.stream(Family.values())
                .map(Family::extension)
                .collect(Collectors.joining(", ")));
  }

  private static int parseLevel(String spec, String text, Family family) {
    // Only the plain form is a name: Python knows neither zstd:07 nor zstd:+7.
    if (text.matches("0|[1-9][0-9]?")) {
      int level = Integer.parseInt(text);
      if (level >= family.lowestLevel && level <= family.highestLevel) {
        return level;
      }
    }
    throw new IllegalArgumentException(
        family.lowestLevel > family.highestLevel
            ? "unknown compression '%s'; %s takes no level".formatted(spec, family.extension)
            : "unknown level in compression '%s'; %s takes %d to %d"
                .formatted(spec, family.extension, family.lowestLevel, family.highestLevel));
  }

  /** The file name extension of compressed files, without a dot. */
  public String extension() {
    return family.extension;
  }

  /**
   * Compresses a whole file at once. For br and zstd the bytes equal those of the Python library
   * where both have the same version of the algorithm's library; gz differs in the time stamp,
   * which is 0 here; bz2 and snappy have other encoders there, whose bytes differ but mean the
   * same.
   */
  public byte[] compress(byte[] data) throws IOException {
    return switch (family) {
      case ZSTD -> Zstd.compress(data, level);
      case SNAPPY -> Snappy.compress(data);
      case BR -> {
        Brotli4jLoader.ensureAvailability();
        yield Encoder.compress(data, brotli());
      }
      case BZ2, GZ -> {
        var out = new ByteArrayOutputStream(data.length / 2 + 64);
        try (var zip = compressing(out, data.length)) {
          zip.write(data);
        }
        yield out.toByteArray();
      }
    };
  }

  /**
   * As {@link #compress}, and for zstd without the copy that gives the array its length: the bytes
   * lie between the position and the limit of a buffer with an array.
   */
  public ByteBuffer compressToBuffer(byte[] data) throws IOException {
    if (family != Family.ZSTD) {
      return ByteBuffer.wrap(compress(data));
    }
    var zip = new byte[Math.toIntExact(Zstd.compressBound(data.length))];
    try (var context = new ZstdCompressCtx()) {
      context.setLevel(level);
      return ByteBuffer.wrap(
          zip, 0, context.compressByteArray(zip, 0, zip.length, data, 0, data.length));
    }
  }

  /**
   * Returns a stream that compresses what is written to it, for files too large for {@link
   * #compress}. The bytes may differ from those of {@link #compress} but decompress to the same.
   * Closing it closes {@code out}.
   *
   * @param rawBytes how many bytes will be written; recorded in the file where the format can
   * @throws IOException if the stream cannot be started; for snappy always, which has no streams
   */
  public OutputStream compressing(OutputStream out, long rawBytes) throws IOException {
    return switch (family) {
      case ZSTD -> new ZstdSizedOutputStream(out, level, rawBytes);
      case SNAPPY ->
          throw new IOException(
              "a file of " + rawBytes + " bytes is too large for snappy; set a lower size limit");
      case BR -> {
        Brotli4jLoader.ensureAvailability();
        yield new BrotliOutputStream(out, brotli());
      }
      case BZ2 -> new BZip2CompressorOutputStream(out, level);
      case GZ -> new GzipLevelOutputStream(out, level);
    };
  }

  private Encoder.Parameters brotli() {
    return new Encoder.Parameters().setQuality(level);
  }

  /**
   * Returns a stream of the decompressed bytes. It uses a bounded amount of memory whatever the
   * input claims, for snappy in proportion to {@code rawBytes}; the caller bounds how much it
   * reads. Damaged input makes reads throw {@link IOException}. Closing it closes {@code in}.
   *
   * @param rawBytes how many bytes are expected, or -1 if that is unknown
   */
  public InputStream decompressing(InputStream in, long rawBytes) throws IOException {
    return switch (family) {
      case ZSTD -> new ZstdInputStreamNoFinalizer(in);
      case SNAPPY -> SnappyBlock.decompressing(in, rawBytes);
      case BR -> {
        Brotli4jLoader.ensureAvailability();
        yield new BrotliInputStream(in, 1 << 18);
      }
      case BZ2 -> new BZip2CompressorInputStream(in, true);
      case GZ -> new GZIPInputStream(in, 1 << 18);
    };
  }

  @Override
  public String toString() {
    return spec;
  }
}
