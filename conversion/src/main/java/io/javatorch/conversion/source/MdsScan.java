package io.javatorch.conversion.source;

import io.javatorch.conversion.schema.SparkSchema;
import io.javatorch.streaming.format.SizeLimit;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.connector.read.Batch;
import org.apache.spark.sql.connector.read.InputPartition;
import org.apache.spark.sql.connector.read.PartitionReaderFactory;
import org.apache.spark.sql.connector.read.Statistics;
import org.apache.spark.sql.connector.read.SupportsReportStatistics;
import org.apache.spark.sql.types.StructType;

/** Reads columns of a data set. */
final class MdsScan implements SupportsReportStatistics, Batch {
  private static final String MAX_BYTES = "spark.sql.files.maxPartitionBytes";
  private static final String OPEN_COST = "spark.sql.files.openCostInBytes";

  private final StoredDataSet stored;
  private final ReadOptions options;
  private final SparkSchema wanted;
  private final long limit;

  /**
   * Describes a scan.
   *
   * @param wanted the columns to read
   * @param limit the most rows that are needed
   */
  MdsScan(StoredDataSet stored, ReadOptions options, SparkSchema wanted, long limit) {
    this.stored = stored;
    this.options = options;
    this.wanted = wanted;
    this.limit = limit;
  }

  @Override
  public StructType readSchema() {
    return wanted.structType();
  }

  @Override
  public String description() {
    var rows = limit == Long.MAX_VALUE ? "" : ", the first " + limit;
    return "mds %s%s [%s]"
        .formatted(
            stored.place().uri(),
            rows,
            wanted.columns().stream()
                .map(SparkSchema.ReadColumn::name)
                .collect(Collectors.joining(", ")));
  }

  @Override
  public Batch toBatch() {
    return this;
  }

  @Override
  public InputPartition[] planInputPartitions() {
    var session = SparkSession.active();
    long maxBytes =
        options.partitionBytes() > 0 ? options.partitionBytes() : bytes(session, MAX_BYTES);
    List<MdsPartition> partitions =
        PartitionPlan.of(
            stored.index().shards(),
            limit,
            maxBytes,
            bytes(session, OPEN_COST),
            session.sparkContext().defaultParallelism(),
            stored.place().localDirectory().isPresent());
    return partitions.toArray(InputPartition[]::new);
  }

  private static long bytes(SparkSession session, String setting) {
    // In the form that Spark itself prints, such as 134217728b.
    return SizeLimit.parse(session.conf().get(setting));
  }

  @Override
  public PartitionReaderFactory createReaderFactory() {
    return new MdsReaderFactory(stored.place(), wanted, options);
  }

  @Override
  public Statistics estimateStatistics() {
    long rows = Math.min(limit, stored.index().samples());
    long bytes = stored.index().shards().stream().mapToLong(shard -> shard.rawBytes()).sum();
    double share =
        (double) readSchema().defaultSize()
            / Math.max(1, stored.schema().structType().defaultSize())
            * rows
            / Math.max(1, stored.index().samples());
    long needed = Math.max(1, (long) (bytes * Math.min(1, share)));
    return new Statistics() {
      @Override
      public OptionalLong sizeInBytes() {
        return OptionalLong.of(needed);
      }

      @Override
      public OptionalLong numRows() {
        return OptionalLong.of(rows);
      }
    };
  }

  /** Two scans of the same columns of the same shards are one to Spark. */
  @Override
  public boolean equals(Object other) {
    return other instanceof MdsScan that
        && stored.place().location().equals(that.stored.place().location())
        && stored.index().equals(that.stored.index())
        && options.equals(that.options)
        && wanted.equals(that.wanted)
        && limit == that.limit;
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(
        new Object[] {stored.place().location(), options, wanted.columns().size(), limit});
  }
}
