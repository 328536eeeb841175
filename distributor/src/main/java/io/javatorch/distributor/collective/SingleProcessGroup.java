package io.javatorch.distributor.collective;

import java.nio.ByteBuffer;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** A world of one: arguments are checked as in a larger world, then nothing is left to do. */
final class SingleProcessGroup implements ProcessGroup {
  private volatile boolean closed;

  @Override
  public int rank() {
    return 0;
  }

  @Override
  public int worldSize() {
    return 1;
  }

  @Override
  public void allReduce(ByteBuffer data, ElementType type, ReduceOp op) {
    Arguments.checkReduction(data, type, op);
    checkOpen();
  }

  @Override
  public void allReduce(FloatBuffer data, ReduceOp op) {
    Arguments.checkReduction(data, ElementType.FLOAT32, op);
    checkOpen();
  }

  @Override
  public void allReduce(DoubleBuffer data, ReduceOp op) {
    Arguments.checkReduction(data, ElementType.FLOAT64, op);
    checkOpen();
  }

  @Override
  public void allReduce(IntBuffer data, ReduceOp op) {
    Arguments.checkReduction(data, ElementType.INT32, op);
    checkOpen();
  }

  @Override
  public void allReduce(LongBuffer data, ReduceOp op) {
    Arguments.checkReduction(data, ElementType.INT64, op);
    checkOpen();
  }

  @Override
  public CompletableFuture<Void> allReduceAsync(ByteBuffer data, ElementType type, ReduceOp op) {
    allReduce(data, type, op);
    return CompletableFuture.completedFuture(null);
  }

  @Override
  public void reduceScatter(ByteBuffer data, ElementType type, ReduceOp op) {
    allReduce(data, type, op);
  }

  @Override
  public List<byte[]> gather(byte[] data, int root) {
    Arguments.checkRoot(root, 1);
    return allGather(data);
  }

  @Override
  public void broadcast(ByteBuffer data, int root) {
    Arguments.checkBroadcast(data, root, 0, 1);
    checkOpen();
  }

  @Override
  public List<byte[]> allGather(byte[] data) {
    byte[] copy = data.clone();
    checkOpen();
    return List.of(copy);
  }

  @Override
  public void barrier() {
    checkOpen();
  }

  @Override
  public void close() {
    closed = true;
  }

  private void checkOpen() {
    if (closed) {
      throw new CollectiveException("this process group is closed");
    }
  }
}
