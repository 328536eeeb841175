package io.javatorch.streaming.format;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Any JSON value: maps, lists, text, numbers, booleans and null. */
enum JsonEncoding implements Encoding {
  INSTANCE;

  /** About as deep as Python goes. */
  private static final int MAX_DEPTH = 1000;

  /** What a list, a map or a short text takes on the heap at least. */
  private static final int PART_BYTES = 64;

  // Python writes NaN and Infinity, which are no JSON, and reads them.
  private static final ObjectMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      withNamesOfAnyLength(
                              StreamReadConstraints.builder()
                                  .maxNestingDepth(MAX_DEPTH)
                                  // As many digits as Python reads, and a sign.
                                  .maxNumberLength(4301)
                                  // The value's own size bounds its texts.
                                  .maxStringLength(Integer.MAX_VALUE))
                          .build())
                  // Names are the input's choice, and what is interned costs every process user.
                  .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                  .build())
          .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private static final ObjectReader READER = MAPPER.readerFor(Object.class);

  /**
   * Jackson before 2.16, such as Spark 3.5 brings, knows no limit for names, and no such method.
   */
  private static StreamReadConstraints.Builder withNamesOfAnyLength(
      StreamReadConstraints.Builder constraints) {
    try {
      StreamReadConstraints.Builder.class
          .getMethod("maxNameLength", int.class)
          .invoke(constraints, Integer.MAX_VALUE);
    } catch (NoSuchMethodException e) {
      // There is nothing to lift.
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("Jackson does not take a limit for names", e);
    }
    return constraints;
  }

  @Override
  public int size() {
    return -1;
  }

  @Override
  public byte[] encode(Object value) {
    if (value instanceof byte[] bytes) {
      return Encoding.checked(this, bytes);
    }
    return PythonJson.write(value).getBytes(StandardCharsets.US_ASCII);
  }

  @Override
  public Object decode(ByteBuffer bytes) throws InvalidDataException {
    var text = Encoding.text(Encoding.copy(bytes));
    checkParts(text);
    try {
      return READER.readValue(text);
    } catch (JsonProcessingException | IllegalStateException e) {
      throw notJson(e);
    }
  }

  private static InvalidDataException notJson(Exception e) {
    // Old versions say by an IllegalStateException that too many names have the same hash.
    return new InvalidDataException(
        "it is not JSON that can be read: "
            + (e instanceof JsonProcessingException json
                ? json.getOriginalMessage()
                : e.getMessage()));
  }

  /** Refuses a text whose parts would take far more memory than its bytes. */
  private static void checkParts(String text) throws InvalidDataException {
    long most = DecodingLimits.heapBytes() / PART_BYTES;
    if (text.length() <= most) {
      return;
    }
    long parts = 0;
    boolean quoted = false;
    for (int i = 0; i < text.length(); i++) {
      switch (text.charAt(i)) {
        case '"' -> quoted = !quoted;
        // What is escaped cannot end a text.
        case '\\' -> i++;
        case '[', '{', ',', ':' -> parts += quoted ? 0 : 1;
        default -> {}
      }
    }
    if (parts > most) {
      throw new InvalidDataException(
          "it is JSON of %d parts, which take more than a quarter of the heap".formatted(parts),
          "If you trust it, give Java more memory (-Xmx)");
    }
  }

  /** Parses a text that is one JSON value. */
  static JsonNode tree(String text) throws InvalidDataException {
    checkParts(text);
    try {
      var node = MAPPER.readTree(text);
      if (node.isMissingNode()) {
        throw new InvalidDataException("it is empty and not JSON");
      }
      return node;
    } catch (JsonProcessingException | IllegalStateException e) {
      throw notJson(e);
    }
  }
}
