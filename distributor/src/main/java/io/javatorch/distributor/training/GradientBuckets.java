package io.javatorch.distributor.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.javatorch.distributor.collective.ElementType;
import io.javatorch.distributor.collective.ProcessGroup;
import io.javatorch.distributor.collective.ReduceOp;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * Flat buffers through which tensors are reduced: many small tensors in one call. Each bucket holds
 * tensors of one type, in parameter order, and lives as long as the trainer.
 */
final class GradientBuckets {
  private static final int ALIGNMENT = 64;

  /** A tensor's place in a bucket. */
  private record Slot(NamedParameter parameter, int offset, int bytes) {}

  private static final class Bucket {
    final ElementType type;
    final List<Slot> slots = new ArrayList<>();
    int bytes;
    ByteBuffer memory;

    Bucket(ElementType type) {
      this.type = type;
    }

    ByteBuffer of(Slot slot) {
      return memory.slice(slot.offset(), slot.bytes()).order(ByteOrder.nativeOrder());
    }
  }

  private final List<Bucket> buckets = new ArrayList<>();

  /** By position of the parameter in the list that was given; views of the buckets' memory. */
  private final List<NDArray> reduced = new ArrayList<>();

  /**
   * Lays out buckets.
   *
   * @param firstBytes limit of the first bucket of each type, small so that it is under way soon
   * @param otherBytes limit of all others; a tensor larger than a limit gets its own bucket
   */
  GradientBuckets(
      NDManager manager, List<NamedParameter> parameters, int firstBytes, int otherBytes) {
    List<Bucket> open = new ArrayList<>();
    for (NamedParameter parameter : parameters) {
      NDArray array = parameter.array();
      ElementType type = TensorMemory.elementType(parameter.name(), array.getDataType());
      long size = array.size() * type.bytes();
      if (size > Integer.MAX_VALUE - 2 * ALIGNMENT) {
        throw new TrainingException(
            "parameter " + parameter.name() + " has " + size + " bytes, more than 2 GiB");
      }
      int bytes = (int) size;
      Bucket bucket =
          open.stream().filter(candidate -> candidate.type == type).findFirst().orElse(null);
      boolean first = buckets.stream().noneMatch(other -> other != bucket && other.type == type);
      if (bucket == null || bucket.bytes + size > (first ? firstBytes : otherBytes)) {
        open.remove(bucket);
        open.add(new Bucket(type));
        buckets.add(open.get(open.size() - 1));
      }
      Bucket target = open.get(open.size() - 1);
      if (bucket != null && open.contains(bucket)) {
        target = bucket;
      }
      target.slots.add(new Slot(parameter, target.bytes, bytes));
      target.bytes += (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
    for (Bucket bucket : buckets) {
      bucket.memory = ByteBuffer.allocateDirect(bucket.bytes + ALIGNMENT).alignedSlice(ALIGNMENT);
      bucket.memory.limit(bucket.bytes);
    }
    for (NamedParameter parameter : parameters) {
      for (Bucket bucket : buckets) {
        for (Slot slot : bucket.slots) {
          if (slot.parameter() == parameter) {
            NDArray array = parameter.array();
            // On the CPU the array shares the bucket's memory; elsewhere see toTensors.
            reduced.add(
                manager.create(bucket.of(slot), array.getShape(), array.getDataType()));
          }
        }
      }
    }
  }

  /** Where a bucket's values come from. */
  interface Source {
    /** The tensor's values, or null for zeros. */
    ByteBuffer of(NamedParameter parameter);
  }

  /**
   * Replaces every bucket by its mean over all ranks, weighted by {@code weight}: the sum of the
   * ranks' weights must be the world size.
   */
  void reduce(ProcessGroup group, Source source, float weight) {
    for (Bucket bucket : buckets) {
      for (Slot slot : bucket.slots) {
        ByteBuffer values = weight == 0 ? null : source.of(slot.parameter());
        ByteBuffer target = bucket.of(slot);
        if (values == null) {
          zero(target);
        } else {
          target.put(values.duplicate());
          if (weight != 1) {
            scale(bucket.of(slot), bucket.type, weight);
          }
        }
      }
      if (group.worldSize() > 1) {
        group.allReduce(bucket.memory.duplicate(), bucket.type, ReduceOp.MEAN);
      }
    }
  }

  /** The reduced tensors in the order of the parameters; they are the buckets' memory. */
  List<NDArray> reduced() {
    for (int i = 0; i < reduced.size(); i++) {
      if (!TensorMemory.onCpu(reduced.get(i))) {
        refresh(i);
      }
    }
    return reduced;
  }

  private void refresh(int index) {
    int at = index;
    for (Bucket bucket : buckets) {
      for (Slot slot : bucket.slots) {
        if (at-- == 0) {
          TensorMemory.write(reduced.get(index), bucket.of(slot));
          return;
        }
      }
    }
  }

  private static void zero(ByteBuffer target) {
    while (target.remaining() >= 8) {
      target.putLong(0);
    }
    while (target.hasRemaining()) {
      target.put((byte) 0);
    }
  }

  private static void scale(ByteBuffer values, ElementType type, float weight) {
    if (type == ElementType.FLOAT32) {
      for (int at = 0; at < values.limit(); at += 4) {
        values.putFloat(at, values.getFloat(at) * weight);
      }
    } else {
      for (int at = 0; at < values.limit(); at += 8) {
        values.putDouble(at, values.getDouble(at) * weight);
      }
    }
  }
}
