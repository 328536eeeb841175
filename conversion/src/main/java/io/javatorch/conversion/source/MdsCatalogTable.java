package io.javatorch.conversion.source;

import io.javatorch.conversion.schema.SparkSchema;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
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

  /** Columns of text in the data set whose JSON is a string, not a document. */
  private final Set<String> jsonStrings;

  MdsCatalogTable(StoredDataSet stored, Map<String, String> options) {
    schema = stored.schema().structType();
    table = new MdsTable(schema, options);
    this.options = Map.copyOf(options);
    stored.index().shards().stream()
        .limit(1)
        .flatMap(shard -> shard.columns().stream())
        .forEach(column -> encodings.put(column.name(), column.encoding()));
    jsonStrings =
        stored.schema().columns().stream()
            .filter(column -> column.encoding().equals("json") && !column.document())
            .map(SparkSchema.ReadColumn::name)
            .collect(Collectors.toUnmodifiableSet());
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
    var given = new TreeMap<String, String>(String.CASE_INSENSITIVE_ORDER);
    given.putAll(info.options().asCaseSensitiveMap());
    // Who chooses the columns by himself says by json what it always says.
    return new MdsWriteBuilder(
        info, all, given.containsKey(WriteOptions.COLUMNS) ? Set.of() : jsonStrings);
  }
}
