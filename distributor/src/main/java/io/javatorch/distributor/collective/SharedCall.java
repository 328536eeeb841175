package io.javatorch.distributor.collective;

import io.javatorch.distributor.collective.CallDescriptor.Kind;
import java.nio.ByteBuffer;

/**
 * A call of ranks that share memory. Every rank first puts up what it calls, and small data with
 * it; with that, small calls are done. Large data goes through the slots in pieces. Of each piece,
 * each rank reduces one part: it takes its own values from where they are and the others' from
 * their slots, always in rank order, and puts the result where the others find it. Up to two pieces
 * are under way.
 */
final class SharedCall implements Call {
  private final SocketProcessGroup group;
  private final CallDescriptor descriptor;
  private final Elements data;
  private final int rank;
  private final int worldSize;
  private final SharedMemory shared;
  private final Reduction reduction;
  private final ByteBuffer scratch;
  private final byte[] contribution;

  /** What this rank's counters of pieces were before; the same on every rank. */
  private final long base;

  private final int pieces;
  private final boolean small;
  private final CallDescriptor[] theirs;
  private long sequence;
  private boolean allArrived;
  private int written;
  private int reduced;
  private int consumed;
  private boolean finished;

  private SharedCall(
      SocketProcessGroup group,
      CallDescriptor descriptor,
      Elements data,
      byte[] contribution,
      SharedMemory shared,
      Reduction reduction,
      ByteBuffer scratch) {
    this.group = group;
    this.descriptor = descriptor;
    this.data = data;
    this.contribution = contribution;
    this.rank = group.rank();
    this.worldSize = group.worldSize();
    this.shared = shared;
    this.reduction = reduction;
    this.scratch = scratch;
    this.base = shared.counter(rank, SharedMemory.CONSUMED);
    this.small = data == null || descriptor.bytes() <= SharedMemory.SMALL_BYTES;
    this.pieces =
        small
            ? 0
            : (int)
                ((descriptor.bytes() + SharedMemory.PIECE_BYTES - 1) / SharedMemory.PIECE_BYTES);
    this.theirs = new CallDescriptor[worldSize];
  }

  /** An all-reduce, broadcast or barrier. */
  static SharedCall of(
      SocketProcessGroup group,
      CallDescriptor call,
      Elements data,
      SharedMemory shared,
      Reduction reduction,
      ByteBuffer scratch) {
    return new SharedCall(group, call, data, null, shared, reduction, scratch);
  }

  /** An all-gather of data that may be too large for this: see {@link #gathered}. */
  static SharedCall gather(
      SocketProcessGroup group, CallDescriptor call, byte[] own, SharedMemory shared) {
    return new SharedCall(group, call, null, own, shared, null, null);
  }

  @Override
  public CallDescriptor descriptor() {
    return descriptor;
  }

  @Override
  public void start(long call, PeerLink[] links) {
    sequence = call;
    ByteBuffer opening = shared.opening(rank, sequence);
    opening.putLong(sequence);
    descriptor.encode(opening);
    int bytes = (int) Math.min(descriptor.bytes(), SharedMemory.SMALL_BYTES);
    if (contribution != null) {
      if (contribution.length <= SharedMemory.SMALL_BYTES) {
        shared.small(rank, sequence, contribution.length).put(contribution);
      }
    } else if (small && bytes > 0 && sends()) {
      data.read(0, shared.small(rank, sequence, bytes));
    }
    shared.publish(rank, SharedMemory.ARRIVED, sequence);
  }

  private boolean sends() {
    return descriptor.kind() != Kind.BROADCAST || rank == descriptor.root();
  }

  @Override
  public boolean pump() {
    if (finished) {
      return false;
    }
    if (!allArrived) {
      if (!shared.reached(SharedMemory.ARRIVED, sequence)) {
        return false;
      }
      for (int other = 0; other < worldSize; other++) {
        ByteBuffer opening = shared.opening(other, sequence);
        opening.getLong();
        theirs[other] = CallDescriptor.decode(opening);
        if (!theirs[other].matches(descriptor)) {
          throw group.mismatch(other, theirs[other], descriptor);
        }
      }
      allArrived = true;
      if (small) {
        finishSmall();
        finished = true;
      }
      return true;
    }
    boolean progress = descriptor.kind() == Kind.BROADCAST ? passOn() : reduce();
    if (consumed == pieces) {
      shared.publish(rank, SharedMemory.WRITTEN, base + pieces);
      shared.publish(rank, SharedMemory.REDUCED, base + pieces);
      shared.publish(rank, SharedMemory.CONSUMED, base + pieces);
      finished = true;
    }
    return progress;
  }

  private void finishSmall() {
    int bytes = (int) descriptor.bytes();
    if (data == null || bytes == 0) {
      return;
    }
    if (descriptor.kind() == Kind.BROADCAST) {
      if (rank != descriptor.root()) {
        data.write(0, shared.small(descriptor.root(), sequence, bytes));
      }
      return;
    }
    ByteBuffer[] inputs = new ByteBuffer[worldSize];
    for (int other = 0; other < worldSize; other++) {
      inputs[other] = shared.small(other, sequence, bytes);
    }
    ByteBuffer memory = data.memory(0, bytes);
    ByteBuffer out = memory != null ? memory : scratch.slice(0, bytes);
    reduction.combine(inputs, out, descriptor.type(), descriptor.op(), divisor());
    if (memory == null) {
      data.write(0, out);
    }
  }

