package io.javatorch.streaming.djl;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.javatorch.streaming.BatchCollector;
import io.javatorch.streaming.format.Sample;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Puts samples together in tensors, a column at a time, on the worker threads.
 *
 * <pre>{@code
 * var columns = TensorCollector.builder()
 *     .floats("image", new Shape(1, 28, 28), (sample, out) -> decode(sample.getBuffer("png"), out))
 *     .scalar("label", DataType.INT64)
 *     .build();
 * try (var loader = StreamingDataLoader.builder(dataset).workers(2).collect(columns)) {
 *   for (TensorBatch batch : loader) {
 *     try (NDList tensors = batch.toNDList(manager)) {
 *       train(tensors.get(0), tensors.get(1));
 *     }
 *   }
 * }
 * }</pre>
 *
 * <p>Thread-safe. Buffers of batches that were turned into tensors are used again.
 */
public final class TensorCollector implements BatchCollector<TensorBatch> {
  private static final int MOST_SPARE = 16;

  private final List<TensorColumn> columns;
  private final ConcurrentLinkedQueue<ByteBuffer[]> spare = new ConcurrentLinkedQueue<>();

  private TensorCollector(List<TensorColumn> columns) {
    this.columns = List.copyOf(columns);
  }

  /** Starts without columns. */
  public static Builder builder() {
    return new Builder();
  }

  /** Writes a sample's values to a buffer with room for exactly one sample. */
  @FunctionalInterface
  public interface FloatWriter {
    /**
     * Fills the buffer.
     *
     * @throws Exception to fail the epoch
     */
    void write(Sample sample, FloatBuffer out) throws Exception;
  }

  /** Writes a sample's values to a buffer with room for exactly one sample. */
  @FunctionalInterface
  public interface LongWriter {
    /**
     * Fills the buffer.
     *
     * @throws Exception to fail the epoch
     */
    void write(Sample sample, LongBuffer out) throws Exception;
  }

  /** Writes a sample's values to a buffer with room for exactly one sample. */
  @FunctionalInterface
  public interface ByteWriter {
    /**
     * Fills the buffer, which is in native byte order.
     *
     * @throws Exception to fail the epoch
     */
    void write(Sample sample, ByteBuffer out) throws Exception;
  }

  TensorColumn column(int index) {
    return columns.get(index);
  }

  @Override
  public Filler<TensorBatch> begin(int size) {
    ByteBuffer[] buffers = take(size);
    return new Filler<>() {
      private int added;

      @Override
      public void add(Sample sample) throws Exception {
        for (int i = 0; i < buffers.length; i++) {
          TensorColumn column = columns.get(i);
          int bytes = column.bytes();
          ByteBuffer out = buffers[i].slice(added * bytes, bytes).order(ByteOrder.nativeOrder());
          column.writer().write(sample, out);
          if (out.hasRemaining()) {
            throw new IllegalArgumentException(
                "column "
                    + column.name()
                    + ": "
                    + out.position() / column.dataType().getNumOfBytes()
                    + " values were written, but its shape "
                    + column.shape()
                    + " has "
                    + column.shape().size());
          }
        }
        added++;
      }

      @Override
      public TensorBatch finish() {
        return new TensorBatch(TensorCollector.this, buffers, size);
      }
    };
  }

  private ByteBuffer[] take(int size) {
    ByteBuffer[] buffers = spare.poll();
    if (buffers == null || (!columns.isEmpty() && tooSmall(buffers, size))) {
      buffers = new ByteBuffer[columns.size()];
      for (int i = 0; i < buffers.length; i++) {
        buffers[i] =
            ByteBuffer.allocateDirect(Math.multiplyExact(size, columns.get(i).bytes()))
                .order(ByteOrder.nativeOrder());
      }
    }
    for (int i = 0; i < buffers.length; i++) {
      buffers[i].clear().limit(size * columns.get(i).bytes());
    }
    return buffers;
  }

  private boolean tooSmall(ByteBuffer[] buffers, int size) {
    return buffers[0].capacity() < (long) size * columns.get(0).bytes();
  }

  void recycle(ByteBuffer[] buffers) {
    if (spare.size() < MOST_SPARE) {
      spare.add(buffers);
    }
  }

  /** Collects the columns; tensors come in this order. */
  public static final class Builder {
    private final List<TensorColumn> columns = new ArrayList<>();

    private Builder() {}

    /** A float32 column. The shape is that of one sample. */
    public Builder floats(String name, Shape shape, FloatWriter writer) {
      return add(
          name,
          shape,
          DataType.FLOAT32,
          (sample, out) -> {
            FloatBuffer floats = out.asFloatBuffer();
            writer.write(sample, floats);
            out.position(floats.position() * Float.BYTES);
          });
    }

    /** An int64 column. The shape is that of one sample. */
    public Builder longs(String name, Shape shape, LongWriter writer) {
      return add(
          name,
          shape,
          DataType.INT64,
          (sample, out) -> {
            LongBuffer longs = out.asLongBuffer();
            writer.write(sample, longs);
            out.position(longs.position() * Long.BYTES);
          });
    }

    /** A column of any type, written as its bytes. The shape is that of one sample. */
    public Builder bytes(String name, Shape shape, DataType dataType, ByteWriter writer) {
      return add(name, shape, dataType, writer::write);
    }

    /**
     * The numbers of a sample's column of this name, one a sample: a tensor of shape (batch).
     *
     * @param dataType FLOAT32, FLOAT64, INT32 or INT64
     */
    public Builder scalar(String name, DataType dataType) {
      TensorColumn.Writer writer =
          switch (dataType) {
            case FLOAT32 -> (sample, out) -> out.putFloat(sample.getFloat(name));
            case FLOAT64 -> (sample, out) -> out.putDouble(sample.getDouble(name));
            case INT32 -> (sample, out) -> out.putInt(sample.getInt(name));
            case INT64 -> (sample, out) -> out.putLong(sample.getLong(name));
            default ->
                throw new IllegalArgumentException(
                    "column "
                        + name
                        + ": scalars can be FLOAT32, FLOAT64, INT32 or INT64, not "
                        + dataType);
          };
      return add(name, new Shape(), dataType, writer);
    }

    private Builder add(String name, Shape shape, DataType dataType, TensorColumn.Writer writer) {
      if (columns.stream().anyMatch(column -> column.name().equals(name))) {
        throw new IllegalArgumentException("there are two columns " + name);
      }
      var column = new TensorColumn(name, shape, dataType, writer);
      if (column.bytes() <= 0) {
        throw new IllegalArgumentException("column " + name + " has the empty shape " + shape);
      }
      columns.add(column);
      return this;
    }

    /**
     * The collector.
     *
     * @throws IllegalArgumentException if there are no columns
     */
    public TensorCollector build() {
      if (columns.isEmpty()) {
        throw new IllegalArgumentException("a batch needs at least one column");
      }
      return new TensorCollector(columns);
    }
  }
}
