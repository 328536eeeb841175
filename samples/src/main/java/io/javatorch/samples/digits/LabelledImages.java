package io.javatorch.samples.digits;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.pmod;
import static org.apache.spark.sql.functions.xxhash64;

import java.util.ArrayList;
import java.util.Arrays;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.BinaryType;
import org.apache.spark.sql.types.ByteType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.IntegerType;
import org.apache.spark.sql.types.LongType;
import org.apache.spark.sql.types.ShortType;

/**
 * A table of encoded images, each with the number of its class.
 *
 * @param frame exactly two columns: the images (binary) and the labels (bigint)
 * @param imageColumn name of the first
 * @param labelColumn name of the second
 */
public record LabelledImages(Dataset<Row> frame, String imageColumn, String labelColumn) {
  /** One image in ten, by the hash of its bytes, is held out. */
  private static final int HELD_OUT_PERCENT = 10;

  private static final long MOST_CLASSES = 10_000;

  /**
   * Takes two columns of a table.
   *
   * @throws IllegalArgumentException if they are not there or not of the right type
   */
  public static LabelledImages of(Dataset<Row> table, String imageColumn, String labelColumn) {
    var problems = new ArrayList<String>();
    var names = Arrays.asList(table.schema().fieldNames());
    var columns = table.schema().simpleString();
    if (!names.contains(imageColumn)) {
      problems.add(
          "There is no column '%s' of encoded images; name the right one with --image-column"
              .formatted(imageColumn));
    } else if (!(table.schema().apply(imageColumn).dataType() instanceof BinaryType)) {
      problems.add(
          "Column '%s' is %s, but images must be binary: the bytes of a PNG, JPEG, GIF, BMP or TIFF"
                  .formatted(imageColumn, table.schema().apply(imageColumn).dataType().sql())
              + " file, not a path to it (spark.read().format(\"binaryFile\") reads files so)");
    }
    if (!names.contains(labelColumn)) {
      problems.add(
          "There is no column '%s' of labels; name the right one with --label-column"
              .formatted(labelColumn));
    } else {
      var type = table.schema().apply(labelColumn).dataType();
      if (!(type instanceof LongType
          || type instanceof IntegerType
          || type instanceof ShortType
          || type instanceof ByteType)) {
        problems.add(
            ("Column '%s' is %s, but labels must be whole numbers from 0 on; a StringIndexer gives"
                    + " them to names")
                .formatted(labelColumn, type.sql()));
      }
    }
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(
          String.join("\n", problems) + "\nThe table's columns are " + columns);
    }
    var frame =
        table.select(col(quoted(imageColumn)), col(quoted(labelColumn)).cast(DataTypes.LongType));
    return new LabelledImages(frame.toDF(imageColumn, labelColumn), imageColumn, labelColumn);
  }

  /** The nine tenths to train on. */
  public Dataset<Row> training() {
    return frame.filter(bucket().geq(HELD_OUT_PERCENT));
  }

  /**
   * The tenth to evaluate on. Which images these are follows from their bytes alone, so they are
   * the same in every run, and no copy of one of them is trained on.
   */
  public Dataset<Row> heldOut() {
    return frame.filter(bucket().lt(HELD_OUT_PERCENT));
  }

  /**
   * How many classes there are: the largest label and one more.
   *
   * @throws IllegalArgumentException if the table is empty or a label is out of range
   */
  public int classes() {
    var label = col(quoted(labelColumn));
    var range = frame.agg(min(label), max(label)).first();
    if (range.isNullAt(0)) {
      throw new IllegalArgumentException("The table has no rows with a label");
    }
    long smallest = range.getLong(0);
    long largest = range.getLong(1);
    if (smallest < 0 || largest >= MOST_CLASSES) {
      throw new IllegalArgumentException(
          "Labels in column '%s' go from %d to %d, but must be classes numbered from 0 to at most %d"
              .formatted(labelColumn, smallest, largest, MOST_CLASSES - 1));
    }
    return (int) largest + 1;
  }

  private Column bucket() {
    return pmod(xxhash64(col(quoted(imageColumn))), lit(100L));
  }

  /** A column's name as Spark's parser takes it whatever is in it. */
  private static String quoted(String column) {
    return "`" + column.replace("`", "``") + "`";
  }
}
