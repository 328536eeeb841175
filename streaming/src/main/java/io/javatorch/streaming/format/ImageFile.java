package io.javatorch.streaming.format;

import io.javatorch.streaming.format.Encoding.InvalidDataException;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * Decodes PNG and JPEG files from untrusted bytes.
 *
 * <p>Java's own readers allocate what a file's head claims, inflate its compressed texts without a
 * bound, and hand its color profile to native code. So the file is taken apart first: its size is
 * checked against the bytes that are there, and the reader gets only those parts that make pixels.
 * As in Pillow, pixels come as they are stored, not converted by an embedded color profile.
 */
final class ImageFile {
  private static final long PNG_SIGNATURE = 0x89504e470d0a1a0aL;

  private static final int IHDR = 0x49484452;
  private static final int PLTE = 0x504c5445;
  private static final int TRNS = 0x74524e53;
  private static final int IDAT = 0x49444154;
  private static final int IEND = 0x49454e44;

  /** What deflate makes of one byte at most. */
  private static final int DEFLATE_RATIO = 1032;

  /** The most pixels that one byte of a JPEG file stands for: 64 a bit, and a margin. */
  private static final int JPEG_PIXELS_A_BYTE = 1024;

  /** Every scan of a progressive JPEG visits every pixel, however few bytes it has. */
  private static final long MAX_JPEG_VISITS = 12 * DecodingLimits.MAX_PIXELS;

  private static final String FETCH_OR_WRITE =
      "Fetch the shard again; if it stays so, the image was broken when it was written";

  private ImageFile() {}

  /**
   * Decodes a file.
   *
   * @throws InvalidDataException if it is neither PNG nor JPEG, damaged, truncated, or too large
   */
  static BufferedImage decode(ByteBuffer bytes) throws InvalidDataException {
    var in = bytes.duplicate().order(ByteOrder.BIG_ENDIAN);
    int begin = in.position();
    if (in.remaining() >= 8 && in.getLong(begin) == PNG_SIGNATURE) {
      return read("png", png(in));
    }
    if (in.remaining() >= 2 && (in.getShort(begin) & 0xffff) == 0xffd8) {
      return read("jpeg", jpeg(in));
    }
    throw new InvalidDataException(
        "the image is neither a PNG nor a JPEG file",
        "Take its bytes and decode them with a library that reads its format");
  }

  private static BufferedImage read(String format, byte[] file) throws InvalidDataException {
    var readers = ImageIO.getImageReadersByFormatName(format);
    if (!readers.hasNext()) {
      throw new InvalidDataException("this Java runtime has no reader of " + format);
    }
    var reader = readers.next();
    try (var stream = new MemoryCacheImageInputStream(new ByteArrayInputStream(file))) {
      reader.setInput(stream, true, true);
      return reader.read(0);
    } catch (IOException | RuntimeException e) {
      // Java's readers throw unchecked exceptions for some damaged files.
      throw new InvalidDataException("the image cannot be decoded: " + e, FETCH_OR_WRITE);
    } finally {
      reader.dispose();
    }
  }

  /** The chunks that make pixels, after a check of all. */
  private static byte[] png(ByteBuffer in) throws InvalidDataException {
    var kept = new ByteArrayOutputStream(in.remaining());
    copy(in, in.position(), 8, kept);
    int begin = in.position();
    int at = begin + 8;
    long scanlines = -1;
    long data = 0;
    while (at < in.limit()) {
      long length = in.limit() - at < 12 ? -1 : in.getInt(at);
      if (length < 0 || length > in.limit() - at - 12) {
        throw damaged("the PNG file ends within a chunk at its byte " + (at - begin));
      }
      int size = (int) length;
      int type = in.getInt(at + 4);
      if ((type == IHDR) != (at == begin + 8) || (type == IHDR && size != 13)) {
        throw damaged("the PNG file does not begin with one head");
      }
      // An upper-case first letter marks what cannot be skipped.
      boolean makesPixels = type == TRNS || (type & 0x20000000) == 0;
      if (makesPixels) {
        if (type != IHDR && type != PLTE && type != TRNS && type != IDAT && type != IEND) {
          throw damaged("the PNG file has an unknown chunk at its byte " + (at - begin));
        }
        var crc = new CRC32();
        crc.update(in.slice(at + 4, size + 4));
        if ((int) crc.getValue() != in.getInt(at + 8 + size)) {
          throw damaged("the PNG file's chunk at its byte " + (at - begin) + " has a wrong CRC");
        }
        if (type == IHDR) {
          scanlines = pngScanlines(in, at + 8);
        } else if (type == IDAT) {
          data += size;
        }
        copy(in, at, size + 12, kept);
      }
      if (type == IEND) {
        break;
      }
      at += size + 12;
    }
    if (scanlines < 0 || scanlines > DEFLATE_RATIO * data) {
      throw damaged(
          "the PNG file needs %d bytes of pixels, more than its %d compressed bytes can hold"
              .formatted(scanlines, data));
    }
    return kept.toByteArray();
  }

