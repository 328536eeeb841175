package io.javatorch.conversion.source;

import io.javatorch.conversion.ConversionException;
import io.javatorch.conversion.commit.Destination;
import io.javatorch.conversion.commit.TargetJob;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.analysis.NoSuchTableException;
import org.apache.spark.sql.connector.catalog.Column;
import org.apache.spark.sql.connector.catalog.Identifier;
import org.apache.spark.sql.connector.catalog.StagedTable;
import org.apache.spark.sql.connector.catalog.StagingTableCatalog;
import org.apache.spark.sql.connector.catalog.Table;
import org.apache.spark.sql.connector.catalog.TableChange;
import org.apache.spark.sql.connector.expressions.Transform;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;

/**
 * The catalog in which a table's name is the path of a data set: {@code SELECT * FROM
 * mds.`/data/digits`}. Spark makes it by the name in {@code spark.sql.catalog.mds}, which {@link
 * MdsSessionExtensions} sets where it is not set.
 *
 * <p>Data sets can be read, inserted into, overwritten by an insert, and created or replaced from a
 * query. It never deletes one.
 */
// Spark 4.1 has newer methods for what Spark 3.5 knows only these for.
@SuppressWarnings("deprecation")
public final class MdsCatalog implements StagingTableCatalog {
  private String name = MdsSessionExtensions.CATALOG;

  /** Made by Spark. */
  public MdsCatalog() {}

  @Override
  public void initialize(String given, CaseInsensitiveStringMap options) {
    name = given;
  }

  @Override
  public String name() {
    return name;
  }

  /** None: paths are not listed. */
  @Override
  public Identifier[] listTables(String[] namespace) {
    return new Identifier[0];
  }

  /**
   * Reads what the driver needs of a data set.
   *
   * @throws ConversionException if there is none, which Spark would report as a format that it does
   *     not know if it were told by a {@link NoSuchTableException}
   */
  @Override
  public Table loadTable(Identifier identifier) {
    var options = Map.of(ReadOptions.PATH, path(identifier));
    var context = JavaSparkContext.fromSparkContext(SparkSession.active().sparkContext());
    var stored = StoredDataSet.read(ReadOptions.of(options), context.hadoopConfiguration());
    return new MdsCatalogTable(stored, options);
  }

  @Override
  public boolean tableExists(Identifier identifier) {
    return exists(identifier);
  }

  private static boolean exists(Identifier identifier) {
    if (identifier.namespace().length > 0) {
      return false;
    }
    var context = JavaSparkContext.fromSparkContext(SparkSession.active().sparkContext());
    var place = Destination.of(path(identifier), context.hadoopConfiguration());
    try {
      return TargetJob.hasDataSet(place);
    } catch (IOException e) {
      throw new ConversionException("Cannot look into " + place.uri() + ": " + e.getMessage(), e);
    }
  }

  private static String path(Identifier identifier) {
    if (identifier.namespace().length > 0) {
      throw new IllegalArgumentException(
          "A data set is named by its path alone, in backticks: mds.`/path`, not "
              + String.join(".", identifier.namespace())
              + "."
              + identifier.name());
    }
    return identifier.name();
  }

  @Override
  public StagedTable stageCreate(
      Identifier identifier,
      Column[] columns,
      Transform[] partitioning,
      Map<String, String> properties) {
    return new MdsNewTable(columns, options(identifier, partitioning, properties), false);
  }

  @Override
  public StagedTable stageReplace(
      Identifier identifier,
      Column[] columns,
      Transform[] partitioning,
      Map<String, String> properties)
      throws NoSuchTableException {
    if (!exists(identifier)) {
      throw new NoSuchTableException(identifier);
    }
    return stageCreateOrReplace(identifier, columns, partitioning, properties);
  }

  @Override
  public StagedTable stageCreateOrReplace(
      Identifier identifier,
      Column[] columns,
      Transform[] partitioning,
      Map<String, String> properties) {
    return new MdsNewTable(columns, options(identifier, partitioning, properties), true);
  }

  /** Those of the statement, which Spark hands over under a prefix, and the path. */
  private static Map<String, String> options(
      Identifier identifier, Transform[] partitioning, Map<String, String> properties) {
    if (partitioning.length > 0) {
      throw new IllegalArgumentException(
          "Shards cannot be partitioned by columns: leave out PARTITIONED BY");
    }
    var options = new HashMap<String, String>();
    properties.forEach(
        (key, value) -> {
          if (key.startsWith(OPTION_PREFIX)) {
            options.put(key.substring(OPTION_PREFIX.length()), value);
          }
        });
    options.put(WriteOptions.PATH, path(identifier));
    return options;
  }

  @Override
  public Table createTable(
      Identifier identifier,
      Column[] columns,
      Transform[] partitioning,
      Map<String, String> properties) {
    throw new UnsupportedOperationException(
        "A data set is created with its samples: CREATE TABLE %s.`%s` AS SELECT …"
            .formatted(name, identifier.name()));
  }

  @Override
  public Table alterTable(Identifier identifier, TableChange... changes) {
    throw new UnsupportedOperationException(
        "A data set cannot be altered; write it anew: CREATE OR REPLACE TABLE %s.`%s` AS SELECT …"
            .formatted(name, identifier.name()));
  }

  @Override
  public boolean dropTable(Identifier identifier) {
    if (exists(identifier)) {
      throw new UnsupportedOperationException(
          "Data sets are not dropped by SQL; delete the directory " + identifier.name());
    }
    return false;
  }

  @Override
  public void renameTable(Identifier from, Identifier to) {
    throw new UnsupportedOperationException(
        "Data sets are not renamed by SQL; move the directory " + from.name());
  }

  // Spark 3 declares these without a body and calls those above.

  @Override
  public Table createTable(
      Identifier identifier,
      StructType schema,
      Transform[] partitioning,
      Map<String, String> properties) {
    return createTable(identifier, MdsNewTable.columns(schema), partitioning, properties);
  }

  @Override
  public StagedTable stageCreate(
      Identifier identifier,
      StructType schema,
      Transform[] partitioning,
      Map<String, String> properties) {
    return stageCreate(identifier, MdsNewTable.columns(schema), partitioning, properties);
  }

  @Override
  public StagedTable stageReplace(
      Identifier identifier,
      StructType schema,
      Transform[] partitioning,
      Map<String, String> properties)
      throws NoSuchTableException {
    return stageReplace(identifier, MdsNewTable.columns(schema), partitioning, properties);
  }

  @Override
  public StagedTable stageCreateOrReplace(
      Identifier identifier,
      StructType schema,
      Transform[] partitioning,
      Map<String, String> properties) {
    return stageCreateOrReplace(identifier, MdsNewTable.columns(schema), partitioning, properties);
  }
}
