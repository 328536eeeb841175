package io.javatorch.conversion.source;

import io.javatorch.conversion.ConversionException;
import io.javatorch.conversion.commit.Destination;
import io.javatorch.conversion.schema.SchemaSidecar;
import io.javatorch.conversion.schema.SparkSchema;
import io.javatorch.streaming.format.MalformedShardException;
import io.javatorch.streaming.format.ShardIndex;
import io.javatorch.streaming.storage.Downloader;
import io.javatorch.streaming.storage.RetryPolicy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;

/**
 * A data set as the driver sees it: its index and its columns.
 *
 * @param place where it lies
 * @param index its shards
 * @param schema its columns, with the types that they have by themselves
 */
record StoredDataSet(Destination place, ShardIndex index, SparkSchema schema) {
  /** As the tasks try, which have to read more. */
  static final RetryPolicy RETRIES =
      new RetryPolicy(4, Duration.ofMinutes(10), Duration.ofSeconds(1));

  /**
   * Reads what the driver needs.
   *
   * @throws ConversionException if there is no data set, or it cannot be read
   * @throws IllegalArgumentException if there is no storage for the location
   */
  static StoredDataSet read(ReadOptions options, Configuration hadoop) {
    var place = Destination.of(options.path(), hadoop);
    try {
      var scratch = Files.createTempDirectory("mds-index-");
      try (var downloader = new Downloader(place.connect(""), RETRIES)) {
        var file = scratch.resolve(ShardIndex.BASENAME);
        ShardIndex index;
        try {
          downloader.fetch(ShardIndex.BASENAME, file);
          index = ShardIndex.read(file);
        } catch (MalformedShardException e) {
          throw new ConversionException(e.getMessage().replace(scratch.toString(), place.uri()), e);
        } finally {
          Files.deleteIfExists(file);
        }
        var sidecar = sidecar(downloader, place, SchemaSidecar.basename(index.shards()));
        return new StoredDataSet(place, index, schema(index, sidecar, place));
      } finally {
        Files.deleteIfExists(scratch);
      }
    } catch (NoSuchFileException e) {
      throw new ConversionException(
          ("There is no data set in %s: it has no %s. If it was written with mergeIndex=false, merge"
                  + " its indexes with bin/mds merge, or load one of its part directories")
              .formatted(place.uri(), ShardIndex.BASENAME),
          e);
    } catch (IOException e) {
      throw new ConversionException("Cannot read " + place.uri() + ": " + e.getMessage(), e);
    }
  }

  private static Optional<SchemaSidecar> sidecar(
      Downloader downloader, Destination place, String name) throws IOException {
    var file = Files.createTempFile("mds-schema-", ".json");
    try {
      long size;
      try {
        size = downloader.size(name);
      } catch (NoSuchFileException e) {
        return Optional.empty();
      }
      if (size > SchemaSidecar.MAX_BYTES) {
        throw damaged(place, name, "it has " + size + " bytes, too many for types", null);
      }
      downloader.fetch(name, file);
      return Optional.of(SchemaSidecar.parse(Files.readAllBytes(file)));
    } catch (IllegalArgumentException e) {
      throw damaged(place, name, e.getMessage(), e);
    } finally {
      Files.deleteIfExists(file);
    }
  }

  private static ConversionException damaged(
      Destination place, String name, String problem, Exception cause) {
    return new ConversionException(
        "%s/%s is damaged: %s. Remove it to read the columns with the types of their encodings"
            .formatted(place.uri(), name, problem),
        cause);
  }

  private static SparkSchema schema(
      ShardIndex index, Optional<SchemaSidecar> sidecar, Destination place) {
    try {
      return SparkSchema.of(index, sidecar, place.uri());
    } catch (IllegalArgumentException e) {
      throw new ConversionException("Cannot read " + place.uri() + ": " + e.getMessage(), e);
    }
  }
}
