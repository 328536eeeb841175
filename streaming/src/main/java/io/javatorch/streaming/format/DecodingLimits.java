package io.javatorch.streaming.format;

import io.javatorch.streaming.format.Encoding.InvalidDataException;

/**
 * How much memory the decoding of one value may take. What is read is untrusted, and a few bytes
 * can claim, or in fact become, far more than a process has; it must learn so by an exception that
 * names the place, not by running out of memory.
 */
final class DecodingLimits {
  /** As many as Pillow decodes before it takes a picture for an attack. */
  static final long MAX_PIXELS = 178_956_970;

  private DecodingLimits() {}

  /** The most bytes of the heap that a decoded value may take. */
  static long heapBytes() {
    return Runtime.getRuntime().maxMemory() / 4;
  }

  /**
   * Checks the size of a picture before there is memory for it.
   *
   * @param bytes what its pixels take once decoded
   */
  static void checkPicture(long width, long height, long bytes) throws InvalidDataException {
    if (width < 1 || height < 1) {
      throw new InvalidDataException("the image is said to be " + width + " by " + height);
    }
    var remedy = "If you trust it, take its bytes and decode them yourself";
    if (width > MAX_PIXELS / height) {
      throw new InvalidDataException(
          "the image is said to be %d by %d, and %d pixels are the most that are decoded"
              .formatted(width, height, MAX_PIXELS),
          remedy);
    }
    if (bytes > heapBytes()) {
      throw new InvalidDataException(
          "the image is said to be %d by %d, which takes %d bytes, more than a quarter of the heap"
              .formatted(width, height, bytes),
          "If you trust it, give Java more memory (-Xmx)");
    }
  }
}
