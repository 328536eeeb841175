package io.javatorch.conversion.value;

import io.javatorch.conversion.schema.MdsSchema;
import io.javatorch.conversion.schema.MdsSchema.MappedColumn;
import io.javatorch.conversion.schema.NullPolicy;
import io.javatorch.streaming.format.MdsWriter;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Comparator;
import org.apache.spark.sql.catalyst.InternalRow;

/**
 * Copies Spark's rows into samples, by a plan that is made once: no look-up by name and no boxing
 * of numbers for a row. One task has one; not thread-safe.
 *
 * <pre>{@code
 * var rows = RowWriter.of(schema);
 * for (var row : partition) {
 *   var sample = writer.row();
 *   if (rows.write(row, sample)) {
 *     sample.write();
 *   }
 * }
 * }</pre>
 */
public final class RowWriter {
  private static final byte[] JSON_NULL = "null".getBytes(StandardCharsets.US_ASCII);

  private final NullPolicy nullPolicy;
  private final MappedColumn[] columns;
  private final ValueWriter[] writers;

  /** Where in the row and in the sample each column is. */
  private final int[] from;

  private final int[] to;

  private long rows;
  private long dropped;

  private RowWriter(MdsSchema schema) {
    nullPolicy = schema.nullPolicy();
    columns = schema.columns().toArray(MappedColumn[]::new);
    writers = new ValueWriter[columns.length];
    from = new int[columns.length];
    to = new int[columns.length];
    // By code point, which is the order of the bytes of UTF-8.
    var sorted =
        schema.columns().stream()
            .map(MappedColumn::name)
            .sorted(
                Comparator.comparing(
                    name -> name.getBytes(StandardCharsets.UTF_8), Arrays::compareUnsigned))
            .toList();
    for (int i = 0; i < columns.length; i++) {
      writers[i] = ValueWriters.of(columns[i], nullPolicy);
      from[i] = columns[i].ordinal();
      to[i] = sorted.indexOf(columns[i].name());
    }
  }

  /** Makes a plan for the rows of the DataFrame that a schema was made of. */
  public static RowWriter of(MdsSchema schema) {
    return new RowWriter(schema);
  }

  /**
   * Sets all columns of a sample to the values of a row. Nothing of the row is referred to once the
   * sample is written.
   *
   * @param row a row of the DataFrame
   * @param sample an empty row of a writer that has the schema's columns and no others
   * @return whether to write the sample: false if the row has a null and the policy leaves it out
   * @throws RowException if a value cannot be written
   */
  public boolean write(InternalRow row, MdsWriter.Row sample) {
    long number = rows++;
    for (int i = 0; i < writers.length; i++) {
      if (row.isNullAt(from[i])) {
        if (columns[i].holdsNull()) {
          sample.setEncoded(to[i], JSON_NULL);
        } else if (nullPolicy == NullPolicy.DROP) {
          dropped++;
          return false;
        } else if (nullPolicy == NullPolicy.ZERO) {
          writeZero(i, number, sample);
        } else {
          throw hasNull(i, number, "is null");
        }
        continue;
      }
      boolean set;
      try {
        set = writers[i].write(row, from[i], sample, to[i]);
      } catch (IllegalArgumentException e) {
        throw failed(i, number, e);
      }
      if (!set) {
        if (nullPolicy == NullPolicy.DROP) {
          dropped++;
          return false;
        }
        throw hasNull(i, number, "has a null within its array");
      }
    }
    return true;
  }

  /** How many rows were given to {@link #write}. */
  public long rows() {
    return rows;
  }

  /** How many of them were left out because of a null. */
  public long dropped() {
    return dropped;
  }

  private void writeZero(int i, long number, MdsWriter.Row sample) {
    var zero = Zeros.of(columns[i]);
    if (zero.isEmpty()) {
      throw hasNull(i, number, "is null, and its encoding has no zero,");
    }
    try {
      writers[i].write(zero.get(), 0, sample, to[i]);
    } catch (IllegalArgumentException e) {
      throw failed(i, number, e);
    }
  }

  private RowException hasNull(int i, long number, String what) {
    var name = columns[i].name();
    return new RowException(
        ("Column '%s' (%s) %s in row %d, and MDS has no null. Choose json for the column, or the null"
                + " policy json, drop or zero; or drop such rows with df.na().drop(new String[]"
                + " {\"%s\"}), or give them a value with df.na().fill")
            .formatted(name, columns[i].encoding(), what, number, name),
        null);
  }

  private RowException failed(int i, long number, IllegalArgumentException e) {
    // The writer's own message names its sample and the column, which the cause's does not.
    var reason = e.getCause() instanceof IllegalArgumentException cause ? cause : e;
    return new RowException(
        "Column '%s' (%s as %s) cannot be written in row %d: %s"
            .formatted(
                columns[i].name(),
                columns[i].type().sql(),
                columns[i].encoding(),
                number,
                reason.getMessage()),
        e);
  }
}
