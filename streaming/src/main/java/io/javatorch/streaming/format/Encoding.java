package io.javatorch.streaming.format;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * How a column's values become bytes. Implementations know nothing of columns and files: they say
 * what is wrong with a value or with bytes, and the caller says where.
 */
interface Encoding {
  /** The size of every encoded value in bytes, or -1 if it varies. */
  int size();

  /**
   * Encodes a value. A {@code byte[]} is taken as encoded already, as the Python library takes it,
   * but it is checked.
   *
   * @throws IllegalArgumentException if the value is of a wrong type or out of range
   */
  byte[] encode(Object value);

  /**
   * Decodes what lies between the buffer's position and limit. The buffer is little-endian.
   *
   * @throws InvalidDataException if the bytes are no encoded value
   */
  Object decode(ByteBuffer bytes) throws InvalidDataException;

  /**
   * Finds an encoding by its name.
   *
   * @throws IllegalArgumentException if there is none
   */
  static Encoding parse(String name) {
    if (name.startsWith("ndarray") && (name.length() == 7 || name.charAt(7) == ':')) {
      return NdArrayEncoding.parse(name);
    }
    var encoding = Registry.BY_NAME.get(name);
    if (encoding == null) {
      throw new IllegalArgumentException(
          "unknown encoding '"
              + name
              + "'; known are "
              + String.join(", ", Registry.BY_NAME.keySet())
              + ", ndarray, ndarray:dtype and ndarray:dtype:d0,d1");
    }
    return encoding;
  }

  /** The encodings that have nothing but a name. */
  final class Registry {
    private static final Map<String, Encoding> BY_NAME = new LinkedHashMap<>();

    static {
      BY_NAME.put("bytes", BytesEncoding.INSTANCE);
      BY_NAME.put("str", StrEncoding.INSTANCE);
      for (var scalar : ScalarEncoding.values()) {
        BY_NAME.put(scalar.encodingName(), scalar);
      }
      for (var text : TextNumberEncoding.values()) {
        BY_NAME.put(text.name().toLowerCase(Locale.ROOT), text);
      }
      BY_NAME.put("json", JsonEncoding.INSTANCE);
      for (var image : ImageEncoding.values()) {
        var name = image.name().toLowerCase(Locale.ROOT);
        BY_NAME.put(name, image);
        BY_NAME.put("list[" + name + "]", new ImageListEncoding(image, true, true));
      }
      var jpegArray = new ImageListEncoding(ImageEncoding.JPEG, false, false);
      BY_NAME.put("jpeg_array", jpegArray);
      BY_NAME.put("jpegarray", jpegArray);
      BY_NAME.put(PICKLE, PickleEncoding.INSTANCE);
    }

    private Registry() {}

    static Set<String> names() {
      return Collections.unmodifiableSet(BY_NAME.keySet());
    }
  }

  /** The name of the encoding that is refused unless asked for. */
  String PICKLE = "pkl";

  /** Says that bytes cannot be decoded. */
  final class InvalidDataException extends Exception {
    private static final long serialVersionUID = 1L;

    private final String remedy;

    InvalidDataException(String message) {
      this(message, "Delete the shard's raw file and fetch it again");
    }

    /** With what to do, where that is not to fetch the file again. */
    InvalidDataException(String message, String remedy) {
      super(message);
      this.remedy = remedy;
    }

    /** What to do, as a sentence without its full stop. */
    String remedy() {
      return remedy;
    }
  }

  /** Bytes as they are. */
  enum BytesEncoding implements Encoding {
    INSTANCE;

    @Override
    public int size() {
      return -1;
    }

    @Override
    public byte[] encode(Object value) {
      if (value instanceof byte[] bytes) {
        return bytes;
      }
      if (value instanceof ByteBuffer buffer) {
        return copy(buffer);
      }
      throw wrongType("a byte[] or a ByteBuffer", value);
    }

    @Override
    public byte[] decode(ByteBuffer bytes) {
      return copy(bytes);
    }
  }

  /** Text in UTF-8. */
  enum StrEncoding implements Encoding {
    INSTANCE;

    @Override
    public int size() {
      return -1;
    }

    @Override
    public byte[] encode(Object value) {
      if (value instanceof String text) {
        return utf8(text);
      }
      if (value instanceof byte[] bytes) {
        int malformed = Utf8.firstMalformed(bytes);
        if (malformed >= 0) {
          throw new IllegalArgumentException(
              "the byte[] is no encoded value: it is not UTF-8 from byte " + malformed + " on");
        }
        return bytes;
      }
      throw wrongType("a String", value);
    }

    @Override
    public String decode(ByteBuffer bytes) throws InvalidDataException {
      return text(copy(bytes));
    }
  }

  static IllegalArgumentException wrongType(String wanted, Object value) {
    return new IllegalArgumentException(
        value == null
            ? "the value is null, and the format has no null"
            : "the value must be " + wanted + ", not a " + value.getClass().getName());
  }

  /** Checks that a byte[] given in place of a value is an encoded one, and returns it. */
  static byte[] checked(Encoding encoding, byte[] bytes) {
    try {
      encoding.decode(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN));
    } catch (InvalidDataException e) {
      throw new IllegalArgumentException("the byte[] is no encoded value: " + e.getMessage(), e);
    }
    return bytes;
  }

  /** Copies what remains of a buffer, whose position does not move. */
  static byte[] copy(ByteBuffer buffer) {
    var bytes = new byte[buffer.remaining()];
    buffer.get(buffer.position(), bytes);
    return bytes;
  }

  /**
   * Encodes text as UTF-8.
   *
   * @throws IllegalArgumentException if it has half a surrogate pair
   */
  static byte[] utf8(String text) {
    var bytes = text.getBytes(StandardCharsets.UTF_8);
    // getBytes puts '?' for half a surrogate pair; only then are the two unequal in length or text.
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Character.isSurrogate(c)) {
        if (Character.isHighSurrogate(c)
            && i + 1 < text.length()
            && Character.isLowSurrogate(text.charAt(i + 1))) {
          i++;
        } else {
          throw new IllegalArgumentException(
              "the text has half a surrogate pair at index " + i + ", which UTF-8 cannot hold");
        }
      }
    }
    return bytes;
  }

  /** Decodes UTF-8 and refuses malformed input. */
  static String text(byte[] utf8) throws InvalidDataException {
    var text = new String(utf8, StandardCharsets.UTF_8);
    // The fast decoder puts U+FFFD for what it cannot read, but the text may hold one of its own.
    if (text.indexOf('\uFFFD') >= 0) {
      var bytes = ByteBuffer.wrap(utf8);
      var decoder =
          StandardCharsets.UTF_8
              .newDecoder()
              .onMalformedInput(CodingErrorAction.REPORT)
              .onUnmappableCharacter(CodingErrorAction.REPORT);
      try {
        CharBuffer ignored = decoder.decode(bytes);
      } catch (CharacterCodingException e) {
        throw new InvalidDataException(
            "it is not UTF-8 from byte " + bytes.position() + " of the value on");
      }
    }
    return text;
  }

  /** The slice of a buffer as a little-endian buffer of its own, sharing its bytes. */
  static ByteBuffer slice(ByteBuffer buffer, int index, int length) {
    return buffer.slice(index, length).order(ByteOrder.LITTLE_ENDIAN);
  }
}
