package io.javatorch.distributor.collective;

import io.javatorch.distributor.collective.CallDescriptor.Kind;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;

/**
 * A call in which every rank sends its opening frame and its data, if it has any to give, straight
 * to every other rank: one message delay, whatever the world's size. A reduction is then computed
 * by each rank for itself, in rank order, so that all get the same bits.
 */
final class FlatCall implements Call {
  /** Largest payload of one frame. */
  private static final int FRAME_BYTES = 256 << 10;

  private final CallDescriptor descriptor;
  private final int rank;
  private final ByteBuffer scratch;

  /** Null for calls without data, and where the data is gathered. */
  private final Elements data;

  private final Reduction reduction;
  private final byte[][] gathered;

  /** How many bytes have come from each rank; -1 until it has opened the call. */
  private final int[] arrived;

  private final int[] expected;
  private int pending;

  /** Size of the frame that is being received, by sender. */
  private final int[] arriving;

  private boolean finished;

  private FlatCall(
      CallDescriptor descriptor,
      Elements data,
      byte[][] gathered,
      int rank,
      int worldSize,
      ByteBuffer scratch,
      Reduction reduction) {
    this.descriptor = descriptor;
    this.data = data;
    this.gathered = gathered;
    this.rank = rank;
    this.scratch = scratch;
    this.reduction = reduction;
    this.arrived = new int[worldSize];
    this.expected = new int[worldSize];
    this.arriving = new int[worldSize];
    this.pending = worldSize - 1;
    Arrays.fill(arrived, -1);
  }

  static FlatCall barrier(CallDescriptor call, int rank, int worldSize, ByteBuffer scratch) {
    return new FlatCall(call, null, null, rank, worldSize, scratch, null);
  }

  static FlatCall reduce(
      CallDescriptor call,
      Elements data,
      int rank,
      int worldSize,
      ByteBuffer scratch,
      Reduction reduction) {
    return new FlatCall(call, data, null, rank, worldSize, scratch, reduction);
  }

  static FlatCall broadcast(
      CallDescriptor call, Elements data, int rank, int worldSize, ByteBuffer scratch) {
    return new FlatCall(call, data, null, rank, worldSize, scratch, null);
  }

  static FlatCall allGather(
      CallDescriptor call, byte[] own, int rank, int worldSize, ByteBuffer scratch) {
    byte[][] gathered = new byte[worldSize][];
    gathered[rank] = own.clone();
    return new FlatCall(call, null, gathered, rank, worldSize, scratch, null);
  }

  /** The frames to send, then one place for each rank's data. */
  static int scratchBytes(int worldSize, int limit) {
    return headBytes() + limit / (worldSize - 1) * (worldSize + 1);
  }

  private static int headBytes() {
    return PeerLink.PREFIX_BYTES + PeerLink.CALL_BYTES + PeerLink.PREFIX_BYTES;
  }

  @Override
  public CallDescriptor descriptor() {
    return descriptor;
  }

  @Override
  public void start(long sequence, PeerLink[] links) {
    // To any rank; a gather sends it to one alone.
    int payload =
        rank == descriptor.root() && gathered != null
            ? 0
            : payloadOf(rank, descriptor, descriptor.root());
    boolean inScratch = gathered == null || payload <= FRAME_BYTES / 16;
    ByteBuffer head = scratch.duplicate().order(ByteOrder.LITTLE_ENDIAN).clear();
    if (inScratch && gathered != null) {
      // Gathered data needs no places, but may be larger than the scratch of a large world.
      inScratch = headBytes() + payload <= scratch.capacity();
    }
    head.putInt(PeerLink.CALL).putInt(PeerLink.CALL_BYTES).putLong(sequence);
    descriptor.encode(head);
    ByteBuffer opening = head.duplicate().flip();
    if (inScratch && payload > 0) {
      head.putInt(PeerLink.DATA).putInt(payload);
      ByteBuffer room = head.slice(head.position(), payload);
      if (gathered == null) {
        data.read(0, room);
      } else {
        room.put(gathered[rank]);
      }
      head.position(head.position() + payload);
    }
    head.flip();
    ByteBuffer large =
        inScratch ? null : ByteBuffer.allocateDirect(payload).put(gathered[rank]).flip();
    for (PeerLink link : links) {
      if (link == null || link.gone != null) {
        continue;
      }
      boolean givesData = payloadOf(rank, descriptor, link.rank) > 0;
      link.enqueue((givesData ? head : opening).duplicate());
      if (givesData && large != null) {
        for (int at = 0; at < payload; at += FRAME_BYTES) {
          int length = Math.min(FRAME_BYTES, payload - at);
          link.enqueue(
              ByteBuffer.allocate(PeerLink.PREFIX_BYTES)
                  .order(ByteOrder.LITTLE_ENDIAN)
                  .putInt(PeerLink.DATA)
                  .putInt(length)
                  .flip());
          link.enqueue(large.slice(at, length));
        }
      }
    }
  }

