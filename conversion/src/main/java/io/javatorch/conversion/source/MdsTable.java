package io.javatorch.conversion.source;

import io.javatorch.streaming.storage.Locations;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.connector.catalog.Column;
import org.apache.spark.sql.connector.catalog.SupportsRead;
import org.apache.spark.sql.connector.catalog.TableCapability;
import org.apache.spark.sql.connector.read.ScanBuilder;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;

/**
 * A data set that can be read. Spark cannot write it by itself; {@link MdsDataSource} says why.
 * Nothing is looked at before {@link #newScanBuilder}, since Spark makes a table of a path that is
 * to be written, too. Each scan reads the index anew, so that it sees what is there then.
 */
final class MdsTable implements SupportsRead {
  private final StructType schema;
  private final Map<String, String> options;

  /**
   * Describes a table.
   *
   * @param schema its columns, or those of them that the user asks for with types of his own
   * @param options as {@link ReadOptions} describes them
   */
  MdsTable(StructType schema, Map<String, String> options) {
    this.schema = schema;
    this.options = Map.copyOf(options);
  }

  @Override
  public String name() {
    return "mds " + Locations.forMessages(options.getOrDefault(ReadOptions.PATH, ""));
  }

  @Override
  public Column[] columns() {
    return Arrays.stream(schema.fields())
        .map(field -> Column.create(field.name(), field.dataType(), field.nullable()))
        .toArray(Column[]::new);
  }

  /** What Spark 3.5 wants to be implemented besides {@link #columns}. */
  @Override
  @SuppressWarnings("deprecation")
  public StructType schema() {
    return schema;
  }

  @Override
  public Set<TableCapability> capabilities() {
    return Set.of(TableCapability.BATCH_READ);
  }

  @Override
  public ScanBuilder newScanBuilder(CaseInsensitiveStringMap given) {
    var read =
        ReadOptions.of(given.containsKey(ReadOptions.PATH) ? given.asCaseSensitiveMap() : options);
    var session = SparkSession.active();
    var stored =
        StoredDataSet.read(
            read, JavaSparkContext.fromSparkContext(session.sparkContext()).hadoopConfiguration());
    return new MdsScanBuilder(stored, read, stored.schema().as(schema, stored.place().uri()));
  }
}
