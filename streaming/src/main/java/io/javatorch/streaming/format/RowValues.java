package io.javatorch.streaming.format;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Objects;
import java.util.function.LongSupplier;

/** The values of a sample under construction, encoded. For use by one thread. */
final class RowValues {
  private final Schema schema;
  private final LongSupplier sample;
  private final long[] bits;
  private final byte[][] blobs;
  private final boolean[] present;

  /**
   * Starts without a value.
   *
   * @param sample the number of the sample, for messages
   */
  RowValues(Schema schema, LongSupplier sample) {
    this.schema = schema;
    this.sample = sample;
    bits = new long[schema.size()];
    blobs = new byte[schema.size()][];
    present = new boolean[schema.size()];
  }

  void clear() {
    Arrays.fill(blobs, null);
    Arrays.fill(present, false);
  }

  void set(int column, Object value) {
    var encoding = schema.encoding(column);
    try {
      if (encoding instanceof ScalarEncoding scalar) {
        bits[column] = scalar.bits(value);
      } else {
        blobs[column] = encoding.encode(value);
      }
    } catch (IllegalArgumentException e) {
      throw located(column, e);
    }
    present[column] = true;
  }

  /** Sets a column of a varying size to bytes that are taken for its encoded value unseen. */
  void setEncoded(int column, byte[] encoded) {
    if (!schema.isVariable(column)) {
      throw new IllegalArgumentException(
          "column '%s' (%s) has values of a fixed size; use set"
              .formatted(schema.name(column), schema.columns().get(column).encoding()));
    }
    blobs[column] = Objects.requireNonNull(encoded, "encoded");
    present[column] = true;
  }

  void setLong(int column, long value) {
    try {
      bits[column] = scalar(column, "an integer").bits(value);
    } catch (IllegalArgumentException e) {
      throw located(column, e);
    }
    present[column] = true;
  }

  void setDouble(int column, double value) {
    try {
      bits[column] = scalar(column, "a floating-point number").bits(value);
    } catch (IllegalArgumentException e) {
      throw located(column, e);
    }
    present[column] = true;
  }

  private ScalarEncoding scalar(int column, String type) {
    if (schema.encoding(column) instanceof ScalarEncoding scalar) {
      return scalar;
    }
    throw new IllegalArgumentException("the value must not be " + type);
  }

  private IllegalArgumentException located(int column, IllegalArgumentException e) {
    return new IllegalArgumentException(
        "sample %d, column '%s' (%s): %s"
            .formatted(
                sample.getAsLong(),
                schema.name(column),
                schema.columns().get(column).encoding(),
                e.getMessage()),
        e);
  }

  /** Fails if a column has no value. */
  void checkComplete() {
    for (int column = 0; column < present.length; column++) {
      if (!present[column]) {
        throw new IllegalArgumentException(
            "sample " + sample.getAsLong() + " has no column '" + schema.name(column) + "'");
      }
    }
  }

  /** The size of the sample. */
  long bytes() {
    long bytes = schema.fixedBytes();
    for (int column = 0; column < blobs.length; column++) {
      if (schema.isVariable(column)) {
        bytes += 4L + blobs[column].length;
      }
    }
    return bytes;
  }

  /** Appends the sample: the sizes of the columns that have one, then all columns. */
  void putInto(ShardBuffer buffer) throws IOException {
    for (int column = 0; column < blobs.length; column++) {
      if (schema.isVariable(column)) {
        buffer.putInt(blobs[column].length);
      }
    }
    for (int column = 0; column < blobs.length; column++) {
      if (blobs[column] != null) {
        buffer.put(blobs[column]);
      } else {
        buffer.putBits(bits[column], schema.encoding(column).size());
      }
    }
  }

  /** The same bytes, on their own. */
  byte[] toBytes() {
    long bytes = bytes();
    if (bytes > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(
          "sample " + sample.getAsLong() + " of " + bytes + " bytes does not fit in an array");
    }
    var out = ByteBuffer.allocate((int) bytes).order(ByteOrder.LITTLE_ENDIAN);
    for (int column = 0; column < blobs.length; column++) {
      if (schema.isVariable(column)) {
        out.putInt(blobs[column].length);
      }
    }
    for (int column = 0; column < blobs.length; column++) {
      if (blobs[column] != null) {
        out.put(blobs[column]);
      } else {
        for (int i = 0; i < schema.encoding(column).size(); i++) {
          out.put((byte) (bits[column] >>> (8 * i)));
        }
      }
    }
    return out.array();
  }
}
