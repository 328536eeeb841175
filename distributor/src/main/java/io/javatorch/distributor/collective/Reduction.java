package io.javatorch.distributor.collective;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.nio.ShortBuffer;
import java.util.EnumMap;
import java.util.Map;

/**
 * Element-wise arithmetic on native-order buffers. Works block by block through small heap arrays,
 * because the JIT of JDK 17 vectorises loops over arrays and not those over direct buffers; a block
 * stays in the first-level cache. 16-bit floats are computed in single precision and rounded to
 * nearest even at the end. Not thread-safe.
 */
final class Reduction {
  private static final int BLOCK = 2048;

  private final Map<ElementType, Kernel> kernels = new EnumMap<>(ElementType.class);

  /**
   * {@code out = inputs[0] op inputs[1] op ...}, in this order, for all remaining elements;
   * positions stay. {@code out} may be one of the inputs.
   *
   * @param divisor what the result is divided by at the end; 1 for operations that do not average
   */
  void combine(ByteBuffer[] inputs, ByteBuffer out, ElementType type, ReduceOp op, int divisor) {
    Kernel kernel = kernels.computeIfAbsent(type, Reduction::kernel);
    int count = out.remaining() / type.bytes();
    int step = BLOCK * type.bytes();
    for (int at = 0; at < count * type.bytes(); at += step) {
      int n = Math.min(BLOCK, count - at / type.bytes());
      kernel.load(window(inputs[0], at, n, type), n);
      for (int i = 1; i < inputs.length; i++) {
        kernel.combine(window(inputs[i], at, n, type), n, op);
      }
      if (divisor != 1) {
        kernel.divide(n, divisor);
      }
      kernel.store(window(out, at, n, type), n);
    }
  }

  private static ByteBuffer window(ByteBuffer buffer, int at, int n, ElementType type) {
    return buffer.slice(buffer.position() + at, n * type.bytes()).order(ByteOrder.nativeOrder());
  }

  private static Kernel kernel(ElementType type) {
    return switch (type) {
      case FLOAT32 -> new Floats();
      case FLOAT64 -> new Doubles();
      case INT32 -> new Ints();
      case INT64 -> new Longs();
      case FLOAT16 -> new ShortFloats(Halves::toFloat, Halves::fromFloat);
      case BFLOAT16 -> new ShortFloats(Halves::brainToFloat, Halves::brainFromFloat);
    };
  }

  /** Arithmetic on one block of one type. */
  private interface Kernel {
    void load(ByteBuffer from, int n);

    void combine(ByteBuffer from, int n, ReduceOp op);

    void divide(int n, int divisor);

    void store(ByteBuffer to, int n);
  }

  private static final class Floats implements Kernel {
    final float[] values = new float[BLOCK];
    final float[] others = new float[BLOCK];

    @Override
    public void load(ByteBuffer from, int n) {
      FloatBuffer view = from.asFloatBuffer();
      view.get(0, values, 0, n);
    }

    @Override
    public void combine(ByteBuffer from, int n, ReduceOp op) {
      FloatBuffer view = from.asFloatBuffer();
      view.get(0, others, 0, n);
      combineOthers(n, op);
    }

    void combineOthers(int n, ReduceOp op) {
      switch (op) {
        case SUM, MEAN -> add(values, others, n);
        case MIN -> min(values, others, n);
        case MAX -> max(values, others, n);
        case PRODUCT -> multiply(values, others, n);
      }
    }

    @Override
    public void divide(int n, int divisor) {
      for (int i = 0; i < n; i++) {
        values[i] /= divisor;
      }
    }

    @Override
    public void store(ByteBuffer to, int n) {
      FloatBuffer view = to.asFloatBuffer();
      view.put(0, values, 0, n);
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
  }

  private static final class Doubles implements Kernel {
    final double[] values = new double[BLOCK];
    final double[] others = new double[BLOCK];

    @Override
    public void load(ByteBuffer from, int n) {
      DoubleBuffer view = from.asDoubleBuffer();
      view.get(0, values, 0, n);
    }

