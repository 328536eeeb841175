package io.javatorch.distributor.checkpoint;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Objects;

/**
 * A tensor as it lies in a checkpoint. Immutable as long as nobody keeps the buffer that it was
 * made from.
 */
public final class SavedTensor {
  /** Element types, under the names of the safetensors format. */
  public enum Type {
    /** One byte, 0 or 1. */
    BOOL(1),
    /** Unsigned 8-bit. */
    U8(1),
    /** Signed 8-bit. */
    I8(1),
    /** Signed 16-bit. */
    I16(2),
    /** Signed 32-bit. */
    I32(4),
    /** Signed 64-bit. */
    I64(8),
    /** IEEE 754 half precision. */
    F16(2),
    /** The upper half of a single-precision number. */
    BF16(2),
    /** IEEE 754 single precision. */
    F32(4),
    /** IEEE 754 double precision. */
    F64(8);

    private final int bytes;

    Type(int bytes) {
      this.bytes = bytes;
    }

    /** Size of one element in bytes. */
    public int bytes() {
      return bytes;
    }
  }

  private final Type type;
  private final List<Long> shape;
  private final ByteBuffer data;

  /**
   * A tensor over the remaining bytes of a buffer, which must not change afterwards.
   *
   * @param shape the dimensions; empty for a scalar
   * @param data elements in row-major order, little-endian
   * @throws IllegalArgumentException if the shape does not have as many bytes as there are
   */
  public SavedTensor(Type type, List<Long> shape, ByteBuffer data) {
    this.type = Objects.requireNonNull(type, "type");
    this.shape = List.copyOf(shape);
    this.data = data.slice().asReadOnlyBuffer();
    if (byteSize(type, shape) != this.data.remaining()) {
      throw new IllegalArgumentException(
          this.data.remaining() + " bytes do not fill a tensor " + type + shape);
    }
  }

  /** Size of a tensor in bytes. */
  static long byteSize(Type type, List<Long> shape) {
    long size = type.bytes();
    for (long dimension : shape) {
      if (dimension < 0) {
        throw new IllegalArgumentException("negative dimension in shape " + shape);
      }
      size = Math.multiplyExact(size, dimension);
    }
    return size;
  }

  /** The element type. */
  public Type type() {
    return type;
  }

  /** The dimensions; empty for a scalar. */
  public List<Long> shape() {
    return shape;
  }

  /** The elements in row-major order: a new read-only little-endian view. */
  public ByteBuffer data() {
    return data.duplicate().order(ByteOrder.LITTLE_ENDIAN);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof SavedTensor that
        && type == that.type
        && shape.equals(that.shape)
        && data.equals(that.data);
  }

  @Override
  public int hashCode() {
    return Objects.hash(type, shape, data);
  }

  @Override
  public String toString() {
    return type + shape.toString();
  }
}
