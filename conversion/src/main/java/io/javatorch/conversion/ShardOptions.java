package io.javatorch.conversion;

import io.javatorch.conversion.schema.MdsSchema;
import io.javatorch.streaming.format.MdsWriter;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.List;

/**
 * How shards are written, in a form that travels to tasks.
 *
 * @param compression an MDS compression name, or empty for none
 * @param hashes MDS hash names
 * @param sizeLimitBytes limit of a shard before compression
 */
record ShardOptions(MdsSchema schema, String compression, List<String> hashes, long sizeLimitBytes)
    implements Serializable {
  private static final long serialVersionUID = 1L;

  ShardOptions {
    hashes = List.copyOf(hashes);
  }

  MdsWriter open(Path directory) throws IOException {
    var builder =
        MdsWriter.builder(directory)
            .columns(schema.encodings())
            .hashes(hashes.toArray(String[]::new))
            .sizeLimit(sizeLimitBytes)
            // Spark runs as many tasks as there are cores, each with its share of the memory.
            .shardThreads(0);
    return (compression.isEmpty() ? builder : builder.compression(compression)).open();
  }
}
