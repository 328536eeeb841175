package io.javatorch.conversion.source;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SQLContext;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.connector.catalog.Table;
import org.apache.spark.sql.connector.catalog.TableCatalog;
import org.apache.spark.sql.connector.catalog.TableProvider;
import org.apache.spark.sql.connector.expressions.Transform;
import org.apache.spark.sql.sources.BaseRelation;
import org.apache.spark.sql.sources.CreatableRelationProvider;
import org.apache.spark.sql.sources.DataSourceRegister;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;

/**
 * The data source {@code mds}.
 *
 * <p>Spark lets a source of this kind write in the modes append and overwrite alone, unless it
 * comes with a catalog, and tells it neither. So a table made here says that it cannot be written,
 * and Spark then hands the DataFrame and the mode to {@link #createRelation}, which runs the write
 * in any mode. A table of the catalog is written directly.
 */
public final class MdsDataSource
    implements TableProvider, DataSourceRegister, CreatableRelationProvider {
  /** The last two are not among Spark 3's. */
  private static final Set<String> RESERVED =
      Set.of(
          TableCatalog.PROP_LOCATION,
          TableCatalog.PROP_IS_MANAGED_LOCATION,
          TableCatalog.PROP_EXTERNAL,
          TableCatalog.PROP_COMMENT,
          TableCatalog.PROP_PROVIDER,
          TableCatalog.PROP_OWNER,
          "collation",
          "table_type");

  /** Made by Spark. */
  public MdsDataSource() {}

  @Override
  public String shortName() {
    return "mds";
  }

  @Override
  public boolean supportsExternalMetadata() {
    return true;
  }

  @Override
  public StructType inferSchema(CaseInsensitiveStringMap options) {
    var read = ReadOptions.of(withoutReserved(options.asCaseSensitiveMap()));
    var context = JavaSparkContext.fromSparkContext(SparkSession.active().sparkContext());
    return StoredDataSet.read(read, context.hadoopConfiguration()).schema().structType();
  }

  @Override
  public Table getTable(
      StructType schema, Transform[] partitioning, Map<String, String> properties) {
    return new MdsTable(schema, withoutReserved(properties));
  }

  /** Leaves out what Spark says of a table of its own catalog, and takes its location. */
  private static Map<String, String> withoutReserved(Map<String, String> properties) {
    var options = new TreeMap<String, String>(String.CASE_INSENSITIVE_ORDER);
    properties.forEach(
        (key, value) -> {
          if (!RESERVED.contains(key) && !key.startsWith(TableCatalog.OPTION_PREFIX)) {
            options.put(key, value);
          }
        });
    if (RESERVED.stream().anyMatch(properties::containsKey)) {
      var location = properties.get(TableCatalog.PROP_LOCATION);
      if (location != null) {
        options.put(ReadOptions.PATH, location);
      }
      // Spark's catalog writes URIs of files without escapes.
      options.computeIfPresent(
          ReadOptions.PATH,
          (key, path) -> path.startsWith("file:") ? new Path(path).toUri().getPath() : path);
    }
    return options;
  }

  /** What can be written is said by the check of all columns at once. */
  @Override
  public boolean supportsDataType(DataType type) {
    return true;
  }

  @Override
  public BaseRelation createRelation(
      SQLContext context,
      SaveMode mode,
      scala.collection.immutable.Map<String, String> options,
      Dataset<Row> frame) {
    var given = new HashMap<String, String>();
    for (var entries = options.iterator(); entries.hasNext(); ) {
      var entry = entries.next();
      given.put(entry._1(), entry._2());
    }
    return MdsWrites.save(context, mode, given, frame);
  }
}
