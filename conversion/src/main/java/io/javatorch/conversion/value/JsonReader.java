package io.javatorch.conversion.value;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import java.io.IOException;
import java.math.BigDecimal;
import java.time.DateTimeException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.catalyst.util.ArrayBasedMapData;
import org.apache.spark.sql.catalyst.util.GenericArrayData;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.BooleanType;
import org.apache.spark.sql.types.ByteType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DecimalType;
import org.apache.spark.sql.types.DoubleType;
import org.apache.spark.sql.types.FloatType;
import org.apache.spark.sql.types.IntegerType;
import org.apache.spark.sql.types.LongType;
import org.apache.spark.sql.types.MapType;
import org.apache.spark.sql.types.NullType;
import org.apache.spark.sql.types.ShortType;
import org.apache.spark.sql.types.StructType;

/**
 * Reads JSON as values of a Spark type, as {@link JsonWriter} writes them. Fields of objects that
 * the type does not have are passed over, and those that it has and the object lacks are null.
 */
final class JsonReader {
  /** About as deep as Python goes. */
  private static final int MAX_DEPTH = 1000;

  /** As many digits as Python reads, and a sign. */
  private static final int MAX_NUMBER_LENGTH = 4301;

  /** What a value or an object takes on the heap, with its place in an array. */
  private static final int PART_BYTES = 64;

  private static final JsonFactory FACTORY =
      new JsonFactoryBuilder()
          .streamReadConstraints(
              withNamesOfAnyLength(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(MAX_DEPTH)
                          .maxNumberLength(MAX_NUMBER_LENGTH)
                          // The value's own size bounds its texts.
                          .maxStringLength(Integer.MAX_VALUE))
                  .build())
          // Names are the input's choice, and what is interned costs every process user.
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          // Python writes NaN and Infinity, which are no JSON.
          .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
          .build();

  private final Part root;

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

  private JsonReader(Part root) {
    this.root = root;
  }

  /** Makes the reader of a type that can be written. */
  static JsonReader of(DataType type) {
    return new JsonReader(nullable(part(type), true));
  }

  /**
   * Reads a JSON text.
   *
   * @return Spark's own form of the value, or null
   * @throws IllegalArgumentException if it is no JSON, or not of the type
   */
  Object read(byte[] json) {
    checkParts(json);
    try (var parser = FACTORY.createParser(json)) {
      if (parser.nextToken() == null) {
        throw new IllegalArgumentException("it is empty and not JSON");
      }
      var value = root.read(parser);
      if (parser.nextToken() != null) {
        throw new IllegalArgumentException("there is more behind the JSON");
      }
      return value;
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("it is no JSON: " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new IllegalArgumentException("it is no JSON: " + e.getMessage(), e);
    } catch (IllegalStateException e) {
      // So Jackson before 2.18 says that names were chosen to collide.
      throw new IllegalArgumentException("its names collide: " + e.getMessage(), e);
    }
  }

  /** Refuses a text whose parts would take far more memory than its bytes. */
  private static void checkParts(byte[] json) {
    long most = Runtime.getRuntime().maxMemory() / 4 / PART_BYTES;
    if (json.length <= most) {
      return;
    }
    long parts = 0;
    boolean quoted = false;
    for (int i = 0; i < json.length; i++) {
      switch (json[i]) {
        case '"' -> quoted = !quoted;
        case '\\' -> i++;
        case '[', '{', ',', ':' -> parts += quoted ? 0 : 1;
        default -> {}
      }
    }
    if (parts > most) {
      throw new IllegalArgumentException(
          "it is JSON of %d parts, which take more than a quarter of the heap".formatted(parts));
    }
  }

  /** Reads the value at whose first token the parser is, and leaves it at its last. */
  private interface Part {
    Object read(JsonParser parser) throws IOException;
  }

  private static Part nullable(Part part, boolean nullable) {
    return parser -> {
      if (parser.currentToken() != JsonToken.VALUE_NULL) {
        return part.read(parser);
      }
      if (!nullable) {
        throw new IllegalArgumentException("there is a null where the schema has none");
      }
      return null;
    };
  }

  private static Part part(DataType type) {
    if (type instanceof StructType struct) {
      return struct(struct);
    } else if (type instanceof ArrayType array) {
      return array(array);
    } else if (type instanceof MapType map) {
      return JsonWriter.hasParts(map.keyType()) ? mapOfPairs(map) : map(map);
    } else if (type instanceof BooleanType) {
      return parser ->
          switch (parser.currentToken()) {
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            default -> throw wrong(parser, type);
          };
    } else if (type instanceof LongType) {
      return parser -> integer(parser, type, Long.MIN_VALUE, Long.MAX_VALUE);
    } else if (type instanceof IntegerType) {
      return parser -> (int) integer(parser, type, Integer.MIN_VALUE, Integer.MAX_VALUE);
    } else if (type instanceof ShortType) {
      return parser -> (short) integer(parser, type, Short.MIN_VALUE, Short.MAX_VALUE);
    } else if (type instanceof ByteType) {
      return parser -> (byte) integer(parser, type, Byte.MIN_VALUE, Byte.MAX_VALUE);
    } else if (type instanceof DoubleType) {
      return parser -> number(parser, type).getDoubleValue();
    } else if (type instanceof FloatType) {
      // By way of a double it might be rounded twice.
      return parser -> Float.valueOf(number(parser, type).getText());
    } else if (type instanceof DecimalType decimal) {
      return parser -> decimal(parser, decimal);
    } else if (type instanceof NullType) {
      return parser -> {
        throw wrong(parser, type);
      };
    }
    var text = ValueText.parser(type);
    return parser -> {
      if (parser.currentToken() != JsonToken.VALUE_STRING) {
        throw wrong(parser, type);
      }
      return parse(text, parser.getText(), type);
    };
  }

  private static Object parse(ValueText.Parser parser, String text, DataType type) {
    try {
      checkCharacters(text);
      return parser.parse(text);
    } catch (IllegalArgumentException | ArithmeticException | DateTimeException e) {
      throw new IllegalArgumentException(
          "'%s' is no %s".formatted(ValueText.shortened(text), type.sql()), e);
    }
  }

  /** Refuses half of a character, which JSON can have by an escape and UTF-8 cannot. */
  private static void checkCharacters(String text) {
    for (int i = 0; i < text.length(); i++) {
      char unit = text.charAt(i);
      if (Character.isHighSurrogate(unit)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        i++;
      } else if (Character.isSurrogate(unit)) {
        throw new IllegalArgumentException("it has half of a character");
      }
    }
  }

  private static Object decimal(JsonParser parser, DecimalType type) throws IOException {
    return switch (parser.currentToken()) {
      case VALUE_NUMBER_INT -> ValueText.decimal(new BigDecimal(parser.getBigIntegerValue()), type);
      case VALUE_NUMBER_FLOAT -> {
        if (parser.isNaN()) {
          throw wrong(parser, type);
        }
        yield ValueText.decimal(parser.getDecimalValue(), type);
      }
      case VALUE_STRING -> {
        if (parser.getTextLength() > MAX_NUMBER_LENGTH) {
          throw wrong(parser, type);
        }
        yield parse(ValueText.parser(type), parser.getText(), type);
      }
      default -> throw wrong(parser, type);
    };
  }

  private static long integer(JsonParser parser, DataType type, long min, long max)
      throws IOException {
    if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT) {
      throw wrong(parser, type);
    }
    if (parser.getNumberType() != JsonParser.NumberType.BIG_INTEGER) {
      long value = parser.getLongValue();
      if (value >= min && value <= max) {
        return value;
      }
    }
    throw new IllegalArgumentException(
        ValueText.shortened(parser.getText()) + " is out of the range of " + type.sql());
  }

