package io.javatorch.streaming.djl;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.javatorch.streaming.format.Sample;
import java.nio.ByteBuffer;

/** One column of a batch: its form, and how a sample is written to it. */
record TensorColumn(String name, Shape shape, DataType dataType, Writer writer) {
  /** Writes one sample's value; leaves the buffer's position where it stopped. */
  interface Writer {
    void write(Sample sample, ByteBuffer out) throws Exception;
  }

  /** Bytes of one sample. */
  int bytes() {
    return Math.toIntExact(Math.multiplyExact(shape.size(), (long) dataType.getNumOfBytes()));
  }

  Shape batchShape(int samples) {
    return new Shape(samples).addAll(shape);
  }
}
