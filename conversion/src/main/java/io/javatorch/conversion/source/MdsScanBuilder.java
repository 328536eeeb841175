package io.javatorch.conversion.source;

import io.javatorch.conversion.schema.SparkSchema;
import io.javatorch.conversion.schema.SparkSchema.ReadColumn;
import io.javatorch.conversion.value.SampleBatch;
import java.util.ArrayList;
import java.util.Arrays;
import org.apache.spark.sql.connector.expressions.aggregate.Aggregation;
import org.apache.spark.sql.connector.expressions.aggregate.CountStar;
import org.apache.spark.sql.connector.read.Scan;
import org.apache.spark.sql.connector.read.ScanBuilder;
import org.apache.spark.sql.connector.read.SupportsPushDownAggregates;
import org.apache.spark.sql.connector.read.SupportsPushDownLimit;
import org.apache.spark.sql.connector.read.SupportsPushDownRequiredColumns;
import org.apache.spark.sql.types.StructType;

/**
 * Takes from Spark which columns it needs, how many rows, and whether it only counts them, which
 * the index answers.
 */
final class MdsScanBuilder
    implements ScanBuilder,
        SupportsPushDownRequiredColumns,
        SupportsPushDownLimit,
        SupportsPushDownAggregates {
  private final StoredDataSet stored;
  private final ReadOptions options;
  private final SparkSchema all;
  private SparkSchema wanted;
  private long limit = Long.MAX_VALUE;
  private int counts;

  /**
   * Starts with all columns.
   *
   * @throws IllegalArgumentException if a column cannot have its type; the one message names all
   */
  MdsScanBuilder(StoredDataSet stored, ReadOptions options, SparkSchema all) {
    SampleBatch.check(all.columns());
    this.stored = stored;
    this.options = options;
    this.all = all;
    wanted = all;
  }

  @Override
  public void pruneColumns(StructType required) {
    var columns = new ArrayList<ReadColumn>();
    for (var field : required.fields()) {
      var column =
          all.columns().stream()
              .filter(known -> known.name().equals(field.name()))
              .findFirst()
              .orElseThrow(() -> new IllegalArgumentException("no column " + field.name()));
      // Of JSON only what is asked for has to be made; other values are read as a whole.
      boolean prunable = column.encoding().equals("json") && !column.document();
      columns.add(
          prunable
              ? new ReadColumn(
                  column.name(), field.dataType(), column.nullable(), column.encoding(), false)
              : column);
    }
    wanted = new SparkSchema(columns);
  }

  @Override
  public boolean pushLimit(int most) {
    limit = most;
    return true;
  }

  /** Each partition may give so many, of which Spark takes what it needs. */
  @Override
  public boolean isPartiallyPushed() {
    return true;
  }

  @Override
  public boolean supportCompletePushDown(Aggregation aggregation) {
    return isCount(aggregation);
  }

  @Override
  public boolean pushAggregation(Aggregation aggregation) {
    if (!isCount(aggregation)) {
      return false;
    }
    counts = aggregation.aggregateExpressions().length;
    return true;
  }

  private static boolean isCount(Aggregation aggregation) {
    return aggregation.groupByExpressions().length == 0
        && aggregation.aggregateExpressions().length > 0
        && Arrays.stream(aggregation.aggregateExpressions()).allMatch(CountStar.class::isInstance);
  }

  @Override
  public Scan build() {
    return counts > 0
        ? new MdsCount(stored.place().uri(), stored.index().samples(), counts)
        : new MdsScan(stored, options, wanted, limit);
  }
}