  private static JsonParser number(JsonParser parser, DataType type) {
    if (!parser.currentToken().isNumeric()) {
      throw wrong(parser, type);
    }
    return parser;
  }

  private static Part array(ArrayType type) {
    var element = nullable(part(type.elementType()), type.containsNull());
    return parser -> {
      expect(parser, JsonToken.START_ARRAY, type);
      var values = new ArrayList<Object>();
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        values.add(element.read(parser));
      }
      return new GenericArrayData(values.toArray());
    };
  }

  private static Part struct(StructType type) {
    var fields = type.fields();
    Map<String, Integer> ordinals = new HashMap<>();
    var parts = new Part[fields.length];
    for (int i = 0; i < fields.length; i++) {
      ordinals.put(fields[i].name(), i);
      parts[i] = nullable(part(fields[i].dataType()), fields[i].nullable());
    }
    return parser -> {
      expect(parser, JsonToken.START_OBJECT, type);
      var values = new Object[parts.length];
      while (parser.nextToken() != JsonToken.END_OBJECT) {
        var ordinal = ordinals.get(parser.currentName());
        parser.nextToken();
        if (ordinal == null) {
          parser.skipChildren();
        } else {
          values[ordinal] = parts[ordinal].read(parser);
        }
      }
      for (int i = 0; i < values.length; i++) {
        if (values[i] == null && !fields[i].nullable()) {
          throw new IllegalArgumentException(
              "the object has no '" + fields[i].name() + "', which the schema says is never null");
        }
      }
      return new GenericInternalRow(values);
    };
  }

  private static Part map(MapType type) {
    var key = ValueText.parser(type.keyType());
    var value = nullable(part(type.valueType()), type.valueContainsNull());
    return parser -> {
      expect(parser, JsonToken.START_OBJECT, type);
      // The last of those with one name, as in Python; a map of Spark's has each key once.
      var entries = new LinkedHashMap<String, Object>();
      while (parser.nextToken() != JsonToken.END_OBJECT) {
        var name = parser.currentName();
        parser.nextToken();
        entries.put(name, value.read(parser));
      }
      var keys = new ArrayList<Object>(entries.size());
      entries.keySet().forEach(name -> keys.add(parse(key, name, type.keyType())));
      return mapData(keys, new ArrayList<>(entries.values()));
    };
  }

  private static Part mapOfPairs(MapType type) {
    var key = nullable(part(type.keyType()), false);
    var value = nullable(part(type.valueType()), type.valueContainsNull());
    return parser -> {
      expect(parser, JsonToken.START_ARRAY, type);
      var keys = new ArrayList<Object>();
      var values = new ArrayList<Object>();
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        expect(parser, JsonToken.START_ARRAY, type);
        parser.nextToken();
        keys.add(key.read(parser));
        parser.nextToken();
        values.add(value.read(parser));
        parser.nextToken();
        expect(parser, JsonToken.END_ARRAY, type);
      }
      return mapData(keys, values);
    };
  }

  private static ArrayBasedMapData mapData(List<Object> keys, List<Object> values) {
    return new ArrayBasedMapData(
        new GenericArrayData(keys.toArray()), new GenericArrayData(values.toArray()));
  }

  private static void expect(JsonParser parser, JsonToken token, DataType type) {
    if (parser.currentToken() != token) {
      throw wrong(parser, type);
    }
  }

  private static IllegalArgumentException wrong(JsonParser parser, DataType type) {
    return new IllegalArgumentException(
        "the JSON has %s where a %s is wanted"
            .formatted(parser.currentToken(), ValueText.shortened(type.sql())));
  }
}
