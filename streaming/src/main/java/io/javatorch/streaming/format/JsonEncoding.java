package io.javatorch.streaming.format;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Any JSON value: maps, lists, text, numbers, booleans and null. */
enum JsonEncoding implements Encoding {
  INSTANCE;

  // Python writes NaN and Infinity, which are no JSON, and reads them.
  private static final ObjectMapper MAPPER =
      JsonMapper.builder()
          .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

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
    try {
      return MAPPER.treeToValue(tree(Encoding.text(Encoding.copy(bytes))), Object.class);
    } catch (JsonProcessingException e) {
      throw new InvalidDataException("it is not JSON: " + e.getOriginalMessage());
    }
  }

  /** Parses a text that is one JSON value. */
  static JsonNode tree(String text) throws InvalidDataException {
    try {
      var node = MAPPER.readTree(text);
      if (node.isMissingNode()) {
        throw new InvalidDataException("it is empty and not JSON");
      }
      return node;
    } catch (JsonProcessingException e) {
      throw new InvalidDataException("it is not JSON: " + e.getOriginalMessage());
    }
  }
}
