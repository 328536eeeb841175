package io.javatorch.conversion.value;

import io.javatorch.streaming.format.MdsWriter;
import org.apache.spark.sql.catalyst.expressions.SpecializedGetters;

/** Writes the values of one column. Not thread-safe. */
interface ValueWriter {
  /**
   * Sets a column of a sample.
   *
   * @param values the row
   * @param at where in the row the value is, which is not null
   * @param sample the sample
   * @param column where in the sample it goes
   * @return whether it was set; if not, there is a null within the value that the column cannot
   *     hold
   * @throws IllegalArgumentException if the value cannot be written
   */
  boolean write(SpecializedGetters values, int at, MdsWriter.Row sample, int column);
}
