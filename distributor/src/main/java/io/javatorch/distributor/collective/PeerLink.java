package io.javatorch.distributor.collective;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * The connection to one peer: frames that wait to be sent, and the frame that is being received. A
 * frame is a type (1 byte), 3 bytes of padding, the payload's length (4 bytes) and the payload, all
 * little-endian except the payload of {@link #DATA}, which is in the ranks' common native order.
 */
final class PeerLink {
  /** Opens a call: sequence number (8 bytes), {@link CallDescriptor}. */
  static final byte CALL = 1;

  /** A piece of the data of the call that was opened last. */
  static final byte DATA = 2;

  /** The sender waits in a call: sequence number (8 bytes). */
  static final byte WAITING = 3;

  /** The sender's group has failed: see {@link Failure}. */
  static final byte ABORT = 4;

  /** The sender leaves. */
  static final byte BYE = 5;

  static final int PREFIX_BYTES = 8;
  static final int CALL_BYTES = 8 + CallDescriptor.ENCODED_BYTES;

  /** Holds any control frame; longer aborts are cut by their sender. */
  private static final int INPUT_BYTES = 8192;

  static final int MAX_CONTROL_BYTES = INPUT_BYTES - PREFIX_BYTES;

  final int rank;
  final SocketChannel channel;
  final SelectionKey key;

  /** Received and not yet parsed; in reading position. */
  final ByteBuffer input =
      ByteBuffer.allocateDirect(INPUT_BYTES).order(ByteOrder.LITTLE_ENDIAN).limit(0);

  /** Where the payload of the {@link #DATA} frame at hand goes; null between frames. */
  ByteBuffer target;

  /** The next frame opens a call that this rank has not come to: nothing is read until then. */
  boolean held;

  /** The call the peer is known to have come to. */
  long sequence;

  /** Whether the peer has opened the current call. */
  boolean opened;

  long lastHeardNanos;
  boolean saidBye;

  /** End of the stream, or the reason why it broke; the link is useless then. */
  String gone;

  long goneSinceNanos;

  private final Deque<ByteBuffer> output = new ArrayDeque<>();

  PeerLink(int rank, SocketChannel channel, SelectionKey key) {
    this.rank = rank;
    this.channel = channel;
    this.key = key;
  }

  static ByteBuffer control(byte type, int payload) {
    return ByteBuffer.allocate(PREFIX_BYTES + payload)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(type)
        .putInt(payload);
  }

  /** Queues a buffer, which must not change until {@link #idle()}. */
  void enqueue(ByteBuffer bytes) {
    output.add(bytes);
  }

  /** Whether all that was queued is with the operating system. */
  boolean idle() {
    return output.isEmpty();
  }

  /** Writes what the socket takes. */
  boolean flush() throws IOException {
    boolean progress = false;
    while (!output.isEmpty()) {
      ByteBuffer first = output.peek();
      long written;
      if (output.size() == 1) {
        written = channel.write(first);
      } else {
        written = channel.write(output.toArray(ByteBuffer[]::new), 0, Math.min(output.size(), 16));
      }
      progress |= written > 0;
      while (!output.isEmpty() && !output.peek().hasRemaining()) {
        output.remove();
      }
      if (written == 0) {
        break;
      }
    }
    interest(SelectionKey.OP_WRITE, !output.isEmpty());
    return progress;
  }

  /**
   * Makes at least {@code count} bytes available in {@link #input}; false if they are not there.
   */
  boolean fill(int count) throws IOException {
    while (input.remaining() < count) {
      int start = input.remaining();
      input.compact();
      int read = channel.read(input);
      input.flip();
      if (read < 0) {
        throw new EndOfStream();
      }
      if (input.remaining() == start) {
        return false;
      }
    }
    return true;
  }

  /** Moves received bytes to {@link #target}; false if it is not full yet. */
  boolean fillTarget() throws IOException {
    if (input.hasRemaining()) {
      int count = Math.min(input.remaining(), target.remaining());
      target.put(input.slice(input.position(), count));
      input.position(input.position() + count);
    }
    while (target.hasRemaining()) {
      int read = channel.read(target);
      if (read < 0) {
        throw new EndOfStream();
      }
      if (read == 0) {
        return false;
      }
    }
    return true;
  }

  void interest(int operation, boolean wanted) {
    if (key.isValid()) {
      int before = key.interestOps();
      int after = wanted ? before | operation : before & ~operation;
      if (before != after) {
        key.interestOps(after);
      }
    }
  }

  /** The peer closed its side. */
  static final class EndOfStream extends IOException {
    private static final long serialVersionUID = 1L;

    EndOfStream() {
      super("connection closed");
    }
  }
}
