package io.javatorch.streaming.format;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigInteger;
import java.util.Iterator;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Writes JSON as Python's {@code json.dumps} does by default: {@code ", "} and {@code ": "} between
 * parts, everything outside printable ASCII escaped. Keys keep the order of the map.
 */
final class PythonJson {
  private static final char[] HEX = "0123456789abcdef".toCharArray();

  private PythonJson() {}

  /**
   * Returns the JSON of strings, numbers, booleans, null, and of arrays, lists and maps of those.
   *
   * @throws IllegalArgumentException for any other value
   */
  static String write(Object value) {
    var out = new StringBuilder();
    append(out, value);
    return out.toString();
  }

  static void append(StringBuilder out, Object value) {
    if (value == null) {
      out.append("null");
    } else if (value instanceof String text) {
      appendString(out, text);
    } else if (value instanceof Integer
        || value instanceof Long
        || value instanceof Boolean
        || value instanceof Short
        || value instanceof Byte
        || value instanceof BigInteger) {
      out.append(value);
    } else if (value instanceof Double || value instanceof Float) {
      appendDouble(out, ((Number) value).doubleValue());
    } else if (value instanceof NdArray array) {
      appendList(out, array.toNestedLists().iterator());
    } else if (value instanceof Map<?, ?> map) {
      appendMap(out, map);
    } else if (value instanceof Iterable<?> list && !(value instanceof JsonNode)) {
      appendList(out, list.iterator());
    } else if (value instanceof JsonNode node) {
      appendNode(out, node);
    } else {
      throw new IllegalArgumentException("there is no JSON for a " + value.getClass().getName());
    }
  }

  /** Orders strings as Python does, by code point; {@link String#compareTo} goes by UTF-16 unit. */
  static int compareByCodePoint(String a, String b) {
    int shared = Math.min(a.length(), b.length());
    for (int i = 0; i < shared; i++) {
      char x = a.charAt(i);
      char y = b.charAt(i);
      if (x != y) {
        boolean xHigh = Character.isSurrogate(x);
        boolean yHigh = Character.isSurrogate(y);
        return xHigh == yHigh ? Character.compare(x, y) : xHigh ? 1 : -1;
      }
    }
    return Integer.compare(a.length(), b.length());
  }

  static <V> SortedMap<String, V> sorted(Map<String, V> map) {
    var sorted = new TreeMap<String, V>(PythonJson::compareByCodePoint);
    sorted.putAll(map);
    return sorted;
  }

  private static void appendMap(StringBuilder out, Map<?, ?> map) {
    out.append('{');
    var separator = "";
    for (var entry : map.entrySet()) {
      out.append(separator);
      separator = ", ";
      if (!(entry.getKey() instanceof String key)) {
        throw new IllegalArgumentException("a JSON key must be a string, not " + entry.getKey());
      }
      appendString(out, key);
      out.append(": ");
      append(out, entry.getValue());
    }
    out.append('}');
  }

  private static void appendList(StringBuilder out, Iterator<?> items) {
    out.append('[');
    var separator = "";
    while (items.hasNext()) {
      out.append(separator);
      separator = ", ";
      append(out, items.next());
    }
    out.append(']');
  }

  private static void appendNode(StringBuilder out, JsonNode node) {
    if (node.isObject()) {
      out.append('{');
      var separator = "";
      for (var entry : node.properties()) {
        out.append(separator);
        separator = ", ";
        appendString(out, entry.getKey());
        out.append(": ");
        appendNode(out, entry.getValue());
      }
      out.append('}');
    } else if (node.isArray()) {
      appendList(out, node.elements());
    } else if (node.isTextual()) {
      appendString(out, node.textValue());
    } else if (node.isNull() || node.isBoolean() || node.isIntegralNumber()) {
      out.append(node.asText());
    } else if (node.isNumber()) {
      appendDouble(out, node.doubleValue());
    } else {
      throw new IllegalArgumentException("no JSON for " + node);
    }
  }

  private static void appendDouble(StringBuilder out, double value) {
    if (Double.isNaN(value)) {
      out.append("NaN");
    } else if (Double.isInfinite(value)) {
      out.append(value > 0 ? "Infinity" : "-Infinity");
    } else {
      out.append(PythonFloat.repr(value));
    }
  }

  private static void appendString(StringBuilder out, String text) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        case '\b' -> out.append("\\b");
        case '\f' -> out.append("\\f");
        default -> {
          if (c >= ' ' && c <= '~') {
            out.append(c);
          } else {
            out.append("\\u")
                .append(HEX[c >> 12])
                .append(HEX[(c >> 8) & 15])
                .append(HEX[(c >> 4) & 15])
                .append(HEX[c & 15]);
          }
        }
      }
    }
    out.append('"');
  }
}
