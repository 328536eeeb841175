package io.javatorch.streaming.format;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/** Numbers of any size as the text that Python prints. */
enum TextNumberEncoding implements Encoding {
  STR_INT("-?[0-9]++") {
    @Override
    String print(Object value) {
      if (value instanceof BigInteger
          || value instanceof Long
          || value instanceof Integer
          || value instanceof Short
          || value instanceof Byte) {
        return value.toString();
      }
      throw Encoding.wrongType("an integer", value);
    }

    @Override
    BigInteger parse(String text) {
      return new BigInteger(text);
    }
  },

  STR_FLOAT("-?(?:inf|[0-9]++(?:\\.[0-9]++)?(?:e[+-]?[0-9]++)?)|nan") {
    @Override
    String print(Object value) {
      if (value instanceof Double || value instanceof Float) {
        return PythonFloat.repr(((Number) value).doubleValue());
      }
      throw Encoding.wrongType("a floating-point number", value);
    }

    @Override
    Double parse(String text) {
      return switch (text) {
        case "nan" -> Double.NaN;
        case "inf" -> Double.POSITIVE_INFINITY;
        case "-inf" -> Double.NEGATIVE_INFINITY;
        default -> Double.valueOf(text);
      };
    }
  },

  STR_DECIMAL("-?[0-9]++(?:\\.[0-9]++)?(?:E[+-]?[0-9]{1,9})?") {
    @Override
    String print(Object value) {
      if (value instanceof BigDecimal decimal) {
        // Both follow the General Decimal Arithmetic's to-scientific-string.
        return decimal.toString();
      }
      throw Encoding.wrongType("a BigDecimal", value);
    }

    @Override
    BigDecimal parse(String text) {
      return new BigDecimal(text);
    }
  };

  /** As many digits as Python reads; parsing takes time that grows with their square. */
  private static final int MAX_LENGTH = 4301;

  private final Pattern form;

  TextNumberEncoding(String form) {
    this.form = Pattern.compile(form);
  }

  abstract String print(Object value);

  abstract Object parse(String text);

  @Override
  public int size() {
    return -1;
  }

  @Override
  public byte[] encode(Object value) {
    if (value instanceof byte[] bytes) {
      return Encoding.checked(this, bytes);
    }
    var text = print(value);
    if (text.length() > MAX_LENGTH) {
      throw new IllegalArgumentException(
          "the number has " + text.length() + " characters, and " + MAX_LENGTH + " is the most");
    }
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  @Override
  public Object decode(ByteBuffer bytes) throws InvalidDataException {
    if (bytes.remaining() > MAX_LENGTH) {
      throw new InvalidDataException(
          "the number has "
              + bytes.remaining()
              + " characters, and "
              + MAX_LENGTH
              + " is the most");
    }
    var text = Encoding.text(Encoding.copy(bytes));
    if (!form.matcher(text).matches()) {
      throw new InvalidDataException("'" + text + "' is no number that can be held");
    }
    return parse(text);
  }
}
