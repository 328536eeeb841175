package io.javatorch.streaming.format;

import io.javatorch.streaming.format.Encoding.InvalidDataException;
import io.javatorch.streaming.format.MalformedShardException.Where;
import java.awt.image.BufferedImage;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A sample: a typed view of a row of a shard. Nothing is decoded before it is asked for, and
 * numbers are read without boxing. Immutable and safe for use by many threads.
 *
 * <p>Columns go by name, or by their position in {@link #columns}, which is faster. A getter throws
 * {@link IllegalArgumentException} if there is no such column or its type is another one, and
 * {@link MalformedShardException} if its bytes cannot be decoded.
 */
public final class Sample {
  private final Schema schema;
  private final Where where;
  private final ByteBuffer bytes;

  /** Where in the buffer each column begins, and at last where the last one ends. */
  private final int[] starts;

  /** The file position of the buffer's index 0. */
  private final long origin;

  Sample(Schema schema, Where where, ByteBuffer bytes, int[] starts, long origin) {
    this.schema = schema;
    this.where = where;
    this.bytes = bytes;
    this.starts = starts;
    this.origin = origin;
  }

  /** The columns, in the order the shard stores them. */
  public List<Column> columns() {
    return schema.columns();
  }

  /** The position of a column in {@link #columns}. */
  public int ordinal(String column) {
    return schema.ordinal(column);
  }

  /** An integer column's value. */
  public long getLong(String column) {
    return getLong(schema.ordinal(column));
  }

  /**
   * An integer column's value.
   *
   * @throws ArithmeticException if a uint64 is beyond {@link Long#MAX_VALUE}
   */
  public long getLong(int column) {
    if (schema.encoding(column) instanceof ScalarEncoding scalar
        && scalar.kind() != ScalarEncoding.Kind.FLOATING) {
      return scalar.integer(bytes, starts[column]);
    }
    throw wrongType(column, "an integer");
  }

  /** An integer column's value, as {@link #getInt(int)}. */
  public int getInt(String column) {
    return getInt(schema.ordinal(column));
  }

  /**
   * An integer column's value.
   *
   * @throws ArithmeticException if it does not fit an int
   */
  public int getInt(int column) {
    long value = getLong(column);
    if (value != (int) value) {
      throw new ArithmeticException(
          value + " in column '" + schema.name(column) + "' does not fit an int; use getLong");
    }
    return (int) value;
  }

  /** A numeric column's value as a double, as {@link #getDouble(int)}. */
  public double getDouble(String column) {
    return getDouble(schema.ordinal(column));
  }

  /** A numeric column's value as a double; 64-bit integers are rounded. */
  public double getDouble(int column) {
    if (schema.encoding(column) instanceof ScalarEncoding scalar) {
      return scalar.floating(bytes, starts[column]);
    }
    throw wrongType(column, "a number");
  }

  /** A numeric column's value as a float, as {@link #getFloat(int)}. */
  public float getFloat(String column) {
    return getFloat(schema.ordinal(column));
  }

  /** A numeric column's value as a float; what a float cannot hold is rounded. */
  public float getFloat(int column) {
    return (float) getDouble(column);
  }

  /** A text column's value. */
  public String getString(String column) {
    return getString(schema.ordinal(column));
  }

  /** A text column's value; of a str_int, str_float, str_decimal or json column its text. */
  public String getString(int column) {
    var encoding = schema.encoding(column);
    if (encoding == Encoding.StrEncoding.INSTANCE) {
      return (String) get(column);
    }
    if (encoding instanceof TextNumberEncoding || encoding == JsonEncoding.INSTANCE) {
      try {
        return Encoding.text(getBytes(column));
      } catch (InvalidDataException e) {
        throw undecodable(column, e);
      }
    }
    throw wrongType(column, "text");
  }

  /**
   * The UTF-8 of a text column's value as a new array: what {@link #getString(int)} returns,
   * without making a String of it. It is UTF-8 for sure.
   */
  public byte[] getUtf8(int column) {
    var encoding = schema.encoding(column);
    if (encoding != Encoding.StrEncoding.INSTANCE
        && !(encoding instanceof TextNumberEncoding)
        && encoding != JsonEncoding.INSTANCE) {
      throw wrongType(column, "text");
    }
    var utf8 = getBytes(column);
    int malformed = Utf8.firstMalformed(utf8);
    if (malformed >= 0) {
      throw undecodable(
          column,
          new InvalidDataException("it is not UTF-8 from byte " + malformed + " of the value on"));
    }
    return utf8;
  }

  /** An ndarray column's value; where the shard is mapped this copies nothing. */
  public NdArray getNdArray(String column) {
    return getNdArray(schema.ordinal(column));
  }

  /** An ndarray column's value; where the shard is mapped this copies nothing. */
  public NdArray getNdArray(int column) {
    if (schema.encoding(column) instanceof NdArrayEncoding) {
      return (NdArray) get(column);
    }
    throw wrongType(column, "an ndarray");
  }

  /** The decoded image of a pil, jpeg or png column. */
  public BufferedImage getImage(String column) {
    return getImage(schema.ordinal(column));
  }

  /**
   * The decoded image of a pil, jpeg or png column. A file may be PNG or JPEG in either of the last
   * two. Its pixels come as they are stored: a color profile in the file is not applied. A JPEG of
   * CMYK comes as RGB. Read a gray image's raster: its {@link BufferedImage#getRGB} takes the gray
   * for linear and returns lighter values.
   *
   * @throws MalformedShardException also if it has more than 178,956,970 pixels (Pillow's limit),
   *     would take more than a quarter of the heap, or is in a form that Java has no reader for;
   *     {@link #getBytes} gives its bytes then
   */
  public BufferedImage getImage(int column) {
    if (schema.encoding(column) instanceof ImageEncoding encoding) {
      try {
        return encoding.image(slice(column));
      } catch (InvalidDataException e) {
        throw undecodable(column, e);
      }
    }
    throw wrongType(column, "an image");
  }

  /** A column's value in its encoded form, of any type, as a new array. */
  public byte[] getBytes(String column) {
    return getBytes(schema.ordinal(column));
  }

  /** A column's value in its encoded form, of any type, as a new array. */
  public byte[] getBytes(int column) {
    var copy = new byte[size(column)];
    bytes.get(starts[column], copy);
    return copy;
  }

  /** A column's value in its encoded form, as {@link #getBuffer(int)}. */
  public ByteBuffer getBuffer(String column) {
    return getBuffer(schema.ordinal(column));
  }

  /**
   * A column's value in its encoded form, of any type, as a read-only little-endian buffer. Where
   * the shard is mapped this copies nothing.
   */
  public ByteBuffer getBuffer(int column) {
    return slice(column).asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
  }

  /** The size of a column's encoded value in bytes. */
  public int size(int column) {
    return starts[column + 1] - starts[column];
  }

  /** A column's value, as {@link #get(int)}. */
  public Object get(String column) {
    return get(schema.ordinal(column));
  }

  /**
   * A column's value as an object:
   *
   * <ul>
   *   <li>{@code bytes}, {@code jpeg}, {@code png}: {@code byte[]}, for images the file's bytes
   *   <li>{@code str}: {@link String}
   *   <li>int8: {@link Byte}; int16, uint8: {@link Short}; int32, uint16: {@link Integer}; int,
   *       int64, uint32: {@link Long}; uint64, str_int: {@link java.math.BigInteger}
   *   <li>float16, float32: {@link Float}; float64, str_float: {@link Double}
   *   <li>str_decimal: {@link java.math.BigDecimal}, which has no NaN, no infinity and no sign of a
   *       zero; {@link #getString(int)} gives the text of those
   *   <li>ndarray: {@link NdArray}, a view of the shard where it is mapped
   *   <li>pil: {@link PilImage}
   *   <li>jpeg_array and lists of images: a {@link List} of what a single image is
   *   <li>json: {@link Map}, {@link List}, {@link String}, {@link Integer}, {@link Long}, {@link
   *       java.math.BigInteger}, {@link Double}, {@link Boolean} or null
   *   <li>pkl: the same, with every integer a {@link java.math.BigInteger}, with {@code byte[]} and
   *       {@link java.util.Set}, and tuples as lists
   * </ul>
   */
  public Object get(int column) {
    try {
      return schema.encoding(column).decode(slice(column));
    } catch (InvalidDataException e) {
      throw undecodable(column, e);
    }
  }

  /** All columns' values, as {@link #get(int)} returns them, in the order of the columns. */
  public Map<String, Object> toMap() {
    var map = new LinkedHashMap<String, Object>();
    for (int column = 0; column < schema.size(); column++) {
      map.put(schema.name(column), get(column));
    }
    return map;
  }

  private ByteBuffer slice(int column) {
    return Encoding.slice(bytes, starts[column], size(column));
  }

  private MalformedShardException undecodable(int column, InvalidDataException e) {
    return new MalformedShardException(
        where.column(schema.name(column)).at(origin + starts[column]),
        e.getMessage(),
        e.remedy(),
        e);
  }

  private IllegalArgumentException wrongType(int column, String wanted) {
    return new IllegalArgumentException(
        "column '%s' has the encoding %s and is not %s"
            .formatted(schema.name(column), schema.columns().get(column).encoding(), wanted));
  }
}
