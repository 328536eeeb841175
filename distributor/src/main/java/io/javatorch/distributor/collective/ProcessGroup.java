package io.javatorch.distributor.collective;

import java.nio.ByteBuffer;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * The ranks of one job, seen from one of them. All ranks must make the same calls in the same
 * order; a call returns once its result is complete on this rank.
 *
 * <p>Buffers: the elements between position and limit take part; position and limit stay as they
 * were. Direct buffers are read and written in place; heap buffers work, by way of small staging
 * copies. While a call runs nobody else may touch the buffer.
 *
 * <p>Results are deterministic: for the same inputs, world size and element count they are the same
 * bits on every rank and in every run, in whatever order messages arrive.
 *
 * <p>Failures: when a rank dies, leaves, or does not come to a call before the deadline, the
 * pending calls of all ranks fail within seconds with {@link RankLostException}, which names it.
 * Ranks that make different calls get {@link CallMismatchException}. Either way the group is then
 * unusable and every later call throws at once. An interrupt of the calling thread also fails the
 * group, with {@link CollectiveException}, and leaves the interrupt flag set.
 *
 * <p>Calls are serialised by a lock. Several threads may share a group only if they agree with the
 * other ranks on the order of their calls.
 */
public interface ProcessGroup extends AutoCloseable {

  /** A group of one rank: no sockets, every operation returns its own input. */
  static ProcessGroup single() {
    return new SingleProcessGroup();
  }

  /** This process's rank, from 0 to {@link #worldSize()} exclusive. */
  int rank();

  /** How many ranks there are. */
  int worldSize();

  /**
   * Replaces each element by its reduction over all ranks.
   *
   * @param data elements of {@code type} in native byte order, whatever {@code data.order()} says
   * @throws IllegalArgumentException if the bytes are no whole number of elements, the buffer is
   *     read-only, or {@link ReduceOp#MEAN} is asked of an integer type
   */
  void allReduce(ByteBuffer data, ElementType type, ReduceOp op);

  /** Replaces each element by its reduction over all ranks. */
  void allReduce(FloatBuffer data, ReduceOp op);

  /** Replaces each element by its reduction over all ranks. */
  void allReduce(DoubleBuffer data, ReduceOp op);

  /** Replaces each element by its reduction over all ranks; {@link ReduceOp#MEAN} is refused. */
  void allReduce(IntBuffer data, ReduceOp op);

  /** Replaces each element by its reduction over all ranks; {@link ReduceOp#MEAN} is refused. */
  void allReduce(LongBuffer data, ReduceOp op);

  /**
   * As {@link #allReduce(ByteBuffer, ElementType, ReduceOp)}, without waiting. Calls that are under
   * way are made one after the other, in the order in which they were begun, in a thread of the
   * group's; any other call of the group waits for them first.
   *
   * @param data not to be touched until the result is there
   * @return completes with null, or with the {@link CollectiveException} that the call failed with
   */
  CompletableFuture<Void> allReduceAsync(ByteBuffer data, ElementType type, ReduceOp op);

  /**
   * Reduces over all ranks and leaves each rank with its own segment of the result: the elements
   * from {@link #segmentStart}{@code (n, rank())} to {@code segmentStart(n, rank() + 1)}. What the
   * other elements are afterwards is not specified.
   */
  void reduceScatter(ByteBuffer data, ElementType type, ReduceOp op);

  /** Where a rank's segment of {@code elements} elements begins; segments differ by at most one. */
  default int segmentStart(int elements, int rank) {
    return (int) ((long) elements * rank / worldSize());
  }

  /**
   * Replaces the bytes by those of rank {@code root}. All ranks give the same number of bytes.
   *
   * @throws IllegalArgumentException if {@code root} is no rank
   */
  void broadcast(ByteBuffer data, int root);

  /**
   * Gives every rank the bytes of all ranks, in rank order. Sizes may differ from rank to rank and
   * may be zero.
   */
  List<byte[]> allGather(byte[] data);

  /**
   * Gives rank {@code root} the bytes of all ranks, in rank order. Sizes may differ from rank to
   * rank.
   *
   * @return empty on other ranks
   * @throws IllegalArgumentException if {@code root} is no rank
   */
  List<byte[]> gather(byte[] data, int root);

  /** Returns once every rank has called this. */
  void barrier();

  /**
   * Leaves the group. Ranks that still wait for this one fail with {@link RankLostException}. Safe
   * to call more than once.
   */
  @Override
  void close();
}
