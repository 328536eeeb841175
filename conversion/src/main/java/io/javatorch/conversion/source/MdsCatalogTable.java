package io.javatorch.conversion.source;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.apache.spark.sql.connector.catalog.Column;
import org.apache.spark.sql.connector.catalog.SupportsRead;
import org.apache.spark.sql.connector.catalog.SupportsWrite;
import org.apache.spark.sql.connector.catalog.TableCapability;
import org.apache.spark.sql.connector.read.ScanBuilder;
import org.apache.spark.sql.connector.write.LogicalWriteInfo;
import org.apache.spark.sql.connector.write.WriteBuilder;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;

/** A data set of the catalog: can be read, added to and overwritten, and keeps its columns. */
final class MdsCatalogTable implements SupportsRead, SupportsWrite {
  private final StructType schema;
  private final MdsTable table;
  private final Map<String, String> options;
  private final Map<String, String> encodings = new LinkedHashMap<>();

  MdsCatalogTable(StoredDataSet stored, Map<String, String> options) {
    schema = stored.schema().structType();
    table = new MdsTable(schema, options);
    this.options = Map.copyOf(options);
    stored.index().shards().stream()
        .limit(1)
        .flatMap(shard -> shard.columns().stream())
        .forEach(column -> encodings.put(column.name(), column.encoding()));
  }

  @Override
  public String name() {
    return table.name();
  }

  @Override
  public Column[] columns() {
    return table.columns();
  }

  /** Spark 3 has no default for it. */
  @Override
  @SuppressWarnings("deprecation")
  public StructType schema() {
    return schema;
  }

  @Override
  public Set<TableCapability> capabilities() {
    return Set.of(
        TableCapability.BATCH_READ, TableCapability.BATCH_WRITE, TableCapability.TRUNCATE);
  }

  @Override
  public ScanBuilder newScanBuilder(CaseInsensitiveStringMap given) {
    var all = new HashMap<>(options);
    all.putAll(given.asCaseSensitiveMap());
    return table.newScanBuilder(new CaseInsensitiveStringMap(all));
  }

  @Override
  public WriteBuilder newWriteBuilder(LogicalWriteInfo info) {
    var all = new HashMap<>(options);
    if (!encodings.isEmpty()) {
      all.put(WriteOptions.COLUMNS, WriteOptions.json(encodings));
    }
    all.putAll(info.options().asCaseSensitiveMap());
    return new MdsWriteBuilder(info, all);
  }
}
