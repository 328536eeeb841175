package io.javatorch.conversion.source;

import java.util.Arrays;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.connector.read.LocalScan;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * How many rows there are, which the index says.
 *
 * @param uri where the data set lies
 * @param count how many rows it has
 * @param times how often Spark asks
 */
record MdsCount(String uri, long count, int times) implements LocalScan {
  @Override
  public InternalRow[] rows() {
    var values = new Object[times];
    Arrays.fill(values, count);
    return new InternalRow[] {new GenericInternalRow(values)};
  }

  @Override
  public StructType readSchema() {
    var type = new StructType();
    for (int i = 0; i < times; i++) {
      type = type.add("count" + i, DataTypes.LongType, false);
    }
    return type;
  }

  @Override
  public String description() {
    return "count of mds " + uri;
  }
}
