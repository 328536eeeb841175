package io.javatorch.streaming.codec;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * A compression algorithm at a level, named as in the Python library: {@code zstd} or {@code
 * zstd:7}. Instances are immutable and safe for use by many threads.
 *
 * @param spec the name as given, which is what an index records
 * @param family the algorithm
 * @param level the level; the family's default where the name gives none
 */
public record Compression(String spec, Family family, int level) {

  /** An algorithm, with the levels it accepts. */
  public enum Family {
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
      if (!family.extension.equals(name)) {
        continue;
      }
      return new Compression(
          spec,
          family,
          colon < 0 ? family.defaultLevel : parseLevel(spec, spec.substring(colon + 1), family));
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
        "unknown level in compression '%s'; %s takes %d to %d"
            .formatted(spec, family.extension, family.lowestLevel, family.highestLevel));
  }

  /** The file name extension of compressed files, without a dot. */
  public String extension() {
    return family.extension;
  }

  /** Compresses a whole file at once. */
  public byte[] compress(byte[] data) {
    return switch (family) {
      case ZSTD -> Zstd.compress(data, level);
    };
  }

  /**
   * Returns a stream that compresses what is written to it, for files too large for {@link
   * #compress}. The bytes may differ from those of {@link #compress} but decompress to the same.
   * Closing it closes {@code out}.
   *
   * @param rawBytes how many bytes will be written; recorded in the file where the format can
   */
  public OutputStream compressing(OutputStream out, long rawBytes) throws IOException {
    return switch (family) {
      case ZSTD -> new ZstdSizedOutputStream(out, level, rawBytes);
    };
  }

  /**
   * Returns a stream of the decompressed bytes. It uses a bounded amount of memory whatever the
   * input claims; the caller bounds how much it reads. Damaged input makes reads throw {@link
   * IOException}. Closing it closes {@code in}.
   */
  public InputStream decompressing(InputStream in) throws IOException {
    return switch (family) {
      case ZSTD -> new ZstdInputStreamNoFinalizer(in);
    };
  }

  @Override
  public String toString() {
    return spec;
  }
}
