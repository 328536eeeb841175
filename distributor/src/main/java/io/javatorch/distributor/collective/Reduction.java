package io.javatorch.distributor.collective;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;

/**
 * Element-wise arithmetic on native-order buffers. Works block by block through small heap arrays,
 * because the JIT of JDK 17 vectorises loops over arrays and not those over direct buffers; a block
 * stays in the first-level cache. Not thread-safe.
 */
final class Reduction {
  private static final int BLOCK = 2048;

  private final float[] floats = new float[BLOCK];
  private final float[] otherFloats = new float[BLOCK];
  private final double[] doubles = new double[BLOCK];
  private final double[] otherDoubles = new double[BLOCK];
  private final int[] ints = new int[BLOCK];
  private final int[] otherInts = new int[BLOCK];
  private final long[] longs = new long[BLOCK];
  private final long[] otherLongs = new long[BLOCK];

  /**
   * {@code into = into op from}, for all remaining elements; positions stay. MEAN adds: see {@link
   * #divide}.
   */
  void combine(ByteBuffer into, ByteBuffer from, ElementType type, ReduceOp op) {
    ByteBuffer a = into.slice().order(ByteOrder.nativeOrder());
    ByteBuffer b = from.slice().order(ByteOrder.nativeOrder());
    switch (type) {
      case FLOAT32 -> combine(a.asFloatBuffer(), b.asFloatBuffer(), op);
      case FLOAT64 -> combine(a.asDoubleBuffer(), b.asDoubleBuffer(), op);
      case INT32 -> combine(a.asIntBuffer(), b.asIntBuffer(), op);
      case INT64 -> combine(a.asLongBuffer(), b.asLongBuffer(), op);
    }
  }

  /** Divides every remaining element by {@code divisor}; floating point only. */
  void divide(ByteBuffer data, ElementType type, int divisor) {
    ByteBuffer bytes = data.slice().order(ByteOrder.nativeOrder());
    switch (type) {
      case FLOAT32 -> {
        FloatBuffer values = bytes.asFloatBuffer();
        for (int at = 0; at < values.capacity(); at += BLOCK) {
          int n = Math.min(BLOCK, values.capacity() - at);
          values.get(at, floats, 0, n);
          for (int i = 0; i < n; i++) {
            floats[i] /= divisor;
          }
          values.put(at, floats, 0, n);
        }
      }
      case FLOAT64 -> {
        DoubleBuffer values = bytes.asDoubleBuffer();
        for (int at = 0; at < values.capacity(); at += BLOCK) {
          int n = Math.min(BLOCK, values.capacity() - at);
          values.get(at, doubles, 0, n);
          for (int i = 0; i < n; i++) {
            doubles[i] /= divisor;
          }
          values.put(at, doubles, 0, n);
        }
      }
      default -> throw new IllegalArgumentException("no mean of " + type);
    }
  }

  private void combine(FloatBuffer into, FloatBuffer from, ReduceOp op) {
    for (int at = 0; at < into.capacity(); at += BLOCK) {
      int n = Math.min(BLOCK, into.capacity() - at);
      into.get(at, floats, 0, n);
      from.get(at, otherFloats, 0, n);
      switch (op) {
        case SUM, MEAN -> add(floats, otherFloats, n);
        case MIN -> min(floats, otherFloats, n);
        case MAX -> max(floats, otherFloats, n);
        case PRODUCT -> multiply(floats, otherFloats, n);
      }
      into.put(at, floats, 0, n);
    }
  }

  private void combine(DoubleBuffer into, DoubleBuffer from, ReduceOp op) {
    for (int at = 0; at < into.capacity(); at += BLOCK) {
      int n = Math.min(BLOCK, into.capacity() - at);
      into.get(at, doubles, 0, n);
      from.get(at, otherDoubles, 0, n);
      switch (op) {
        case SUM, MEAN -> add(doubles, otherDoubles, n);
        case MIN -> min(doubles, otherDoubles, n);
        case MAX -> max(doubles, otherDoubles, n);
        case PRODUCT -> multiply(doubles, otherDoubles, n);
      }
      into.put(at, doubles, 0, n);
    }
  }

