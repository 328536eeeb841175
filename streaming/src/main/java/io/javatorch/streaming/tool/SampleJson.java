package io.javatorch.streaming.tool;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javatorch.streaming.format.NdArray;
import io.javatorch.streaming.format.PilImage;
import io.javatorch.streaming.format.Sample;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/**
 * Samples as JSON. What JSON lacks becomes text or an object: bytes {@code {"base64": …}}, arrays
 * {@code {"dtype": …, "shape": …, "values": …}}, raw images {@code {"mode": …, "width": …,
 * "height": …, "base64": …}}; numbers that are no JSON, and decimals, become text.
 */
final class SampleJson {
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  private SampleJson() {}

  /**
   * Returns a sample as an object.
   *
   * @param columns the columns to take; all if there are none
   */
  static ObjectNode of(Sample sample, List<String> columns) {
    var json = NODES.objectNode();
    if (columns.isEmpty()) {
      sample.columns().forEach(column -> json.set(column.name(), of(sample.get(column.name()))));
    } else {
      columns.forEach(column -> json.set(column, of(sample.get(column))));
    }
    return json;
  }

  private static JsonNode of(Object value) {
    if (value == null) {
      return NODES.nullNode();
    } else if (value instanceof String text) {
      return NODES.textNode(text);
    } else if (value instanceof Boolean bool) {
      return NODES.booleanNode(bool);
    } else if (value instanceof byte[] bytes) {
      return NODES.objectNode().put("base64", Base64.getEncoder().encodeToString(bytes));
    } else if (value instanceof Double || value instanceof Float) {
      double number = ((Number) value).doubleValue();
      if (!Double.isFinite(number)) {
        return NODES.textNode(Double.toString(number));
      }
      return value instanceof Float single ? NODES.numberNode(single) : NODES.numberNode(number);
    } else if (value instanceof BigDecimal decimal) {
      return NODES.textNode(decimal.toString());
    } else if (value instanceof BigInteger integer) {
      return NODES.numberNode(integer);
    } else if (value instanceof Number number) {
      return NODES.numberNode(number.longValue());
    } else if (value instanceof NdArray array) {
      var json = NODES.objectNode().put("dtype", array.dtype().numpyName());
      var shape = json.putArray("shape");
      for (int dimension : array.shape()) {
        shape.add(dimension);
      }
      json.set("values", of(array.toNestedLists()));
      return json;
    } else if (value instanceof PilImage image) {
      var pixels = new byte[image.pixels().remaining()];
      image.pixels().get(pixels);
      return NODES
          .objectNode()
          .put("mode", image.mode())
          .put("width", image.width())
          .put("height", image.height())
          .put("base64", Base64.getEncoder().encodeToString(pixels));
    } else if (value instanceof Collection<?> list) {
      ArrayNode json = NODES.arrayNode();
      list.forEach(item -> json.add(of(item)));
      return json;
    } else if (value instanceof Map<?, ?> map) {
      var json = NODES.objectNode();
      map.forEach((key, item) -> json.set(String.valueOf(key), of(item)));
      return json;
    }
    throw new IllegalStateException("no JSON for a " + value.getClass().getName());
  }
}
