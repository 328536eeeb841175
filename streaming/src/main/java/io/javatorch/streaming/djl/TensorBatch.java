package io.javatorch.streaming.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import java.nio.ByteBuffer;

/**
 * A batch in direct buffers, one for each column, made by a worker thread. Turn it into tensors
 * once with {@link #toNDList}; a batch that is not needed can be dropped.
 */
public final class TensorBatch {
  private final TensorCollector collector;
  private final ByteBuffer[] columns;
  private final int size;
  private boolean taken;

  TensorBatch(TensorCollector collector, ByteBuffer[] columns, int size) {
    this.collector = collector;
    this.columns = columns;
    this.size = size;
  }

  /** Samples in the batch. */
  public int size() {
    return size;
  }

  /**
   * Copies the batch to tensors on the manager's device, one for each column in the order of the
   * collector, with the column's name; their first dimension is {@link #size}. The tensors share no
   * memory with the batch.
   *
   * @throws IllegalStateException if it was called before
   */
  public NDList toNDList(NDManager manager) {
    if (taken) {
      throw new IllegalStateException("the batch has been turned into tensors already");
    }
    taken = true;
    var list = new NDList(columns.length);
    for (int i = 0; i < columns.length; i++) {
      list.add(copy(manager, collector.column(i), columns[i]));
    }
    collector.recycle(columns);
    return list;
  }

  private NDArray copy(NDManager manager, TensorColumn column, ByteBuffer data) {
    var shape = column.batchShape(size);
    NDArray array;
    if (manager.getDevice().isGpu()) {
      // From a direct buffer the engine copies straight to the device.
      array = manager.create(data, shape, column.dataType());
    } else {
      // On the CPU it would keep using the buffer, which the next batch overwrites.
      array = manager.create(shape, column.dataType());
      array.toByteBuffer(true).put(data);
    }
    array.setName(column.name());
    return array;
  }
}
