package io.javatorch.streaming.format;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A value in the JSON in which the tests of Python and Java hand values to each other; see
 * golden/values.py.
 *
 * @param written what to give a writer
 * @param read what a reader returns, but for the width of numbers
 */
record PlainValue(Object written, Object read) {
  static final ObjectMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder().maxNumberLength(10_000).build())
                  .build())
          .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
          .disable(JsonWriteFeature.WRITE_NAN_AS_STRINGS)
          .build();

  private static final HexFormat HEX = HexFormat.of();

  static PlainValue of(JsonNode json) {
    if (json.has("encoded")) {
      return new PlainValue(
          HEX.parseHex(json.get("encoded").textValue()), of(json.get("value")).read);
    }
    var value = value(json);
    return new PlainValue(value, value);
  }

  private static Object value(JsonNode json) {
    if (json.isObject()) {
      var entry = json.properties().iterator().next();
      var parts = entry.getValue();
      return switch (entry.getKey()) {
        case "hex" -> HEX.parseHex(parts.textValue());
        case "json" -> MAPPER.convertValue(parts, Object.class);
        case "decimal" -> new BigDecimal(parts.textValue());
        case "float" ->
            Double.valueOf(parts.textValue().replace("nan", "NaN").replace("inf", "Infinity"));
        case "ndarray" ->
            NdArray.over(
                NdArray.DType.of(parts.get(0).textValue()),
                MAPPER.convertValue(parts.get(1), int[].class),
                ByteBuffer.wrap(HEX.parseHex(parts.get(2).textValue())));
        case "pil" ->
            PilImage.over(
                parts.get(0).intValue(),
                parts.get(1).intValue(),
                parts.get(2).textValue(),
                ByteBuffer.wrap(HEX.parseHex(parts.get(3).textValue())));
        case "list" -> {
          var list = new ArrayList<Object>();
          parts.forEach(item -> list.add(value(item)));
          yield list;
        }
        case "set" -> {
          var set = new LinkedHashSet<Object>();
          parts.forEach(item -> set.add(value(item)));
          yield set;
        }
        case "map" -> {
          var map = new LinkedHashMap<Object, Object>();
          parts.forEach(item -> map.put(value(item.get(0)), value(item.get(1))));
          yield map;
        }
        default -> throw new IllegalArgumentException("no plain value: " + json);
      };
    }
    return switch (json.getNodeType()) {
      case NULL -> null;
      case STRING -> json.textValue();
      case BOOLEAN -> json.booleanValue();
      default -> json.isIntegralNumber() ? json.bigIntegerValue() : (Object) json.doubleValue();
    };
  }

  /** A value of Java in that JSON; for json columns wrap it by {@link #json}. */
  static JsonNode toJson(Object value) {
    var json = MAPPER.createObjectNode();
    if (value == null || value instanceof String || value instanceof Boolean) {
      return MAPPER.valueToTree(value);
    } else if (value instanceof Double || value instanceof Float) {
      double number = ((Number) value).doubleValue();
      return Double.isFinite(number)
          ? MAPPER.getNodeFactory().numberNode(number)
          : json.put("float", PythonFloat.repr(number));
    } else if (value instanceof BigDecimal decimal) {
      return json.put("decimal", decimal.toString());
    } else if (value instanceof Number number) {
      return MAPPER.getNodeFactory().numberNode(new BigInteger(number.toString()));
    } else if (value instanceof byte[] bytes) {
      return json.put("hex", HEX.formatHex(bytes));
    } else if (value instanceof NdArray array) {
      var parts = json.putArray("ndarray").add(array.dtype().numpyName());
      parts.add(MAPPER.valueToTree(array.shape()));
      parts.add(HEX.formatHex(Encoding.copy(array.data())));
      return json;
    } else if (value instanceof PilImage image) {
      json.putArray("pil")
          .add(image.width())
          .add(image.height())
          .add(image.mode())
          .add(HEX.formatHex(Encoding.copy(image.pixels())));
      return json;
    } else if (value instanceof List<?> list) {
      var items = json.putArray("list");
      list.forEach(item -> items.add(toJson(item)));
      return json;
    } else if (value instanceof Map<?, ?> map) {
      var items = json.putArray("map");
      map.forEach((key, item) -> items.addArray().add(toJson(key)).add(toJson(item)));
      return json;
    }
    throw new IllegalArgumentException("no plain form of a " + value.getClass().getName());
  }

  /** The value of a json column in that JSON. */
  static ObjectNode json(Object value) {
    return MAPPER.createObjectNode().set("json", MAPPER.valueToTree(value));
  }

  /** A value with all widths of integers as one, all collections alike, and bytes as text. */
  static Object comparable(Object value) {
    if (value instanceof List<?> list) {
      return list.stream().map(PlainValue::comparable).toList();
    }
    if (value instanceof Set<?> set) {
      var plain = new HashSet<>();
      set.forEach(item -> plain.add(comparable(item)));
      return plain;
    }
    if (value instanceof Map<?, ?> map) {
      var plain = new HashMap<Object, Object>();
      map.forEach((key, item) -> plain.put(comparable(key), comparable(item)));
      return plain;
    }
    if (value instanceof byte[] bytes) {
      return HEX.formatHex(bytes);
    }
    if (value instanceof Byte
        || value instanceof Short
        || value instanceof Integer
        || value instanceof Long) {
      return BigInteger.valueOf(((Number) value).longValue());
    }
    return value;
  }

  /** What is left of a value after its encoding, to compare with a value that was read. */
  static Object rounded(String encoding, Object value) {
    return comparable(
        switch (encoding) {
          case "float32" -> ((Number) value).floatValue();
          case "float16" -> Half.toFloat((short) Half.fromDouble(((Number) value).doubleValue()));
          case "float64", "str_float", "float" -> ((Number) value).doubleValue();
          default -> value;
        });
  }
}
