package io.javatorch.distributor.collective;

import io.javatorch.distributor.collective.CallDescriptor.Kind;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A call in which data goes round the ring of ranks in pieces, from each rank to the next, and a
 * piece is passed on as soon as it has come.
 *
 * <p>All-reduce: the elements are cut into as many segments as there are ranks. In the first half
 * of the steps each rank adds its own share to a segment that it receives and passes it on, so that
 * at its end each rank holds one finished segment; in the second half the finished segments go
 * round. A segment is always reduced in the same order of ranks, whatever the timing. See Patarasuk
 * and Yuan, "Bandwidth optimal all-reduce algorithms for clusters of workstations", 2009.
 *
 * <p>Reduce-scatter is the first half of that. Broadcast: the root's pieces are passed on until the
 * rank before the root has them.
 */
final class RingCall implements Call {
  private static final int PIECE_BYTES = 256 << 10;

  /** A frame's prefix, then a piece to send, one to receive and one to add to. */
  static final int SCRATCH_BYTES = PeerLink.PREFIX_BYTES + 3 * PIECE_BYTES;

  private final CallDescriptor descriptor;
  private final Elements data;
  private final int rank;
  private final int worldSize;
  private final PeerLink left;
  private final PeerLink right;
  private final Reduction reduction;
  private final ByteBuffer prefix;
  private final ByteBuffer outbox;
  private final ByteBuffer inbox;
  private final ByteBuffer sum;

  /** How many pieces a segment has, empty ones at its end included. */
  private final int pieces;

  /** How many receipts, from the first on, are added to what is here. */
  private final int reducing;

  private final int sends;
  private final int receives;
  private int sent;
  private int received;

  /** The piece that is being received. */
  private ByteBuffer arriving;

