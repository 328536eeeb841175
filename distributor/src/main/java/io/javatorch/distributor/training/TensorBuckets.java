package io.javatorch.distributor.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.javatorch.distributor.collective.CollectiveException;
import io.javatorch.distributor.collective.ElementType;
import io.javatorch.distributor.collective.ProcessGroup;
import io.javatorch.distributor.collective.ReduceOp;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.IntFunction;

/**
 * Flat buffers through which tensors are averaged over the ranks: many small tensors in one call.
 * Each bucket holds tensors of one type, in the order given; they live as long as the trainer.
 */
final class TensorBuckets {
  /** Of tensors within a bucket, in bytes: what vector instructions like. */
  private static final int ALIGNMENT = 64;

  private static final class Bucket {
    final ElementType type;
    final List<Slot> slots = new ArrayList<>();
    int bytes;
    ByteBuffer memory;

    Bucket(ElementType type) {
      this.type = type;
    }
  }

  /** A tensor's place. */
  private record Slot(int index, Bucket bucket, int offset, int bytes) {
    ByteBuffer memory() {
      return bucket.memory.slice(offset, bytes).order(ByteOrder.nativeOrder());
    }
  }

  private final List<Bucket> buckets = new ArrayList<>();
  private final List<Slot> slots = new ArrayList<>();

  /**
   * Lays out buckets for floating-point tensors.
   *
   * @param firstBytes limit of the first bucket of each type, small so that it is under way soon
   * @param otherBytes limit of all others; a tensor larger than a limit gets its own bucket
   */
  TensorBuckets(List<NamedParameter> parameters, int firstBytes, int otherBytes) {
    Map<ElementType, Bucket> open = new EnumMap<>(ElementType.class);
    Map<ElementType, Integer> limits = new EnumMap<>(ElementType.class);
    for (NamedParameter parameter : parameters) {
      NDArray array = parameter.array();
      ElementType type = TensorMemory.floatingType(parameter.name(), array.getDataType());
      long size = array.size() * type.bytes();
      if (size > Integer.MAX_VALUE - 2L * ALIGNMENT) {
        throw new TrainingException(
            "parameter " + parameter.name() + " has " + size + " bytes, more than 2 GiB");
      }
      Bucket bucket = open.get(type);
      if (bucket == null || (long) bucket.bytes + size > limits.get(type)) {
        limits.put(type, bucket == null ? firstBytes : otherBytes);
        bucket = new Bucket(type);
        open.put(type, bucket);
        buckets.add(bucket);
      }
      var slot = new Slot(slots.size(), bucket, bucket.bytes, (int) size);
      slots.add(slot);
      bucket.slots.add(slot);
      bucket.bytes += ((int) size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
    for (Bucket bucket : buckets) {
      ByteBuffer room = ByteBuffer.allocateDirect(bucket.bytes + 2 * ALIGNMENT);
      bucket.memory = room.alignedSlice(ALIGNMENT).slice(0, bucket.bytes);
    }
  }

  /**
   * Averages tensors over all ranks.
   *
   * @param source this rank's values of the tensor at an index, or null for zeros
   * @param weight this rank's weight; over all ranks the weights add up to the world size
   */
  void average(ProcessGroup group, IntFunction<ByteBuffer> source, float weight) {
    List<CompletableFuture<Void>> pending = new ArrayList<>();
    for (Bucket bucket : buckets) {
      for (Slot slot : bucket.slots) {
        ByteBuffer values = weight == 0 ? null : source.apply(slot.index());
        ByteBuffer target = slot.memory();
        if (values == null) {
          fillWithZeros(target);
        } else {
          target.put(values.duplicate());
          if (weight != 1) {
            scale(slot.memory(), bucket.type, weight);
          }
        }
      }
      if (buckets.size() == 1) {
        group.allReduce(bucket.memory.duplicate(), bucket.type, ReduceOp.MEAN);
      } else {
        // While it is under way the next bucket is filled.
        pending.add(group.allReduceAsync(bucket.memory.duplicate(), bucket.type, ReduceOp.MEAN));
      }
    }
    for (CompletableFuture<Void> call : pending) {
      join(call);
    }
  }

  private static void join(CompletableFuture<Void> call) {
    try {
      call.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof CollectiveException cause) {
        // Thrown in the group's thread: this one's place is of interest too.
        cause.addSuppressed(new Throwable("waited for here"));
        throw cause;
      }
      throw e;
    }
  }

  /** The memory of a tensor's average. */
  ByteBuffer averaged(int index) {
    return slots.get(index).memory();
  }

  /** An array for a tensor's average; on the CPU it is the bucket's memory itself. */
  NDArray asArray(NDManager manager, int index, NDArray like) {
    return manager.create(averaged(index), like.getShape(), like.getDataType());
  }

  /** The Euclidean norm of all averaged tensors taken as one vector; the same on every rank. */
  double norm() {
    double squares = 0;
    for (Slot slot : slots) {
      ByteBuffer values = slot.memory();
      if (slot.bucket().type == ElementType.FLOAT32) {
        for (int at = 0; at < values.limit(); at += Float.BYTES) {
          double value = values.getFloat(at);
          squares += value * value;
        }
      } else {
        for (int at = 0; at < values.limit(); at += Double.BYTES) {
          double value = values.getDouble(at);
          squares += value * value;
        }
      }
    }
    return Math.sqrt(squares);
  }

  void scaleAverages(float factor) {
    slots.forEach(slot -> scale(slot.memory(), slot.bucket().type, factor));
  }

  private static void fillWithZeros(ByteBuffer target) {
    while (target.remaining() >= Long.BYTES) {
      target.putLong(0);
    }
    while (target.hasRemaining()) {
      target.put((byte) 0);
    }
  }

  private static void scale(ByteBuffer values, ElementType type, float weight) {
    if (type == ElementType.FLOAT32) {
      for (int at = 0; at < values.limit(); at += Float.BYTES) {
        values.putFloat(at, values.getFloat(at) * weight);
      }
    } else {
      for (int at = 0; at < values.limit(); at += Double.BYTES) {
        values.putDouble(at, values.getDouble(at) * weight);
      }
    }
  }
}
