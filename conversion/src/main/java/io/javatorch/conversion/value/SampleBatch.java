package io.javatorch.conversion.value;

import io.javatorch.conversion.schema.SparkSchema.ReadColumn;
import io.javatorch.streaming.format.Column;
import io.javatorch.streaming.format.Sample;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.spark.sql.vectorized.ColumnVector;
import org.apache.spark.sql.vectorized.ColumnarBatch;

/**
 * Collects samples as a batch of Spark's columns, by a plan that is made once: no look-up by name
 * and no boxing of the numbers of scalar columns for a sample. Limited by rows and by the bytes of
 * the encoded values. The batch's memory is used again for the next one. Not thread-safe.
 */
public final class SampleBatch implements AutoCloseable {
  private final List<ReadColumn> columns;
  private final ValueReader[] readers;
  private final ColumnVector[] vectors;
  private final ColumnarBatch batch;
  private final int maxRows;
  private final long maxBytes;

  /** Where in a sample each column is. */
  private int[] from;

  private int rows;
  private long bytes;

  /**
   * Makes an empty batch.
   *
   * @param maxRows the most rows, at least 1
   * @param maxBytes how many bytes are enough: the sample that reaches it is the last
   * @throws IllegalArgumentException if a column's type cannot be had from its encoding, as {@link
   *     #check}
   */
  public SampleBatch(List<ReadColumn> columns, int maxRows, long maxBytes) {
    check(columns);
    this.columns = List.copyOf(columns);
    this.maxRows = maxRows;
    this.maxBytes = maxBytes;
    readers = new ValueReader[columns.size()];
    vectors = new ColumnVector[columns.size()];
    for (int i = 0; i < readers.length; i++) {
      var type = columns.get(i).type();
      readers[i] = ValueReaders.of(columns.get(i));
      if (readers[i] instanceof ValueReader.OfLong) {
        vectors[i] = new Vectors.OfLongs(type, maxRows);
      } else if (readers[i] instanceof ValueReader.OfDouble) {
        vectors[i] = new Vectors.OfDoubles(type, maxRows);
      } else {
        vectors[i] = new Vectors.OfObjects(type, maxRows);
      }
    }
    batch = new ColumnarBatch(vectors);
  }

  /**
   * Checks that the types of columns can be had from their encodings.
   *
   * @throws IllegalArgumentException if not; the one message names all such columns
   */
  public static void check(List<ReadColumn> columns) {
    var problems = new ArrayList<String>();
    for (var column : columns) {
      try {
        var unused = ValueReaders.of(column);
      } catch (IllegalArgumentException e) {
        problems.add("'" + column.name() + "': " + e.getMessage());
      }
    }
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(
          problems.stream()
              .collect(
                  Collectors.joining(
                      "\n  - ", "These columns cannot be read with the schema:\n  - ", "")));
    }
  }

  /**
   * Says where in the samples to come each column is.
   *
   * @param stored the columns of their shard
   * @throws IllegalArgumentException if one is missing
   */
  public void from(List<Column> stored) {
    Map<String, Integer> ordinals =
        IntStream.range(0, stored.size())
            .boxed()
            .collect(Collectors.toMap(i -> stored.get(i).name(), Function.identity()));
    from = new int[readers.length];
    for (int i = 0; i < from.length; i++) {
      var ordinal = ordinals.get(columns.get(i).name());
      if (ordinal == null) {
        throw new IllegalArgumentException(
            "the shard has no column '" + columns.get(i).name() + "'");
      }
      from[i] = ordinal;
    }
  }

  /** Says that a value cannot be what the schema says. */
  public static final class ValueException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    ValueException(ReadColumn column, RuntimeException cause) {
      super(
          "column '%s' (%s as %s): %s"
              .formatted(
                  column.name(),
                  column.encoding(),
                  ValueText.shortened(column.type().sql()),
                  cause.getMessage()),
          cause);
    }
  }

  /**
   * Adds a sample, if the batch is not full.
   *
   * @throws ValueException if a value is not what the schema says; the batch is then of no more use
   * @throws io.javatorch.streaming.format.MalformedShardException if it cannot be decoded
   */
  public void add(Sample sample) {
    int column = 0;
    try {
      for (; column < readers.length; column++) {
        read(sample, column);
      }
    } catch (IllegalArgumentException | ArithmeticException e) {
      throw new ValueException(columns.get(column), e);
    }
    rows++;
  }

  /** The most rows. */
  public int capacity() {
    return maxRows;
  }

  /** Adds samples of which nothing is asked for. */
  public void addEmpty(int count) {
    rows += count;
  }

  private void read(Sample sample, int column) {
    int at = from[column];
    bytes += sample.size(at);
    var reader = readers[column];
    if (reader instanceof ValueReader.OfLong longs) {
      ((Vectors.OfLongs) vectors[column]).values[rows] = longs.get(sample, at);
    } else if (reader instanceof ValueReader.OfDouble doubles) {
      ((Vectors.OfDoubles) vectors[column]).values[rows] = doubles.get(sample, at);
    } else {
      var value = ((ValueReader.OfObject) reader).get(sample, at);
      if (value == null && !columns.get(column).nullable()) {
        throw new IllegalArgumentException("it is null, which the schema says it never is");
      }
      ((Vectors.OfObjects) vectors[column]).values[rows] = value;
    }
  }

  /** How many rows there are. */
  public int rows() {
    return rows;
  }

  /** Whether no more samples are to be added before {@link #clear}. */
  public boolean isFull() {
    return rows >= maxRows || bytes >= maxBytes;
  }

  /** The batch with what was added; valid until {@link #clear}. */
  public ColumnarBatch batch() {
    batch.setNumRows(rows);
    return batch;
  }

  /** Starts the next batch. */
  public void clear() {
    rows = 0;
    bytes = 0;
    for (var vector : vectors) {
      if (vector instanceof Vectors.OfObjects objects) {
        objects.clear();
      }
    }
  }

  @Override
  public void close() {
    batch.close();
  }
}
