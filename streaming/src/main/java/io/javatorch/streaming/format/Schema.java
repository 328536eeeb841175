package io.javatorch.streaming.format;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The columns of a shard with what reading and writing them needs. Immutable. */
final class Schema {
  private final List<Column> columns;
  private final Encoding[] encodings;
  private final Map<String, Integer> ordinals = new HashMap<>();
  private final int variableColumns;
  private final long fixedBytes;

  /**
   * Resolves the encodings.
   *
   * @throws IllegalArgumentException if one is unknown; the message names the column
   */
  Schema(List<Column> columns) {
    this.columns = List.copyOf(columns);
    this.encodings = new Encoding[columns.size()];
    int variable = 0;
    long fixed = 0;
    for (int i = 0; i < encodings.length; i++) {
      var column = columns.get(i);
      try {
        encodings[i] = Encoding.parse(column.encoding());
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException("column '" + column.name() + "': " + e.getMessage(), e);
      }
      ordinals.put(column.name(), i);
      if (encodings[i].size() < 0) {
        variable++;
      } else {
        fixed += encodings[i].size();
      }
    }
    this.variableColumns = variable;
    this.fixedBytes = fixed;
  }

  /**
   * Sorts the columns as a data set has them.
   *
   * @param encodings encodings by name
   * @throws IllegalArgumentException if there are none, or one is unknown
   */
  static Schema of(Map<String, String> encodings) {
    if (encodings.isEmpty()) {
      throw new IllegalArgumentException("a data set needs at least one column");
    }
    return new Schema(
        PythonJson.sorted(encodings).entrySet().stream()
            .map(entry -> new Column(entry.getKey(), entry.getValue()))
            .toList());
  }

  /**
   * Checks that the sizes in an encoded sample add up to its length.
   *
   * @param sample the number of the sample, for messages
   * @throws IllegalArgumentException if they do not
   */
  void checkSample(byte[] bytes, int offset, int length, long sample) {
    long needed = 4L * variableColumns + fixedBytes;
    if (needed <= length) {
      var sizes = ByteBuffer.wrap(bytes, offset, 4 * variableColumns).order(LITTLE_ENDIAN);
      while (sizes.hasRemaining()) {
        needed += Integer.toUnsignedLong(sizes.getInt());
      }
    }
    if (needed != length) {
      throw new IllegalArgumentException(
          "sample %d of %d bytes is no sample of the columns %s: they would take %s%d"
              .formatted(
                  sample,
                  length,
                  columns,
                  needed > length && needed == 4L * variableColumns + fixedBytes ? "at least " : "",
                  needed));
    }
  }

  List<Column> columns() {
    return columns;
  }

  int size() {
    return encodings.length;
  }

  String name(int ordinal) {
    return columns.get(ordinal).name();
  }

  Encoding encoding(int ordinal) {
    return encodings[ordinal];
  }

  /** Whether a column has a size in front of every sample. */
  boolean isVariable(int ordinal) {
    return encodings[ordinal].size() < 0;
  }

  /** How many columns have a size in front of every sample. */
  int variableColumns() {
    return variableColumns;
  }

  /** The bytes of all columns of a fixed size. */
  long fixedBytes() {
    return fixedBytes;
  }

  /** The position of a column. */
  int ordinal(String name) {
    var ordinal = ordinals.get(name);
    if (ordinal == null) {
      throw new IllegalArgumentException(
          "there is no column '"
              + name
              + "'; the columns are "
              + columns.stream().map(Column::name).toList());
    }
    return ordinal;
  }
}
