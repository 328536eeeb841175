package io.javatorch.conversion;

import java.io.Serializable;
import java.util.Map;
import org.apache.spark.sql.Row;

/**
 * Makes samples out of rows: none, one or many of each. Runs in Spark's tasks, where it may be
 * asked for one row again by another attempt, so that it should always make the same samples of it.
 *
 * <p>A row may have any number of samples: above 16 MB of them are kept in a temporary file of the
 * executor until the function returns. It runs in the task's own thread.
 *
 * <pre>{@code
 * DataFrameToMds.builder(documents)
 *     .rows(
 *         (row, samples) -> {
 *           for (var line : row.getString(0).split("\n")) {
 *             samples.set("text", line).set("length", line.length()).write();
 *           }
 *         },
 *         Map.of("text", "str", "length", "int32"))
 *     .out("/data/lines")
 *     .convert();
 * }</pre>
 */
@FunctionalInterface
public interface RowFunction extends Serializable {
  /**
   * Makes the samples of a row.
   *
   * @param row the row, with the DataFrame's columns
   * @param samples takes the samples; valid until this call returns
   * @throws Exception for any reason; the conversion fails, with the row in the message
   */
  void apply(Row row, Samples samples) throws Exception;

  /** Where the samples of a row go. Values are what {@code MdsWriter} takes for the encoding. */
  interface Samples {
    /**
     * Sets a column of the next sample.
     *
     * @throws IllegalArgumentException if there is no such column, or the value is null or does not
     *     go with the column's encoding
     */
    Samples set(String column, Object value);

    /**
     * Emits the sample that was set, and starts another.
     *
     * @throws IllegalArgumentException if a column was not set
     */
    void write();

    /**
     * Emits a sample.
     *
     * @param sample a value for each column and nothing else
     * @throws IllegalArgumentException if a column is missing, unknown, null or of a wrong type
     * @throws IllegalStateException if columns were {@linkplain #set set} of a sample that {@link
     *     #write()} has not emitted
     */
    void write(Map<String, ?> sample);
  }
}
