package io.javatorch.distributor.training;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import io.javatorch.distributor.checkpoint.SavedTensor;
import io.javatorch.distributor.collective.ElementType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;

/**
 * Reads and writes tensors as raw bytes in native order. On the CPU that is the tensor's own
 * memory; elsewhere the bytes are copied.
 */
final class TensorMemory {
  private TensorMemory() {}

  /** The element type of a tensor that is averaged over the ranks. */
  static ElementType floatingType(String name, DataType type) {
    return switch (type) {
      case FLOAT32 -> ElementType.FLOAT32;
      case FLOAT64 -> ElementType.FLOAT64;
      default ->
          throw new TrainingException(
              "parameter "
                  + name
                  + " is of type "
                  + type
                  + ", which cannot be averaged over ranks: use FLOAT32 or FLOAT64");
    };
  }

  static boolean onCpu(NDArray array) {
    return array.getDevice().equals(Device.cpu());
  }

  /**
   * The tensor's bytes, for reading. A CPU tensor that is contiguous gives its own memory; of
   * others a copy is left with {@code scope}, which must outlive the use.
   */
  static ByteBuffer read(NDArray array, NDManager scope) {
    if (onCpu(array)) {
      return memory(array);
    }
    NDArray copy = array.toDevice(Device.cpu(), true);
    copy.attach(scope);
    return memory(copy);
  }

  /** The memory of a contiguous CPU tensor; see {@link #checkWritable}. */
  static ByteBuffer memory(NDArray array) {
    return array.toByteBuffer(true).order(ByteOrder.nativeOrder());
  }

  /**
   * Checks that DJL gives the CPU tensor's memory itself and not a copy, to which writes would be
   * lost.
   */
  static void checkWritable(String name, NDArray array) {
    if (!onCpu(array) || array.size() == 0) {
      return;
    }
    ByteBuffer one = memory(array);
    byte before = one.get(0);
    byte other = (byte) ~before;
    one.put(0, other);
    boolean live = memory(array).get(0) == other;
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

  /** Overwrites the tensor, which is contiguous, with bytes of its own size. */
  static void write(NDArray array, ByteBuffer bytes) {
    if (onCpu(array)) {
      // Not NDArray.set: a CPU tensor would then live in the Java buffer.
      memory(array).put(bytes.duplicate());
    } else {
      ByteBuffer direct = ByteBuffer.allocateDirect(bytes.remaining());
      direct.order(ByteOrder.nativeOrder()).put(bytes.duplicate()).flip();
      array.set(direct);
    }
  }

  static void zero(NDArray array) {
    write(
        array,
        ByteBuffer.allocate(Math.toIntExact(array.size() * array.getDataType().getNumOfBytes())));
  }

  /** A copy of the tensor. */
  static SavedTensor save(String name, NDArray array) {
    ByteBuffer copy;
    try (NDManager scope = NDManager.newBaseManager(Device.cpu())) {
      ByteBuffer bytes = read(array, scope);
      copy = ByteBuffer.allocateDirect(bytes.remaining()).put(bytes).flip();
    }
    return new SavedTensor(savedType(name, array.getDataType()), shape(array), copy);
  }

  /** Checks that a saved tensor has a tensor's type and shape. */
  static void checkFits(String name, NDArray array, SavedTensor saved) {
    SavedTensor.Type type = savedType(name, array.getDataType());
    if (saved.type() != type || !saved.shape().equals(shape(array))) {
      throw new TrainingException(
          name
              + " is "
              + type
              + shape(array)
              + " in the model but "
              + saved
              + " in the checkpoint");
    }
  }

  private static List<Long> shape(NDArray array) {
    return Arrays.stream(array.getShape().getShape()).boxed().toList();
  }

  private static SavedTensor.Type savedType(String name, DataType type) {
    return switch (type) {
      case BOOLEAN -> SavedTensor.Type.BOOL;
      case UINT8 -> SavedTensor.Type.U8;
      case INT8 -> SavedTensor.Type.I8;
      case INT16 -> SavedTensor.Type.I16;
      case INT32 -> SavedTensor.Type.I32;
      case INT64 -> SavedTensor.Type.I64;
      case FLOAT16 -> SavedTensor.Type.F16;
      case BFLOAT16 -> SavedTensor.Type.BF16;
      case FLOAT32 -> SavedTensor.Type.F32;
      case FLOAT64 -> SavedTensor.Type.F64;
      default ->
          throw new TrainingException(
              name + " is of type " + type + ", which has no checkpoint form");
    };
  }
}