  private void combine(IntBuffer into, IntBuffer from, ReduceOp op) {
    for (int at = 0; at < into.capacity(); at += BLOCK) {
      int n = Math.min(BLOCK, into.capacity() - at);
      into.get(at, ints, 0, n);
      from.get(at, otherInts, 0, n);
      switch (op) {
        case SUM, MEAN -> add(ints, otherInts, n);
        case MIN -> min(ints, otherInts, n);
        case MAX -> max(ints, otherInts, n);
        case PRODUCT -> multiply(ints, otherInts, n);
      }
      into.put(at, ints, 0, n);
    }
  }

  private void combine(LongBuffer into, LongBuffer from, ReduceOp op) {
    for (int at = 0; at < into.capacity(); at += BLOCK) {
      int n = Math.min(BLOCK, into.capacity() - at);
      into.get(at, longs, 0, n);
      from.get(at, otherLongs, 0, n);
      switch (op) {
        case SUM, MEAN -> add(longs, otherLongs, n);
        case MIN -> min(longs, otherLongs, n);
        case MAX -> max(longs, otherLongs, n);
        case PRODUCT -> multiply(longs, otherLongs, n);
      }
      into.put(at, longs, 0, n);
    }
  }

  private static void add(float[] a, float[] b, int n) {
    for (int i = 0; i < n; i++) {
      a[i] += b[i];
    }
  }

  private static void min(float[] a, float[] b, int n) {
    for (int i = 0; i < n; i++) {
      a[i] = Math.min(a[i], b[i]);
    }
  }

  private static void max(float[] a, float[] b, int n) {
    for (int i = 0; i < n; i++) {
      a[i] = Math.max(a[i], b[i]);
    }
  }

  private static void multiply(float[] a, float[] b, int n) {
    for (int i = 0; i < n; i++) {
      a[i] *= b[i];
    }
  }

  private static void add(double[] a, double[] b, int n) {
    for (int i = 0; i < n; i++) {
      a[i] += b[i];
    }
  }

  private static void min(double[] a, double[] b, int n) {
    for (int i = 0; i < n; i++) {
      a[i] = Math.min(a[i], b[i]);
    }
  }

  private static void max(double[] a, double[] b, int n) {
    for (int i = 0; i < n; i++) {
      a[i] = Math.max(a[i], b[i]);
    }
  }

  private static void multiply(double[] a, double[] b, int n) {
    for (int i = 0; i < n; i++) {
      a[i] *= b[i];
    }
  }

  private static void add(int[] a, int[] b, int n) {
    for (int i = 0; i < n; i++) {
      a[i] += b[i];
    }
  }

  private static void min(int[] a, int[] b, int n) {
    for (int i = 0; i < n; i++) {
      a[i] = Math.min(a[i], b[i]);
    }
  }

  private static void max(int[] a, int[] b, int n) {
    for (int i = 0; i < n; i++) {
      a[i] = Math.max(a[i], b[i]);
    }
  }

  private static void multiply(int[] a, int[] b, int n) {
    for (int i = 0; i < n; i++) {
      a[i] *= b[i];
    }
  }

  private static void add(long[] a, long[] b, int n) {
    for (int i = 0; i < n; i++) {
      a[i] += b[i];
    }
  }

  private static void min(long[] a, long[] b, int n) {
    for (int i = 0; i < n; i++) {
      a[i] = Math.min(a[i], b[i]);
    }
  }

  private static void max(long[] a, long[] b, int n) {
    for (int i = 0; i < n; i++) {
      a[i] = Math.max(a[i], b[i]);
    }
  }

  private static void multiply(long[] a, long[] b, int n) {
    for (int i = 0; i < n; i++) {
      a[i] *= b[i];
    }
  }
}
