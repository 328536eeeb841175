package io.javatorch.conversion.source;

import io.javatorch.streaming.codec.HashAlgorithm;
import io.javatorch.streaming.format.SizeLimit;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * The options of {@code spark.read().format("mds")}. Names are taken in any case; an unknown one is
 * refused.
 *
 * <table>
 * <caption>Options</caption>
 * <tr><th>name</th><th>value</th><th>default</th></tr>
 * <tr><td>path</td><td>the data set's directory: a path, or a location such as {@code hdfs://…},
 * {@code s3a://…} or {@code /Volumes/…}</td><td>required</td></tr>
 * <tr><td>validateHash</td><td>the hashes to verify files by before they are read, such as {@code
 * sha1}; the index must have them</td><td>none; sizes are always checked</td></tr>
 * <tr><td>partitionBytes</td><td>the most bytes of samples in a partition, before compression: a
 * number, or such as {@code 64mb}</td><td>{@code spark.sql.files.maxPartitionBytes}</td></tr>
 * <tr><td>batchRows</td><td>the most rows that a task holds at a time</td><td>4096</td></tr>
 * <tr><td>batchBytes</td><td>so many bytes of encoded values are enough for a batch</td>
 * <td>16mb</td></tr>
 * <tr><td>local</td><td>the directory on each executor for shards that are fetched or decompressed;
 * each goes away when it has been read</td><td>the JVM's temporary directory</td></tr>
 * </table>
 *
 * @param path the data set's directory
 * @param hashes names of the hashes to verify by; sorted
 * @param partitionBytes the most bytes of a partition; 0 for Spark's own setting
 * @param batchRows the most rows of a batch
 * @param batchBytes bytes that are enough for a batch
 * @param local directory on each executor; may be empty
 */
public record ReadOptions(
    String path,
    List<String> hashes,
    long partitionBytes,
    int batchRows,
    long batchBytes,
    String local)
    implements Serializable {
  private static final long serialVersionUID = 1L;

  static final String PATH = "path";
  static final String PATHS = "paths";
  static final String VALIDATE_HASH = "validateHash";
  static final String PARTITION_BYTES = "partitionBytes";
  static final String BATCH_ROWS = "batchRows";
  static final String BATCH_BYTES = "batchBytes";
  static final String LOCAL = "local";

  private static final List<String> NAMES =
      List.of(PATH, VALIDATE_HASH, PARTITION_BYTES, BATCH_ROWS, BATCH_BYTES, LOCAL);

  private static final int MAX_BATCH_ROWS = 1 << 20;

  public ReadOptions {
    hashes = List.copyOf(hashes);
  }

  /**
   * Reads options.
   *
   * @throws IllegalArgumentException if one is unknown, which the message says with the known name
   *     next to it, or has a value that it cannot have; or if there is no path, or several
   */
  public static ReadOptions of(Map<String, String> given) {
    if (given.keySet().stream().anyMatch(PATHS::equalsIgnoreCase)) {
      throw new IllegalArgumentException(
          "mds reads one data set at a time: load each path alone and put them together with union,"
              + " or merge their indexes (bin/mds merge) and load the directory above");
    }
    var options = OptionParser.of("reading mds", NAMES, given);
    if (options.text(PATH).isBlank()) {
      throw new IllegalArgumentException(
          "There is no path to read: use load(path), or the option path");
    }
    return new ReadOptions(
        options.text(PATH),
        options.value(VALIDATE_HASH, "", ReadOptions::hashes),
        options.value(PARTITION_BYTES, "", text -> text.isEmpty() ? 0 : bytes(text)),
        options.value(BATCH_ROWS, "4096", ReadOptions::rows),
        options.value(BATCH_BYTES, "16mb", ReadOptions::bytes),
        options.text(LOCAL));
  }

  private static List<String> hashes(String value) {
    var names = new TreeSet<String>();
    for (var name : value.isEmpty() ? new String[0] : value.split(",", -1)) {
      names.add(new HashAlgorithm(name.strip()).name());
    }
    return new ArrayList<>(names);
  }

  private static int rows(String value) {
    int rows;
    try {
      rows = Integer.parseInt(value);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("'" + value + "' is no number of rows", e);
    }
    if (rows < 1 || rows > MAX_BATCH_ROWS) {
      throw new IllegalArgumentException(rows + " is not from 1 to " + MAX_BATCH_ROWS);
    }
    return rows;
  }

  private static long bytes(String value) {
    long bytes = SizeLimit.parse(value);
    if (bytes < 1) {
      throw new IllegalArgumentException(bytes + " is not above 0");
    }
    return bytes;
  }
}
