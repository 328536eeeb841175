package io.javatorch.conversion.source;

import io.javatorch.streaming.storage.Locations;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.apache.spark.sql.connector.catalog.Column;
import org.apache.spark.sql.connector.catalog.StagedTable;
import org.apache.spark.sql.connector.catalog.SupportsWrite;
import org.apache.spark.sql.connector.catalog.TableCapability;
import org.apache.spark.sql.connector.write.LogicalWriteInfo;
import org.apache.spark.sql.connector.write.WriteBuilder;
import org.apache.spark.sql.types.StructType;

/**
 * A data set that a query is about to make or to replace. The write publishes it, or leaves nothing
 * of it, by itself.
 */
final class MdsNewTable implements StagedTable, SupportsWrite {
  private final Column[] columns;
  private final Map<String, String> options;
  private final boolean replace;

  /**
   * Describes the data set.
   *
   * @param options as {@link WriteOptions} describes them
   * @param replace whether there may be one already
   */
  MdsNewTable(Column[] columns, Map<String, String> options, boolean replace) {
    this.columns = columns.clone();
    this.options = Map.copyOf(options);
    this.replace = replace;
  }

  private static StructType schema(Column[] columns) {
    var schema = new StructType();
    for (var column : columns) {
      schema = schema.add(column.name(), column.dataType(), column.nullable());
    }
    return schema;
  }

  static Column[] columns(StructType schema) {
    return Arrays.stream(schema.fields())
        .map(field -> Column.create(field.name(), field.dataType(), field.nullable()))
        .toArray(Column[]::new);
  }

  @Override
  public String name() {
    return "mds " + Locations.forMessages(options.get(WriteOptions.PATH));
  }

  @Override
  public Column[] columns() {
    return columns.clone();
  }

  /** Spark 3 has no default for it. */
  @Override
  @SuppressWarnings("deprecation")
  public StructType schema() {
    return schema(columns);
  }

  @Override
  public Set<TableCapability> capabilities() {
    return Set.of(TableCapability.BATCH_WRITE, TableCapability.TRUNCATE);
  }

  @Override
  public WriteBuilder newWriteBuilder(LogicalWriteInfo info) {
    var all = new HashMap<>(options);
    all.putAll(info.options().asCaseSensitiveMap());
    var builder = new MdsWriteBuilder(info, all, Set.of());
    return replace ? builder.truncate() : builder;
  }

  @Override
  public void commitStagedChanges() {
    // The write has published them.
  }

  @Override
  public void abortStagedChanges() {
    // The write has removed them.
  }
}
