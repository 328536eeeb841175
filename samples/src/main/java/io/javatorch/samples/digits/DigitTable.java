package io.javatorch.samples.digits;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.stream.LongStream;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.Metadata;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/**
 * The generated data set as a table, as a user's own would look: columns {@code id} (long), {@code
 * image} (binary, a PNG file) and {@code label} (int), none of them null.
 */
public final class DigitTable {
  /** The columns of the table. */
  static final StructType SCHEMA =
      new StructType(
          new StructField[] {
            new StructField("id", DataTypes.LongType, false, Metadata.empty()),
            new StructField("image", DataTypes.BinaryType, false, Metadata.empty()),
            new StructField("label", DataTypes.IntegerType, false, Metadata.empty())
          });

  private DigitTable() {}

  /**
   * Describes the table of {@code images} digits; Spark draws them, in parallel, when the table is
   * used. Row {@code id} is the same however many partitions there are.
   *
   * @param images number of rows, at least 1
   * @param seed which data set
   * @param partitions number of tasks that draw, at least 1
   */
  public static Dataset<Row> generate(
      SparkSession session, long images, long seed, int partitions) {
    if (images < 1 || partitions < 1) {
      throw new IllegalArgumentException(
          "images and partitions must be at least 1, not " + images + " and " + partitions);
    }
    var context = JavaSparkContext.fromSparkContext(session.sparkContext());
    var slices = LongStream.range(0, partitions).boxed().toList();
    var rows =
        context
            .parallelize(slices, partitions)
            .flatMap(
                slice -> {
                  var renderer = new DigitRenderer(seed);
                  long from = images * slice / partitions;
                  long to = images * (slice + 1) / partitions;
                  return LongStream.range(from, to).mapToObj(id -> row(renderer, id)).iterator();
                });
    return session.createDataFrame(rows, SCHEMA);
  }

  private static Row row(DigitRenderer renderer, long id) {
    var digit = renderer.render(id);
    var png = new ByteArrayOutputStream(1024);
    try {
      GreyImage.writePng(digit.pixels(), png);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot encode digit " + id + " as PNG", e);
    }
    return RowFactory.create(id, png.toByteArray(), digit.label());
  }
}
