package io.javatorch.conversion.value;

import static org.assertj.core.api.Assertions.assertThat;

import io.javatorch.conversion.schema.MdsSchema;
import io.javatorch.conversion.schema.NullPolicy;
import io.javatorch.conversion.schema.SchemaSidecar;
import io.javatorch.conversion.schema.SparkSchema;
import io.javatorch.streaming.format.MdsWriter;
import io.javatorch.streaming.format.ShardIndex;
import io.javatorch.streaming.format.ShardReader;
import io.javatorch.streaming.format.ShardReader.Pickles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.apache.spark.sql.catalyst.expressions.UnsafeProjection;

class RoundTripPropertyTest {
  @Property(tries = 100)
  void aDataFrameOfAnySchemaReadsBackAsItWasUnderThePolicyJson(@ForAll long seed)
      throws IOException {
    var random = new RandomRows(seed);
    var type = random.schema();
    var schema = MdsSchema.of(type, NullPolicy.JSON);
    // Spark hands rows over in this form, whose memory it uses again. To make it takes a compiler.
    var projection =
        seed % 4 == 0
            ? Optional.of(UnsafeProjection.create(type))
            : Optional.<UnsafeProjection>empty();
    var directory = Files.createTempDirectory("round-trip-");
    try {
      var expected = new ArrayList<List<Object>>();
      ShardIndex index;
      try (var writer =
          MdsWriter.builder(directory).columns(schema.encodings()).sizeLimit(2000).open()) {
        var rows = RowWriter.of(schema);
        for (int i = 0; i < 20; i++) {
          var row = random.row(type);
          expected.add(RandomRows.plain(row, type));
          var sample = writer.row();
          assertThat(rows.write(projection.isPresent() ? projection.get().apply(row) : row, sample))
              .isTrue();
          sample.write();
        }
        index = writer.finish();
      }
      var sidecar = SchemaSidecar.parse(SchemaSidecar.of(schema).toJson());
      var read = SparkSchema.of(index, Optional.of(sidecar), "here");

      assertThat(read.structType()).isEqualTo(type);
      assertThat(rows(directory, index, read)).isEqualTo(expected);
    } finally {
      remove(directory);
    }
  }

  static List<List<Object>> rows(Path directory, ShardIndex index, SparkSchema schema)
      throws IOException {
    var rows = new ArrayList<List<Object>>();
    try (var batch = new SampleBatch(schema.columns(), 7, 1000)) {
      for (var shard : index.shards()) {
        try (var reader = ShardReader.open(directory, shard, Pickles.PLAIN_DATA)) {
          batch.from(reader.columns());
          for (var sample : reader) {
            batch.add(sample);
            if (batch.isFull()) {
              take(batch, schema, rows);
            }
          }
        }
      }
      take(batch, schema, rows);
    }
    return rows;
  }

  private static void take(SampleBatch batch, SparkSchema schema, List<List<Object>> rows) {
    batch
        .batch()
        .rowIterator()
        .forEachRemaining(row -> rows.add(RandomRows.plain(row, schema.structType())));
    batch.clear();
  }

  static void remove(Path directory) throws IOException {
    try (var files = Files.walk(directory)) {
      files
          .sorted(Comparator.reverseOrder())
          .forEach(
              file -> {
                try {
                  Files.delete(file);
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
    }
  }
}
