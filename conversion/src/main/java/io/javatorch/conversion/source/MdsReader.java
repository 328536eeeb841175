package io.javatorch.conversion.source;

import io.javatorch.conversion.commit.Destination;
import io.javatorch.conversion.schema.SparkSchema;
import io.javatorch.conversion.value.SampleBatch;
import io.javatorch.conversion.value.SampleBatch.ValueException;
import io.javatorch.streaming.format.MalformedShardException;
import io.javatorch.streaming.format.ShardReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import org.apache.spark.sql.connector.read.PartitionReader;
import org.apache.spark.sql.vectorized.ColumnarBatch;

/** Reads one partition, a batch at a time. A batch never spans shards. */
final class MdsReader implements PartitionReader<ColumnarBatch> {
  private final List<ShardSlice> slices;
  private final SampleBatch batch;
  private final boolean countsOnly;
  private final BroughtShards shards;

  private int slice = -1;
  private int next;
  private ShardReader reader;

  /** Set when the task ends, while another thread may still ask for rows. */
  private volatile boolean closed;

  MdsReader(Destination place, SparkSchema schema, ReadOptions options, List<ShardSlice> slices) {
    this.slices = slices;
    batch = new SampleBatch(schema.columns(), options.batchRows(), options.batchBytes());
    countsOnly = schema.columns().isEmpty();
    shards = new BroughtShards(place, options.local(), options.hashes());
  }

  /**
   * Reads the next batch.
   *
   * @throws IOException if a file cannot be read, is damaged, or has a value that the schema does
   *     not; the message names the file and the sample
   */
  @Override
  public boolean next() throws IOException {
    batch.clear();
    while (slice < 0 || next == slices.get(slice).to()) {
      if (slice + 1 >= slices.size()) {
        return false;
      }
      advance();
    }
    if (countsOnly) {
      int count = Math.min(batch.capacity(), slices.get(slice).to() - next);
      batch.addEmpty(count);
      next += count;
      return true;
    }
    fill();
    return true;
  }

  private void advance() throws IOException {
    if (closed) {
      throw new IOException("The task that reads " + shards.location() + " has ended");
    }
    closeShard();
    slice++;
    var current = slices.get(slice);
    next = current.from();
    if (countsOnly) {
      return;
    }
    try {
      reader = shards.open(current.shard());
      batch.from(reader.columns());
    } catch (MalformedShardException e) {
      throw new IOException(shards.named(e.getMessage()), e);
    } catch (IOException e) {
      throw new IOException(
          "Cannot read "
              + name()
              + ": "
              + shards.named(e.getMessage() == null ? e.toString() : e.getMessage()),
          e);
    }
  }

  private void fill() throws IOException {
    int to = slices.get(slice).to();
    try {
      while (next < to && !batch.isFull()) {
        batch.add(reader.get(next));
        next++;
      }
    } catch (ValueException e) {
      throw new IOException("%s, sample %d, %s".formatted(name(), next, e.getMessage()), e);
    } catch (MalformedShardException e) {
      throw new IOException(shards.named(e.getMessage()), e);
    } catch (UncheckedIOException e) {
      throw new IOException(shards.named(e.getMessage()), e);
    }
  }

  private String name() {
    return shards.location() + "/" + slices.get(slice).shard().data().raw().basename();
  }

  @Override
  public ColumnarBatch get() {
    return batch.batch();
  }

  private void closeShard() throws IOException {
    if (reader != null) {
      var done = reader;
      reader = null;
      try {
        done.close();
      } finally {
        shards.release(slices.get(slice).shard());
      }
    }
  }

  /** Removes what was brought; may be called more than once. */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    batch.close();
    try (shards) {
      closeShard();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
