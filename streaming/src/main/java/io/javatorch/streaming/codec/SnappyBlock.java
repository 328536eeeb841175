package io.javatorch.streaming.codec;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import org.xerial.snappy.Snappy;

/** Snappy's block format, which can only be read as a whole. */
final class SnappyBlock {
  /** No element of the format gives more than 64 bytes for each 2 of its own. */
  private static final int MAX_RATIO = 32;

  private SnappyBlock() {}

  static InputStream decompressing(InputStream in, long rawBytes) throws IOException {
    if (rawBytes > Integer.MAX_VALUE) {
      throw new IOException("a snappy block of " + rawBytes + " bytes cannot be read; 2 GiB can");
    }
    // Nothing that decompresses to that size is longer.
    long most = rawBytes < 0 ? Integer.MAX_VALUE : rawBytes + rawBytes / 6 + 32;
    var zip = in.readNBytes((int) Math.min(most, Integer.MAX_VALUE - 8));
    if (in.read() >= 0) {
      throw new IOException("it is longer than anything that decompresses to " + rawBytes);
    }
    int length = zip.length == 0 ? -1 : Snappy.uncompressedLength(zip);
    if ((rawBytes >= 0 && length != rawBytes)
        || length < 0
        || length > (long) MAX_RATIO * zip.length) {
      throw new IOException(
          "it says that it decompresses to %d bytes, and %d are expected"
              .formatted(length, rawBytes));
    }
    if (length > Runtime.getRuntime().maxMemory() / 2) {
      throw new IOException(
          "it decompresses to %d bytes at once, more than half of the heap: give Java more memory"
              .formatted(length));
    }
    if (!Snappy.isValidCompressedBuffer(zip)) {
      throw new IOException("it is no snappy block");
    }
    return new ByteArrayInputStream(Snappy.uncompress(zip)) {
      @Override
      public void close() throws IOException {
        in.close();
      }
    };
  }
}
