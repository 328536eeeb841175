package io.javatorch.conversion.commit;

import java.io.Serializable;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How tasks write shards.
 *
 * @param columns column names to MDS encodings
 * @param compression an MDS compression name, or empty for none
 * @param hashes MDS hash names
 * @param sizeLimitBytes limit of a shard before compression, above 0 and below 2^32
 * @param local the directory on each executor in which shards are made before they are uploaded;
 *     empty for a temporary one. A target that is a local directory needs none
 * @param keepLocal whether shards stay in {@code local} when they are uploaded
 */
public record ShardSettings(
    Map<String, String> columns,
    String compression,
    List<String> hashes,
    long sizeLimitBytes,
    String local,
    boolean keepLocal)
    implements Serializable {
  private static final long serialVersionUID = 1L;

  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException if shards are to be kept and it is not said where
   */
  public ShardSettings {
    columns = new LinkedHashMap<>(columns);
    hashes = List.copyOf(hashes);
    if (keepLocal && local.isEmpty()) {
      throw new IllegalArgumentException(
          "keepLocal needs the option local: the directory on each executor to keep shards in");
    }
  }

  Optional<Path> localDirectory() {
    return local.isEmpty() ? Optional.empty() : Optional.of(Path.of(local).toAbsolutePath());
  }
}