  private int divisor() {
    return descriptor.op() == ReduceOp.MEAN ? worldSize : 1;
  }

  private int offset(int piece) {
    return piece * SharedMemory.PIECE_BYTES;
  }

  private int length(int piece) {
    return (int) Math.min(SharedMemory.PIECE_BYTES, descriptor.bytes() - offset(piece));
  }

  /** Where the part of a piece begins that a rank reduces, in bytes from the piece's begin. */
  private int part(int piece, int of) {
    int width = descriptor.type().bytes();
    return (int) ((long) (length(piece) / width) * of / worldSize * width);
  }

  /** Makes the next step that can be made; the latest first, so that places become free. */
  private boolean reduce() {
    if (consumed < reduced && shared.reached(SharedMemory.REDUCED, base + consumed + 1)) {
      for (int other = 0; other < worldSize; other++) {
        if (other != rank) {
          int from = part(consumed, other);
          int bytes = part(consumed, other + 1) - from;
          data.write(offset(consumed) + from, shared.result(base + consumed, from, bytes));
        }
      }
      consumed++;
      shared.publish(rank, SharedMemory.CONSUMED, base + consumed);
      return true;
    }
    if (reduced < written
        && shared.reached(SharedMemory.WRITTEN, base + reduced + 1)
        && shared.reached(SharedMemory.CONSUMED, base + reduced - 1)) {
      reducePart();
      reduced++;
      shared.publish(rank, SharedMemory.REDUCED, base + reduced);
      return true;
    }
    if (written < pieces && shared.reached(SharedMemory.REDUCED, base + written - 1)) {
      for (int other = 0; other < worldSize; other++) {
        if (other != rank) {
          int from = part(written, other);
          int bytes = part(written, other + 1) - from;
          data.read(offset(written) + from, shared.slot(rank, base + written, from, bytes));
        }
      }
      written++;
      shared.publish(rank, SharedMemory.WRITTEN, base + written);
      return true;
    }
    return false;
  }

  private void reducePart() {
    int from = part(reduced, rank);
    int bytes = part(reduced, rank + 1) - from;
    if (bytes == 0) {
      return;
    }
    int at = offset(reduced) + from;
    ByteBuffer own = data.memory(at, bytes);
    if (own == null) {
      own = scratch.slice(0, bytes);
      data.read(at, own);
      own.clear();
    }
    ByteBuffer[] inputs = new ByteBuffer[worldSize];
    for (int other = 0; other < worldSize; other++) {
      inputs[other] = other == rank ? own : shared.slot(other, base + reduced, from, bytes);
    }
    ByteBuffer result = shared.result(base + reduced, from, bytes);
    reduction.combine(inputs, result, descriptor.type(), descriptor.op(), divisor());
    data.write(at, result);
  }

  private boolean passOn() {
    if (rank == descriptor.root()) {
      // A slot is free once all others have taken what was in it.
      if (written == pieces || !othersConsumed(base + written - 1)) {
        return false;
      }
      data.read(offset(written), shared.slot(rank, base + written, 0, length(written)));
      written++;
      shared.publish(rank, SharedMemory.WRITTEN, base + written);
      consumed = written;
      return true;
    }
    int root = descriptor.root();
    if (consumed == pieces || shared.counter(root, SharedMemory.WRITTEN) < base + consumed + 1) {
      return false;
    }
    data.write(offset(consumed), shared.slot(root, base + consumed, 0, length(consumed)));
    consumed++;
    shared.publish(rank, SharedMemory.CONSUMED, base + consumed);
    return true;
  }

  private boolean othersConsumed(long value) {
    for (int other = 0; other < worldSize; other++) {
      if (other != rank && shared.counter(other, SharedMemory.CONSUMED) < value) {
        return false;
      }
    }
    return true;
  }

  /** The gathered data, or null if any rank's was too large: then it takes another call. */
  byte[][] gathered() {
    byte[][] all = new byte[worldSize][];
    for (int other = 0; other < worldSize; other++) {
      if (theirs[other].bytes() > SharedMemory.SMALL_BYTES) {
        return null;
      }
    }
    for (int other = 0; other < worldSize; other++) {
      int bytes = (int) theirs[other].bytes();
      all[other] = new byte[bytes];
      shared.small(other, sequence, bytes).get(all[other]);
    }
    return all;
  }

  @Override
  public void opened(PeerLink from, CallDescriptor other) {
    // Only over sockets, by a rank that makes another kind of call.
    throw SocketProcessGroup.nonsense(from);
  }

  @Override
  public ByteBuffer target(PeerLink from, int length) {
    throw SocketProcessGroup.nonsense(from);
  }

  @Override
  public void dataArrived(PeerLink from) {
    throw SocketProcessGroup.nonsense(from);
  }

  @Override
  public boolean awaits(PeerLink link) {
    if (!allArrived) {
      return shared.counter(link.rank, SharedMemory.ARRIVED) < sequence;
    }
    return !finished && shared.counter(link.rank, SharedMemory.CONSUMED) < base + pieces;
  }

  @Override
  public long arrival(PeerLink link) {
    return shared.counter(link.rank, SharedMemory.ARRIVED);
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

  @Override
  public boolean polls() {
    return true;
  }
}
