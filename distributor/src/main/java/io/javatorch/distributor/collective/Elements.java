package io.javatorch.distributor.collective;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;

/**
 * The user's data of one call, addressed in bytes from its first element. Direct byte buffers are
 * used where they lie; of anything else only the piece at hand is copied to or from a direct
 * buffer.
 */
sealed interface Elements {
  /** Size of the data in bytes. */
  int bytes();

  /** The memory itself from {@code offset} on, or null if it is not directly reachable. */
  default ByteBuffer memory(int offset, int length) {
    return null;
  }

  /** Fills {@code destination}, which is direct, with the bytes from {@code offset} on. */
  void read(int offset, ByteBuffer destination);

  /** Stores all of {@code source}, which is direct, from {@code offset} on. */
  void write(int offset, ByteBuffer source);

  static Elements of(ByteBuffer data) {
    return new OfBytes(data.slice());
  }

  static Elements of(FloatBuffer data) {
    return new OfFloats(data.slice());
  }

  static Elements of(DoubleBuffer data) {
    return new OfDoubles(data.slice());
  }

  static Elements of(IntBuffer data) {
    return new OfInts(data.slice());
  }

  static Elements of(LongBuffer data) {
    return new OfLongs(data.slice());
  }

  private static int size(int count, int width) {
    long bytes = (long) count * width;
    if (bytes > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(
          bytes + " bytes in one call are too many: at most 2 GiB, split the buffer");
    }
    return (int) bytes;
  }

  /** Bytes, direct or in the heap. */
  record OfBytes(ByteBuffer data) implements Elements {
    @Override
    public int bytes() {
      return data.capacity();
    }

    @Override
    public ByteBuffer memory(int offset, int length) {
      return data.isDirect() ? data.slice(offset, length) : null;
    }

    @Override
    public void read(int offset, ByteBuffer destination) {
      destination.put(data.slice(offset, destination.remaining()));
    }

    @Override
    public void write(int offset, ByteBuffer source) {
      data.slice(offset, source.remaining()).put(source);
    }
  }

  /** Floats in the buffer's own byte order. */
  record OfFloats(FloatBuffer data) implements Elements {
    @Override
    public int bytes() {
      return size(data.capacity(), Float.BYTES);
    }

    @Override
    public void read(int offset, ByteBuffer destination) {
      FloatBuffer view = destination.order(ByteOrder.nativeOrder()).asFloatBuffer();
      view.put(data.slice(offset / Float.BYTES, view.remaining()));
    }

    @Override
    public void write(int offset, ByteBuffer source) {
      FloatBuffer view = source.order(ByteOrder.nativeOrder()).asFloatBuffer();
      data.slice(offset / Float.BYTES, view.remaining()).put(view);
    }
  }

  /** Doubles in the buffer's own byte order. */
  record OfDoubles(DoubleBuffer data) implements Elements {
    @Override
    public int bytes() {
      return size(data.capacity(), Double.BYTES);
    }

    @Override
    public void read(int offset, ByteBuffer destination) {
      DoubleBuffer view = destination.order(ByteOrder.nativeOrder()).asDoubleBuffer();
      view.put(data.slice(offset / Double.BYTES, view.remaining()));
    }

    @Override
    public void write(int offset, ByteBuffer source) {
      DoubleBuffer view = source.order(ByteOrder.nativeOrder()).asDoubleBuffer();
      data.slice(offset / Double.BYTES, view.remaining()).put(view);
    }
  }

  /** Ints in the buffer's own byte order. */
  record OfInts(IntBuffer data) implements Elements {
    @Override
    public int bytes() {
      return size(data.capacity(), Integer.BYTES);
    }

    @Override
    public void read(int offset, ByteBuffer destination) {
      IntBuffer view = destination.order(ByteOrder.nativeOrder()).asIntBuffer();
      view.put(data.slice(offset / Integer.BYTES, view.remaining()));
    }

    @Override
    public void write(int offset, ByteBuffer source) {
      IntBuffer view = source.order(ByteOrder.nativeOrder()).asIntBuffer();
      data.slice(offset / Integer.BYTES, view.remaining()).put(view);
    }
  }

  /** Longs in the buffer's own byte order. */
  record OfLongs(LongBuffer data) implements Elements {
    @Override
    public int bytes() {
      return size(data.capacity(), Long.BYTES);
    }

    @Override
    public void read(int offset, ByteBuffer destination) {
      LongBuffer view = destination.order(ByteOrder.nativeOrder()).asLongBuffer();
      view.put(data.slice(offset / Long.BYTES, view.remaining()));
    }

    @Override
    public void write(int offset, ByteBuffer source) {
      LongBuffer view = source.order(ByteOrder.nativeOrder()).asLongBuffer();
      data.slice(offset / Long.BYTES, view.remaining()).put(view);
    }
  }
}
