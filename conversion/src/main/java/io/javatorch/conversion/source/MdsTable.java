package io.javatorch.conversion.source;

import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.connector.catalog.Column;
import org.apache.spark.sql.connector.catalog.SupportsRead;
import org.apache.spark.sql.connector.catalog.SupportsWrite;
import org.apache.spark.sql.connector.catalog.TableCapability;
import org.apache.spark.sql.connector.read.ScanBuilder;
import org.apache.spark.sql.connector.write.LogicalWriteInfo;
import org.apache.spark.sql.connector.write.WriteBuilder;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;

/**
 * A data set that can be read and, as a table of a catalog, written. Nothing is looked at before
 * {@link #newScanBuilder}, since Spark makes a table of a path that is to be written, too. Each
 * scan reads the index anew, so that it sees what is there then.
 */
final class MdsTable implements SupportsRead, SupportsWrite {
  private final StructType schema;
  private final Map<String, String> options;
  private final boolean writable;

  /** Describes a table that Spark cannot write by itself; {@link MdsDataSource} says why. */
  MdsTable(StructType schema, Map<String, String> options) {
    this(schema, options, false);
  }

  /**
   * Describes a table.
   *
   * @param schema its columns, or those of them that the user asks for with types of his own
   * @param options as {@link ReadOptions} describes them
   * @param writable whether Spark may write it, by adding to it or by replacing all of it
   */
  MdsTable(StructType schema, Map<String, String> options, boolean writable) {
    this.schema = schema;
    this.options = Map.copyOf(options);
    this.writable = writable;
  }

  @Override
  public String name() {
    return "mds " + options.getOrDefault(ReadOptions.PATH, "");
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
    // What rows may look like is for the check of all columns at once to say.
    return writable
        ? Set.of(
            TableCapability.BATCH_READ,
            TableCapability.BATCH_WRITE,
            TableCapability.TRUNCATE,
            TableCapability.ACCEPT_ANY_SCHEMA)
        : Set.of(TableCapability.BATCH_READ);
  }

  @Override
  public WriteBuilder newWriteBuilder(LogicalWriteInfo info) {
    var given = new TreeMap<String, String>(String.CASE_INSENSITIVE_ORDER);
    given.putAll(info.options().asCaseSensitiveMap());
    if (options.get(ReadOptions.PATH) != null) {
      given.putIfAbsent(WriteOptions.PATH, options.get(ReadOptions.PATH));
    }
    return new MdsWriteBuilder(info, given, Set.of());
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