  private RingCall(
      CallDescriptor descriptor,
      Elements data,
      int rank,
      PeerLink[] links,
      ByteBuffer scratch,
      Reduction reduction) {
    this.descriptor = descriptor;
    this.data = data;
    this.rank = rank;
    this.worldSize = links.length;
    this.left = links[(rank + worldSize - 1) % worldSize];
    this.right = links[(rank + 1) % worldSize];
    this.reduction = reduction;
    this.prefix = scratch.slice(0, PeerLink.PREFIX_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    this.outbox = scratch.slice(PeerLink.PREFIX_BYTES, PIECE_BYTES);
    this.inbox = scratch.slice(PeerLink.PREFIX_BYTES + PIECE_BYTES, PIECE_BYTES);
    this.sum = scratch.slice(PeerLink.PREFIX_BYTES + 2 * PIECE_BYTES, PIECE_BYTES);
    if (reduces()) {
      long longest = 0;
      for (int segment = 0; segment < worldSize; segment++) {
        longest = Math.max(longest, start(segment + 1) - start(segment));
      }
      pieces = (int) ((longest + PIECE_BYTES - 1) / PIECE_BYTES);
      reducing = (worldSize - 1) * pieces;
      sends = descriptor.kind() == Kind.ALL_REDUCE ? 2 * reducing : reducing;
      receives = sends;
    } else {
      pieces = (int) ((descriptor.bytes() + PIECE_BYTES - 1) / PIECE_BYTES);
      reducing = 0;
      int distance = Math.floorMod(rank - descriptor.root(), worldSize);
      sends = distance == worldSize - 1 ? 0 : pieces;
      receives = distance == 0 ? 0 : pieces;
    }
  }

  static RingCall reduce(
      CallDescriptor call,
      Elements data,
      int rank,
      PeerLink[] links,
      ByteBuffer scratch,
      Reduction reduction) {
    return new RingCall(call, data, rank, links, scratch, reduction);
  }

  static RingCall broadcast(
      CallDescriptor call, Elements data, int rank, PeerLink[] links, ByteBuffer scratch) {
    return new RingCall(call, data, rank, links, scratch, null);
  }

  private boolean reduces() {
    return descriptor.type() != null;
  }

  @Override
  public CallDescriptor descriptor() {
    return descriptor;
  }

  @Override
  public void start(long sequence, PeerLink[] links) {
    ByteBuffer open = PeerLink.control(PeerLink.CALL, PeerLink.CALL_BYTES).putLong(sequence);
    descriptor.encode(open);
    right.enqueue(open.flip());
    skipEmpty();
  }

  /** Where a segment begins, in bytes. */
  private long start(int segment) {
    long elements = descriptor.bytes() / descriptor.type().bytes();
    return elements * segment / worldSize * descriptor.type().bytes();
  }

  /** The segment of a step that is sent ({@code behind} 0) or received ({@code behind} 1). */
  private int segment(int index, int behind) {
    // A scatter begins one segment further back, so that it ends with the rank's own.
    int first = descriptor.kind() == Kind.REDUCE_SCATTER ? rank - 1 : rank;
    return Math.floorMod(first - index / pieces - behind, worldSize);
  }

  private int offset(int index, int behind) {
    if (!reduces()) {
      return index * PIECE_BYTES;
    }
    return (int) (start(segment(index, behind)) + (long) (index % pieces) * PIECE_BYTES);
  }

  private int length(int index, int behind) {
    long end = reduces() ? start(segment(index, behind) + 1) : descriptor.bytes();
    return (int) Math.max(0, Math.min(PIECE_BYTES, end - offset(index, behind)));
  }

  private boolean readyToSend() {
    if (reduces()) {
      return received > sent - pieces;
    }
    return receives == 0 || received > sent;
  }

  @Override
  public boolean pump() {
    boolean progress = false;
    // One piece at a time: its memory is the user's, and the outbox holds just one.
    while (sent < sends && readyToSend() && right.idle() && right.gone == null) {
      int offset = offset(sent, 0);
      int length = length(sent, 0);
      sent++;
      if (length == 0) {
        continue;
      }
      ByteBuffer piece = data.memory(offset, length);
      if (piece == null) {
        piece = outbox.slice(0, length);
        data.read(offset, piece);
        piece.clear();
      }
      right.enqueue(prefix.clear().putInt(PeerLink.DATA).putInt(length).flip());
      right.enqueue(piece);
      progress = true;
      try {
        right.flush();
      } catch (IOException e) {
        // The group's own flush meets the same error and deals with it.
        break;
      }
    }
    return progress;
  }

  @Override
  public void opened(PeerLink from, CallDescriptor theirs) {}

  @Override
  public ByteBuffer target(PeerLink from, int length) {
    if (from != left || received == receives || length != length(received, 1)) {
      throw SocketProcessGroup.nonsense(from);
    }
    boolean store = received >= reducing;
    arriving = store ? data.memory(offset(received, 1), length) : null;
    if (arriving == null) {
      arriving = inbox.slice(0, length);
    }
    return arriving;
  }

  @Override
  public void dataArrived(PeerLink from) {
    arriving.flip();
    int offset = offset(received, 1);
    int length = arriving.remaining();
    if (received < reducing) {
      ByteBuffer own = data.memory(offset, length);
      boolean copied = own == null;
      if (copied) {
        own = sum.slice(0, length);
        data.read(offset, own);
        own.clear();
      }
      boolean mean = descriptor.op() == ReduceOp.MEAN && received >= reducing - pieces;
      reduction.combine(
          new ByteBuffer[] {own, arriving},
          own,
          descriptor.type(),
          descriptor.op(),
          mean ? worldSize : 1);
      if (copied) {
        data.write(offset, own);
      }
    } else if (data.memory(offset, length) == null) {
      data.write(offset, arriving);
    }
    received++;
    skipEmpty();
  }

  private void skipEmpty() {
    while (received < receives && length(received, 1) == 0) {
      received++;
    }
  }

  @Override
  public boolean awaits(PeerLink link) {
    // Every rank hears the opening from its left, even if it gets no data from there.
    return link == left && (received < receives || !link.opened);
  }

  @Override
  public boolean received() {
    return received == receives && left.opened;
  }

  @Override
  public boolean hasMoreToSend() {
    return sent < sends;
  }

  @Override
  public PeerLink streamsFrom() {
    return received < receives ? left : null;
  }
}
