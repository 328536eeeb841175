package io.javatorch.conversion.source;

import java.util.Map;
import org.apache.spark.sql.connector.catalog.Identifier;
import org.apache.spark.sql.connector.catalog.Table;
import org.apache.spark.sql.connector.catalog.TableCatalog;
import org.apache.spark.sql.connector.catalog.TableChange;
import org.apache.spark.sql.connector.expressions.Transform;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;

/** Has a writable table of one column at every path. */
public final class PathCatalog implements TableCatalog {
  private String name;

  /** Made by Spark. */
  public PathCatalog() {}

  @Override
  public void initialize(String catalog, CaseInsensitiveStringMap options) {
    name = catalog;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Table loadTable(Identifier path) {
    return new MdsTable(StructType.fromDDL("n bigint"), Map.of("path", path.name()), true);
  }

  @Override
  public Identifier[] listTables(String[] namespace) {
    return new Identifier[0];
  }

  @Override
  @SuppressWarnings("deprecation") // What comes in its place is not in Spark 3.5.
  public Table createTable(
      Identifier path, StructType schema, Transform[] partitions, Map<String, String> properties) {
    return loadTable(path);
  }

  @Override
  public Table alterTable(Identifier path, TableChange... changes) {
    throw new UnsupportedOperationException();
  }

  @Override
  public boolean dropTable(Identifier path) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void renameTable(Identifier from, Identifier to) {
    throw new UnsupportedOperationException();
  }
}
