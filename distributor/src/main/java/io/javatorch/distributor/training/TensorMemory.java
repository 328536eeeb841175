package io.javatorch.distributor.training;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import io.javatorch.distributor.collective.ElementType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Reads and writes tensors as raw bytes in native order. On the CPU that is the tensor's own memory;
 * elsewhere the bytes are copied.
 */
final class TensorMemory {
  private TensorMemory() {}

  /** The element type that the collectives know for a tensor. */
  static ElementType elementType(String name, DataType type) {
    return switch (type) {
      case FLOAT32 -> ElementType.FLOAT32;
      case FLOAT64 -> ElementType.FLOAT64;
      case INT32 -> ElementType.INT32;
      case INT64 -> ElementType.INT64;
      default ->
          throw new TrainingException(
              "parameter "
                  + name
                  + " is of type "
                  + type
                  + ", which cannot be trained on several ranks: use FLOAT32 or FLOAT64");
    };
  }

  static boolean onCpu(NDArray array) {
    return array.getDevice().equals(Device.cpu());
  }

  /**
   * The tensor's bytes, for reading. The array must belong to a manager that is closed soon: off the
   * CPU, and for tensors that are not contiguous, a copy is left with it.
   */
  static ByteBuffer read(NDArray array) {
    return array.toByteBuffer(true).order(ByteOrder.nativeOrder());
  }

  /**
   * Checks that {@link #read} gives the CPU tensor's memory itself and not a copy, to which writes
   * would be lost.
   */
  static void checkWritable(String name, NDArray array) {
    if (!onCpu(array) || array.size() == 0) {
      return;
    }
    ByteBuffer one = read(array);
    byte before = one.get(0);
    one.put(0, (byte) ~before);
    boolean live = read(array).get(0) == (byte) ~before;
    one.put(0, before);
    if (!live) {
      throw new TrainingException(
          "parameter "
              + name
              + " of shape "
              + array.getShape()
              + " is not contiguous in memory: give the block a contiguous copy of it");
    }
  }

  /** Overwrites the tensor with bytes of its own size. */
  static void write(NDArray array, ByteBuffer bytes) {
    if (onCpu(array)) {
      // Not NDArray.set: on the CPU the tensor would then live in the Java buffer.
      read(array).put(bytes.duplicate());
    } else {
      ByteBuffer direct = ByteBuffer.allocateDirect(bytes.remaining());
      direct.order(ByteOrder.nativeOrder()).put(bytes.duplicate()).flip();
      array.set(direct);
    }
  }
}
