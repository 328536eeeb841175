package io.javatorch.streaming.format;

import io.javatorch.streaming.codec.HashAlgorithm;
import io.javatorch.streaming.codec.HashAlgorithm.Hasher;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;

/** Counts and hashes what passes through a stream. For use by one thread. */
final class Digesting {
  private final Map<String, Hasher> hashers = new LinkedHashMap<>();
  private long bytes;

  /**
   * Starts with nothing.
   *
   * @param names names of the hashes
   */
  Digesting(Collection<String> names) {
    names.forEach(name -> hashers.put(name, new HashAlgorithm(name).start()));
  }

  /** A stream whose bytes are counted when they are there. Closing it closes {@code out}. */
  OutputStream over(OutputStream out) {
    return new OutputStream() {
      @Override
      public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
      }

      @Override
      public void write(byte[] data, int offset, int length) throws IOException {
        out.write(data, offset, length);
        add(data, offset, length);
      }

      @Override
      public void close() throws IOException {
        out.close();
      }
    };
  }

  /** A stream whose bytes are counted as they are read. Closing it closes {@code in}. */
  InputStream over(InputStream in) {
    return new InputStream() {
      @Override
      public int read() throws IOException {
        var one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
      }

      @Override
      public int read(byte[] buffer, int offset, int length) throws IOException {
        int n = in.read(buffer, offset, length);
        if (n > 0) {
          add(buffer, offset, n);
        }
        return n;
      }

      @Override
      public void close() throws IOException {
        in.close();
      }
    };
  }

  private void add(byte[] data, int offset, int length) {
    bytes += length;
    for (var hasher : hashers.values()) {
      hasher.update(data, offset, length);
    }
  }

  /** How many bytes passed. */
  long bytes() {
    return bytes;
  }

  /** The digests by the names of their hashes. To be called once, when all has passed. */
  Map<String, String> digests() {
    var digests = new LinkedHashMap<String, String>();
    hashers.forEach((name, hasher) -> digests.put(name, hasher.hexDigest()));
    return digests;
  }
}
