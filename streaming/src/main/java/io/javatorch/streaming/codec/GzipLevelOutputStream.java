package io.javatorch.streaming.codec;

import java.io.IOException;
import java.io.OutputStream;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;

/**
 * Gzip as Python's {@code gzip.compress} writes it, but for the time stamp, which is 0 so that the
 * same input gives the same bytes.
 */
final class GzipLevelOutputStream extends DeflaterOutputStream {
  private final CRC32 crc = new CRC32();
  private boolean closed;

  GzipLevelOutputStream(OutputStream out, int level) throws IOException {
    super(out, new Deflater(level, true), 1 << 16);
    int hint = level == 9 ? 2 : level == 1 ? 4 : 0;
    out.write(new byte[] {0x1f, (byte) 0x8b, 8, 0, 0, 0, 0, 0, (byte) hint, (byte) 0xff});
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    super.write(bytes, offset, length);
    crc.update(bytes, offset, length);
  }

  @Override
  public void close() throws IOException {
    if (closed) {
      return;
    }
    closed = true;
    try (var target = out) {
      finish();
      writeInt(target, (int) crc.getValue());
      writeInt(target, def.getTotalIn());
    } finally {
      def.end();
    }
  }

  private static void writeInt(OutputStream out, int value) throws IOException {
    for (int i = 0; i < 4; i++) {
      out.write(value >> (8 * i));
    }
  }
}
