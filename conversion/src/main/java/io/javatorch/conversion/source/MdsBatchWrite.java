package io.javatorch.conversion.source;

import io.javatorch.conversion.ConversionException;
import io.javatorch.conversion.commit.PartShards;
import io.javatorch.conversion.commit.TargetJob;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Optional;
import org.apache.spark.sql.connector.write.BatchWrite;
import org.apache.spark.sql.connector.write.DataWriterFactory;
import org.apache.spark.sql.connector.write.PhysicalWriteInfo;
import org.apache.spark.sql.connector.write.Write;
import org.apache.spark.sql.connector.write.WriterCommitMessage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One write of Spark's: claims the target when its tasks are about to run. */
final class MdsBatchWrite implements Write, BatchWrite {
  private static final Logger LOG = LoggerFactory.getLogger(MdsBatchWrite.class);

  private final PreparedWrite prepared;
  private Optional<TargetJob> job = Optional.empty();

  MdsBatchWrite(PreparedWrite prepared) {
    this.prepared = prepared;
  }

  @Override
  public String description() {
    return prepared.toString();
  }

  @Override
  public BatchWrite toBatch() {
    return this;
  }

  @Override
  public DataWriterFactory createBatchWriterFactory(PhysicalWriteInfo info) {
    try {
      var begun = prepared.begin();
      job = Optional.of(begun);
      return prepared.factory(begun);
    } catch (IOException e) {
      throw failed(e);
    }
  }

  @Override
  public boolean useCommitCoordinator() {
    return true;
  }

  @Override
  public void commit(WriterCommitMessage[] messages) {
    var accepted = new ArrayList<PartShards>();
    for (var message : messages) {
      if (message instanceof MdsDataWriter.Written written) {
        accepted.add(written.shards());
      }
    }
    prepared.checkTasks();
    try {
      var published = job.orElseThrow().publish(accepted);
      prepared.published(published, messages.length);
      LOG.info("{}", published);
    } catch (IOException e) {
      throw failed(e);
    }
  }

  @Override
  public void abort(WriterCommitMessage[] messages) {
    abort();
  }

  /** Removes what was added, unless it is published or removed already. */
  void abort() {
    if (job.isPresent()) {
      try {
        job.get().abort();
      } catch (IOException e) {
        throw new ConversionException(
            "Not all that a failed conversion added to %s could be removed: %s. The next conversion into it removes the rest"
                .formatted(prepared.destination().uri(), e.getMessage()),
            e);
      }
    }
  }

  private ConversionException failed(IOException e) {
    return new ConversionException(
        "Cannot write to " + prepared.destination().uri() + ": " + e.getMessage(), e);
  }

  @Override
  public String toString() {
    return prepared.toString();
  }
}
