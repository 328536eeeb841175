package io.javatorch.streaming.format;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javatorch.streaming.format.Encoding.InvalidDataException;
import io.javatorch.streaming.format.MalformedShardException.Where;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Turns rows of text into rows as an MDS shard has them, so that both are read through the same
 * view. Immutable.
 */
final class TextRows {
  private final List<Column> columns;
  private final TextLayout layout;

  TextRows(List<Column> columns, TextLayout layout) {
    this.columns = columns;
    this.layout = layout;
  }

  /** The columns as the view has them: a float of a text format is a double. */
  static Schema schema(List<Column> columns) {
    return new Schema(
        columns.stream()
            .map(
                column ->
                    column.encoding().equals("float")
                        ? new Column(column.name(), "float64")
                        : column)
            .toList());
  }

  /** Says which column of a row is at fault. */
  static final class RowException extends Exception {
    private static final long serialVersionUID = 1L;

    private final String column;

    RowException(String column, String message) {
      super(message);
      this.column = column;
    }

    /** The column, or null if the row as a whole is at fault. */
    String column() {
      return column;
    }
  }

  /**
   * Parses a row.
   *
   * @param schema what {@link #schema} returned for the columns
   * @param where the sample's place
   * @param begin the row's position in its file
   */
  Sample parse(ByteBuffer bytes, Schema schema, Where where, long begin) throws RowException {
    String text;
    try {
      text = Encoding.text(Encoding.copy(bytes));
    } catch (InvalidDataException e) {
      throw new RowException(null, e.getMessage());
    }
    if (!text.endsWith(layout.newline())) {
      throw new RowException(null, "the row does not end with a new line");
    }
    var row = text.substring(0, text.length() - layout.newline().length());
    var encoded = new byte[columns.size()][];
    var starts = new int[columns.size() + 1];
    var parts = layout.separator().isPresent() ? split(row) : null;
    var json = parts == null ? json(row) : null;
    for (int i = 0; i < encoded.length; i++) {
      var column = columns.get(i);
      try {
        encoded[i] =
            parts != null
                ? encode(column.encoding(), parts[i])
                : encode(column.encoding(), json.get(column.name()));
      } catch (InvalidDataException e) {
        throw new RowException(column.name(), e.getMessage());
      }
      starts[i + 1] = starts[i] + encoded[i].length;
    }
    var joined = ByteBuffer.allocate(starts[encoded.length]).order(ByteOrder.LITTLE_ENDIAN);
    for (var value : encoded) {
      joined.put(value);
    }
    return new Sample(schema, where, joined.flip(), starts, begin);
  }

  private String[] split(String row) throws RowException {
    var separator = layout.separator().orElseThrow();
    var parts = new String[columns.size()];
    int count = 0;
    int from = 0;
    while (true) {
      int to = row.indexOf(separator, from);
      if (count < parts.length) {
        parts[count] = row.substring(from, to < 0 ? row.length() : to);
      }
      count++;
      if (to < 0) {
        break;
      }
      from = to + separator.length();
    }
    if (count != parts.length) {
      throw new RowException(
          null, "the row has " + count + " columns and the index says " + parts.length);
    }
    return parts;
  }

  private static ObjectNode json(String row) throws RowException {
    try {
      if (JsonEncoding.tree(row) instanceof ObjectNode object) {
        return object;
      }
    } catch (InvalidDataException e) {
      throw new RowException(null, e.getMessage());
    }
    throw new RowException(null, "the row is not a JSON object");
  }

  private static byte[] encode(String encoding, String text) throws InvalidDataException {
    if (encoding.equals("str")) {
      return text.getBytes(StandardCharsets.UTF_8);
    }
    var number = encoding.equals("int") ? TextNumberEncoding.STR_INT : TextNumberEncoding.STR_FLOAT;
    return number(encoding, number.decode(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8))));
  }

  private static byte[] encode(String encoding, JsonNode value) throws InvalidDataException {
    if (value == null) {
      throw new InvalidDataException("the row lacks it");
    }
    if (encoding.equals("str") && value.isTextual()) {
      try {
        return Encoding.utf8(value.textValue());
      } catch (IllegalArgumentException e) {
        throw new InvalidDataException(e.getMessage());
      }
    }
    if (encoding.equals("int") && value.isIntegralNumber()) {
      return number(encoding, value.bigIntegerValue());
    }
    if (encoding.equals("float") && value.isNumber()) {
      return number(encoding, value.doubleValue());
    }
    throw new InvalidDataException("the value " + value + " is no " + encoding);
  }

  private static byte[] number(String encoding, Object value) throws InvalidDataException {
    try {
      return encoding.equals("int")
          ? ScalarEncoding.INT.encode((BigInteger) value)
          : ScalarEncoding.FLOAT64.encode(value);
    } catch (IllegalArgumentException e) {
      throw new InvalidDataException(e.getMessage());
    }
  }
}
