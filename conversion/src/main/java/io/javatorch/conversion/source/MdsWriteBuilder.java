package io.javatorch.conversion.source;

import io.javatorch.conversion.ConversionException;
import io.javatorch.conversion.commit.TargetJob;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.connector.write.LogicalWriteInfo;
import org.apache.spark.sql.connector.write.SupportsTruncate;
import org.apache.spark.sql.connector.write.Write;
import org.apache.spark.sql.connector.write.WriteBuilder;

/**
 * Plans a write through Spark's own commands, such as {@code INSERT INTO}: adds to the data set, or
 * replaces it if it is told to truncate. Checks columns, options and target before any task runs.
 */
final class MdsWriteBuilder implements WriteBuilder, SupportsTruncate {
  private final LogicalWriteInfo info;
  private final Map<String, String> options;
  private final Set<String> jsonStrings;
  private TargetJob.Mode mode = TargetJob.Mode.APPEND;

  /**
   * Begins to plan.
   *
   * @param options the table's options and those of the write
   * @param jsonStrings columns of text that are JSON strings where the options choose json for them
   */
  MdsWriteBuilder(LogicalWriteInfo info, Map<String, String> options, Set<String> jsonStrings) {
    this.info = info;
    this.options = options;
    this.jsonStrings = Set.copyOf(jsonStrings);
  }

  @Override
  public WriteBuilder truncate() {
    mode = TargetJob.Mode.OVERWRITE;
    return this;
  }

  @Override
  public Write build() {
    var prepared =
        PreparedWrite.of(
            SparkSession.active(),
            info.schema(),
            WriteOptions.of(options),
            mode,
            Optional.empty(),
            jsonStrings);
    try {
      prepared.checkTarget();
    } catch (IOException e) {
      throw new ConversionException(
          "Cannot write to " + prepared.destination().uri() + ": " + e.getMessage(), e);
    }
    return new MdsBatchWrite(prepared);
  }
}