  /** How many bytes a rank that made this call sends to another. */
  private static int payloadOf(int sender, CallDescriptor call, int receiver) {
    return switch (call.kind()) {
      case BARRIER -> 0;
      case BROADCAST -> sender == call.root() ? (int) call.bytes() : 0;
      case GATHER -> receiver == call.root() ? (int) call.bytes() : 0;
      case ALL_REDUCE, REDUCE_SCATTER, ALL_GATHER -> (int) call.bytes();
    };
  }

  private ByteBuffer place(int of) {
    int bytes = (int) descriptor.bytes();
    return scratch.slice(headBytes() + bytes + of * bytes, bytes);
  }

  @Override
  public boolean pump() {
    return false;
  }

  @Override
  public void opened(PeerLink from, CallDescriptor theirs) {
    if (theirs.bytes() > Integer.MAX_VALUE - 8) {
      throw SocketProcessGroup.nonsense(from);
    }
    arrived[from.rank] = 0;
    expected[from.rank] = payloadOf(from.rank, theirs, rank);
    if (gathered != null) {
      gathered[from.rank] = new byte[expected[from.rank]];
    }
    advance(from.rank, 0);
  }

  @Override
  public ByteBuffer target(PeerLink from, int length) {
    int at = arrived[from.rank];
    if (length <= 0 || length > expected[from.rank] - at) {
      throw SocketProcessGroup.nonsense(from);
    }
    arriving[from.rank] = length;
    if (gathered != null) {
      return ByteBuffer.wrap(gathered[from.rank], at, length);
    }
    return place(descriptor.kind() == Kind.BROADCAST ? 0 : from.rank).slice(at, length);
  }

  @Override
  public void dataArrived(PeerLink from) {
    advance(from.rank, arriving[from.rank]);
  }

  private void advance(int from, int bytes) {
    arrived[from] += bytes;
    if (arrived[from] == expected[from] && --pending == 0) {
      finish();
    }
  }

  private void finish() {
    if (descriptor.kind() == Kind.BROADCAST && rank != descriptor.root()) {
      data.write(0, place(0));
    } else if (descriptor.type() != null && descriptor.bytes() > 0) {
      data.read(0, place(rank));
      ByteBuffer result = place(0);
      ByteBuffer[] inputs = new ByteBuffer[arrived.length];
      for (int other = 0; other < arrived.length; other++) {
        inputs[other] = place(other);
      }
      int divisor = descriptor.op() == ReduceOp.MEAN ? arrived.length : 1;
      reduction.combine(inputs, result, descriptor.type(), descriptor.op(), divisor);
      data.write(0, result);
    }
    finished = true;
  }

  /** What has come, by rank; empty where nothing was to come. */
  List<byte[]> gathered() {
    return descriptor.root() < 0 || descriptor.root() == rank ? List.of(gathered) : List.of();
  }

  @Override
  public boolean awaits(PeerLink link) {
    return arrived[link.rank] < expected[link.rank] || arrived[link.rank] < 0;
  }

  @Override
  public boolean received() {
    return finished;
  }

  @Override
  public boolean hasMoreToSend() {
    return false;
  }

  @Override
  public PeerLink streamsFrom() {
    return null;
  }
}
