package io.javatorch.streaming.format;

import java.util.List;
import java.util.Map;

/**
 * Makes encoded samples: what a shard holds of each, apart from the shard. A sample made in one
 * place is written in another with {@link MdsWriter#writeEncoded(byte[])}.
 *
 * <pre>{@code
 * var encoder = new SampleEncoder(Map.of("label", "int", "text", "str"));
 * byte[] sample = encoder.set("label", 1).set("text", "one").encode();
 * }</pre>
 *
 * <p>Not safe for use by several threads at once.
 */
public final class SampleEncoder {
  private final Schema schema;
  private final RowValues values;
  private long samples;

  /**
   * Starts with no column set.
   *
   * @param columns encodings by name, as {@link MdsWriter.Builder#columns} takes them
   * @throws IllegalArgumentException if there are none, or an encoding is unknown
   */
  public SampleEncoder(Map<String, String> columns) {
    schema = Schema.of(columns);
    values = new RowValues(schema, () -> samples);
  }

  /** The columns in the order of their names by code point, which is that of their positions. */
  public List<Column> columns() {
    return schema.columns();
  }

  /**
   * The position of a column.
   *
   * @throws IllegalArgumentException if there is none of that name
   */
  public int ordinal(String column) {
    return schema.ordinal(column);
  }

  /** Sets a column, as {@link MdsWriter.Row#set(String, Object)}. */
  public SampleEncoder set(String column, Object value) {
    return set(schema.ordinal(column), value);
  }

  /** Sets a column, as {@link MdsWriter.Row#set(int, Object)}. */
  public SampleEncoder set(int column, Object value) {
    values.set(column, value);
    return this;
  }

  /** Sets a numeric column without boxing. */
  public SampleEncoder setLong(int column, long value) {
    values.setLong(column, value);
    return this;
  }

  /** Sets a floating-point column without boxing. */
  public SampleEncoder setDouble(int column, double value) {
    values.setDouble(column, value);
    return this;
  }

  /**
   * Encodes the sample: 4 bytes with the size of each column whose values differ in size, then the
   * columns, all in the order of {@link #columns}. No column is set any more after that.
   *
   * @throws IllegalArgumentException if a column was not set, or the sample does not fit in an
   *     array; the columns stay as they are
   */
  public byte[] encode() {
    values.checkComplete();
    var sample = values.toBytes();
    values.clear();
    samples++;
    return sample;
  }

  /**
   * Encodes a sample.
   *
   * @param sample a value for each column and nothing else
   * @throws IllegalArgumentException if a column is missing, unknown, null or of a wrong type
   */
  public byte[] encode(Map<String, ?> sample) {
    values.clear();
    sample.forEach(this::set);
    return encode();
  }
}
