package io.javatorch.conversion.source;

import io.javatorch.conversion.schema.SparkSchema;
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
import org.apache.spark.sql.internal.SQLConf;
import org.apache.spark.sql.types.StructType;

/** Reads columns of a data set. */
final class MdsScan implements SupportsReportStatistics, Batch {
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
    // Spark reads its own sizes, such as 256m.
    var settings = SQLConf.get();
    long maxBytes =
        options.partitionBytes() > 0 ? options.partitionBytes() : settings.filesMaxPartitionBytes();
    List<MdsPartition> partitions =
        PartitionPlan.of(
            stored.index().shards(),
            limit,
            maxBytes,
            settings.filesOpenCostInBytes(),
            SparkSession.active().sparkContext().defaultParallelism(),
            stored.place().localDirectory().isPresent() && options.hashes().isEmpty());
    return partitions.toArray(InputPartition[]::new);
  }

  @Override
  public PartitionReaderFactory createReaderFactory() {
    return new MdsReaderFactory(stored.place(), wanted, options);
  }

  @Override
  public Statistics estimateStatistics() {
    long rows = Math.min(limit, stored.index().samples());
    long bytes = stored.index().shards().stream().mapToLong(shard -> shard.rawBytes()).sum();
    double share = (double) rows / Math.max(1, stored.index().samples());
    long needed = Math.max(1, (long) (share * neededBytes(bytes)));
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

  /**
   * Of all samples' bytes, those of the columns of fixed width, and all of the rest where one of
   * the other columns is wanted: which of them has most of it is not known.
   */
  private long neededBytes(long all) {
    long rest = all;
    for (var column : stored.schema().columns()) {
      rest -= stored.index().samples() * width(column);
    }
    long needed = 0;
    boolean varying = false;
    for (var column : wanted.columns()) {
      int width = width(column);
      needed += stored.index().samples() * width;
      varying |= width == 0;
    }
    return Math.min(all, varying ? needed + Math.max(0, rest) : needed);
  }

  /** Bytes of each value; 0 if they have not all the same. */
  private static int width(SparkSchema.ReadColumn column) {
    return switch (column.encoding()) {
      case "int8", "uint8" -> 1;
      case "int16", "uint16", "float16" -> 2;
      case "int32", "uint32", "float32" -> 4;
      case "int", "int64", "uint64", "float64" -> 8;
      default -> 0;
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