  /** Checks a PNG's head, and returns the size of its pixels as they are compressed. */
  private static long pngScanlines(ByteBuffer in, int at) throws InvalidDataException {
    long width = in.getInt(at) & 0xffffffffL;
    long height = in.getInt(at + 4) & 0xffffffffL;
    int depth = in.get(at + 8);
    int samples =
        switch (in.get(at + 9)) {
          case 0, 3 -> 1;
          case 2 -> 3;
          case 4 -> 2;
          case 6 -> 4;
          default -> 0;
        };
    if (samples == 0 || depth < 1 || depth > 16) {
      throw damaged("the PNG file has an unknown kind of pixel");
    }
    long sampleBytes = depth > 8 ? 2 : 1;
    // The product is below 2^63 only where the count of pixels is, which is checked first.
    long bytes =
        width == 0 || height <= DecodingLimits.MAX_PIXELS / width
            ? width * height * samples * sampleBytes
            : Long.MAX_VALUE;
    DecodingLimits.checkPicture(width, height, bytes);
    return height * ((width * samples * depth + 7) / 8);
  }

  /** The segments that make pixels, after a check of all. */
  private static byte[] jpeg(ByteBuffer in) throws InvalidDataException {
    var kept = new ByteArrayOutputStream(in.remaining());
    int begin = in.position();
    int limit = in.limit();
    copy(in, begin, 2, kept);
    int at = begin + 2;
    long pixels = -1;
    long scans = 0;
    while (true) {
      if (limit - at < 2) {
        throw damaged("the JPEG file ends before its end marker");
      }
      if (in.get(at) != (byte) 0xff) {
        throw damaged("the JPEG file has no marker at its byte " + (at - begin));
      }
      int marker = in.get(at + 1) & 0xff;
      if (marker == 0xff) {
        at++;
        continue;
      }
      if (marker == 0xd9) {
        copy(in, at, 2, kept);
        break;
      }
      int length = limit - at < 4 ? -1 : in.getShort(at + 2) & 0xffff;
      if (length < 2 || length > limit - at - 2) {
        throw damaged("the JPEG file ends within a segment at its byte " + (at - begin));
      }
      int end = at + 2 + length;
      boolean frame =
          marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
      if (frame) {
        if (pixels >= 0 || length < 8) {
          throw damaged("the JPEG file has two frames, or none");
        }
        pixels = jpegPixels(in, at + 4, limit - begin);
      } else if (marker == 0xda) {
        if (pixels < 0 || ++scans * pixels > MAX_JPEG_VISITS) {
          throw damaged("the JPEG file has more scans than a picture of its size needs");
        }
        end = endOfScan(in, end);
      }
      if (marker < 0xe1 || marker == 0xee || (marker >= 0xf0 && marker != 0xfe)) {
        copy(in, at, end - at, kept);
      }
      at = end;
    }
    if (scans == 0) {
      throw damaged("the JPEG file has no picture");
    }
    return kept.toByteArray();
  }

  private static long jpegPixels(ByteBuffer in, int at, long fileBytes)
      throws InvalidDataException {
    long height = in.getShort(at + 1) & 0xffff;
    long width = in.getShort(at + 3) & 0xffff;
    int components = in.get(at + 5) & 0xff;
    long pixels = width * height;
    DecodingLimits.checkPicture(width, height, pixels * components);
    if (pixels > JPEG_PIXELS_A_BYTE * fileBytes) {
      throw damaged(
          "the JPEG file is said to be %d by %d, more than its %d bytes can hold"
              .formatted(width, height, fileBytes));
    }
    return pixels;
  }

  /** Where the marker after a scan's data stands. */
  private static int endOfScan(ByteBuffer in, int from) throws InvalidDataException {
    for (int at = from; at + 1 < in.limit(); at++) {
      if (in.get(at) == (byte) 0xff) {
        int next = in.get(at + 1) & 0xff;
        // A stuffed zero and the restart markers belong to the data, and so does what fills up.
        if (next != 0 && next != 0xff && (next < 0xd0 || next > 0xd7)) {
          return at;
        }
      }
    }
    throw damaged("the JPEG file ends before its end marker");
  }

  private static void copy(ByteBuffer in, int at, int length, ByteArrayOutputStream out) {
    var part = new byte[length];
    in.get(at, part);
    out.write(part, 0, length);
  }

  private static InvalidDataException damaged(String message) {
    return new InvalidDataException(message, FETCH_OR_WRITE);
  }
}