    @Override
    public void combine(ByteBuffer from, int n, ReduceOp op) {
      DoubleBuffer view = from.asDoubleBuffer();
      view.get(0, others, 0, n);
      combineOthers(n, op);
    }

    private void combineOthers(int n, ReduceOp op) {
      switch (op) {
        case SUM, MEAN -> add(values, others, n);
        case MIN -> min(values, others, n);
        case MAX -> max(values, others, n);
        case PRODUCT -> multiply(values, others, n);
      }
    }

    @Override
    public void divide(int n, int divisor) {
      for (int i = 0; i < n; i++) {
        values[i] /= divisor;
      }
    }

    @Override
    public void store(ByteBuffer to, int n) {
      DoubleBuffer view = to.asDoubleBuffer();
      view.put(0, values, 0, n);
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
  }

  private static final class Ints implements Kernel {
    final int[] values = new int[BLOCK];
    final int[] others = new int[BLOCK];

    @Override
    public void load(ByteBuffer from, int n) {
      IntBuffer view = from.asIntBuffer();
      view.get(0, values, 0, n);
    }

    @Override
    public void combine(ByteBuffer from, int n, ReduceOp op) {
      IntBuffer view = from.asIntBuffer();
      view.get(0, others, 0, n);
      combineOthers(n, op);
    }

    private void combineOthers(int n, ReduceOp op) {
      switch (op) {
        case SUM, MEAN -> add(values, others, n);
        case MIN -> min(values, others, n);
        case MAX -> max(values, others, n);
        case PRODUCT -> multiply(values, others, n);
      }
    }

    @Override
    public void divide(int n, int divisor) {
      throw new IllegalArgumentException("no mean of integers");
    }

    @Override
    public void store(ByteBuffer to, int n) {
      IntBuffer view = to.asIntBuffer();
      view.put(0, values, 0, n);
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
  }

  private static final class Longs implements Kernel {
    final long[] values = new long[BLOCK];
    final long[] others = new long[BLOCK];

    @Override
    public void load(ByteBuffer from, int n) {
      LongBuffer view = from.asLongBuffer();
      view.get(0, values, 0, n);
    }

    @Override
    public void combine(ByteBuffer from, int n, ReduceOp op) {
      LongBuffer view = from.asLongBuffer();
      view.get(0, others, 0, n);
      combineOthers(n, op);
    }

    private void combineOthers(int n, ReduceOp op) {
      switch (op) {
        case SUM, MEAN -> add(values, others, n);
        case MIN -> min(values, others, n);
        case MAX -> max(values, others, n);
        case PRODUCT -> multiply(values, others, n);
      }
    }

    @Override
    public void divide(int n, int divisor) {
      throw new IllegalArgumentException("no mean of integers");
    }

    @Override
    public void store(ByteBuffer to, int n) {
      LongBuffer view = to.asLongBuffer();
      view.put(0, values, 0, n);
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

  private interface ToFloat {
    float of(short bits);
  }

  private interface FromFloat {
    short of(float value);
  }

  /** 16-bit floats, computed as floats. */
  private static final class ShortFloats implements Kernel {
    private final Floats floats = new Floats();
    private final short[] bits = new short[BLOCK];
    private final ToFloat decode;
    private final FromFloat encode;

    ShortFloats(ToFloat decode, FromFloat encode) {
      this.decode = decode;
      this.encode = encode;
    }

    @Override
    public void load(ByteBuffer from, int n) {
      decode(from, floats.values, n);
    }

    @Override
    public void combine(ByteBuffer from, int n, ReduceOp op) {
      decode(from, floats.others, n);
      floats.combineOthers(n, op);
    }

    private void decode(ByteBuffer from, float[] to, int n) {
      ShortBuffer view = from.asShortBuffer();
      view.get(0, bits, 0, n);
      for (int i = 0; i < n; i++) {
        to[i] = decode.of(bits[i]);
      }
    }

    @Override
    public void divide(int n, int divisor) {
      floats.divide(n, divisor);
    }

    @Override
    public void store(ByteBuffer to, int n) {
      for (int i = 0; i < n; i++) {
        bits[i] = encode.of(floats.values[i]);
      }
      to.asShortBuffer().put(0, bits, 0, n);
    }
  }
}
