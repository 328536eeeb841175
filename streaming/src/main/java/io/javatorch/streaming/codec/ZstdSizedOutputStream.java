package io.javatorch.streaming.codec;

import com.github.luben.zstd.EndDirective;
import com.github.luben.zstd.ZstdCompressCtx;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;

/**
 * Compresses a stream of a known length. The library's own stream cannot record that length, and
 * one-shot decoders such as the Python library's want it.
 */
final class ZstdSizedOutputStream extends OutputStream {
  private static final int BUFFER_BYTES = 1 << 18;

  private final OutputStream out;
  private final ZstdCompressCtx context = new ZstdCompressCtx();
  private final ByteBuffer input = ByteBuffer.allocateDirect(BUFFER_BYTES);
  private final ByteBuffer output = ByteBuffer.allocateDirect(BUFFER_BYTES);
  private final byte[] chunk = new byte[BUFFER_BYTES];
  private boolean closed;

  ZstdSizedOutputStream(OutputStream out, int level, long bytes) {
    this.out = out;
    context.setLevel(level);
    context.setPledgedSrcSize(bytes);
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    int from = offset;
    int end = offset + length;
    while (from < end) {
      int n = Math.min(end - from, input.remaining());
      input.put(bytes, from, n);
      from += n;
      if (!input.hasRemaining()) {
        compress(EndDirective.CONTINUE);
      }
    }
  }

  private void compress(EndDirective directive) throws IOException {
    input.flip();
    boolean done;
    do {
      output.clear();
      done = context.compressDirectByteBufferStream(output, input, directive);
      output.flip();
      int n = output.remaining();
      output.get(chunk, 0, n);
      out.write(chunk, 0, n);
    } while (directive == EndDirective.END ? !done : input.hasRemaining());
    input.clear();
  }

  @Override
  public void close() throws IOException {
    if (closed) {
      return;
    }
    closed = true;
    try (out) {
      compress(EndDirective.END);
    } finally {
      context.close();
    }
  }
}
