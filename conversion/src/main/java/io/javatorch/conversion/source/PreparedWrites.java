package io.javatorch.conversion.source;

import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.spark.sql.connector.catalog.Column;
import org.apache.spark.sql.connector.catalog.SupportsWrite;
import org.apache.spark.sql.connector.catalog.Table;
import org.apache.spark.sql.connector.catalog.TableCapability;
import org.apache.spark.sql.connector.catalog.TableProvider;
import org.apache.spark.sql.connector.expressions.Transform;
import org.apache.spark.sql.connector.write.LogicalWriteInfo;
import org.apache.spark.sql.connector.write.Write;
import org.apache.spark.sql.connector.write.WriteBuilder;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;

/**
 * Hands writes that {@link MdsWrites} prepared over to Spark. Not for use by others; Spark makes it
 * by its name, and wants it public.
 *
 * <p>Spark gives a data source texts alone. So the write itself waits in this process under a key,
 * and neither paths nor options of it get into Spark's plans and event logs.
 */
public final class PreparedWrites implements TableProvider {
  static final String KEY = "write";

  /** Writes between {@link #add} and {@link #remove}. */
  private static final Map<String, MdsBatchWrite> WAITING = new ConcurrentHashMap<>();

  /** Made by Spark. */
  public PreparedWrites() {}

  static String add(MdsBatchWrite write) {
    var key = UUID.randomUUID().toString();
    WAITING.put(key, write);
    return key;
  }

  static void remove(String key) {
    WAITING.remove(key);
  }

  @Override
  public boolean supportsExternalMetadata() {
    return true;
  }

  @Override
  public StructType inferSchema(CaseInsensitiveStringMap options) {
    throw new UnsupportedOperationException("write with format(\"mds\")");
  }

  @Override
  public Table getTable(
      StructType schema, Transform[] partitioning, Map<String, String> properties) {
    var write = WAITING.get(new CaseInsensitiveStringMap(properties).get(KEY));
    if (write == null) {
      throw new UnsupportedOperationException("write with format(\"mds\")");
    }
    return new Target(write);
  }

  /** The target of one write. */
  private record Target(MdsBatchWrite write) implements Table, SupportsWrite, WriteBuilder {
    @Override
    public String name() {
      return write.toString();
    }

    @Override
    public Column[] columns() {
      return new Column[0];
    }

    /** What Spark 3.5 wants to be implemented besides {@link #columns}. */
    @Override
    @SuppressWarnings("deprecation")
    public StructType schema() {
      return new StructType();
    }

    @Override
    public Set<TableCapability> capabilities() {
      // What rows may look like is for us to say, and was said before.
      return Set.of(TableCapability.BATCH_WRITE, TableCapability.ACCEPT_ANY_SCHEMA);
    }

    @Override
    public WriteBuilder newWriteBuilder(LogicalWriteInfo info) {
      return this;
    }

    @Override
    public Write build() {
      return write;
    }
  }
}
