package io.javatorch.conversion.layout;

import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * Rows in the order and the partitions in which they are to be written.
 *
 * @param rows the rows
 * @param check to be run on the driver once all tasks that read {@code rows} have ended, and before
 *     what they wrote is made visible; throws a {@code ConversionException} if rows may have been
 *     lost
 */
public record LaidOut(Dataset<Row> rows, Runnable check) {
  /** Rows with which nothing can go wrong. */
  public static LaidOut of(Dataset<Row> rows) {
    return new LaidOut(rows, () -> {});
  }
}
