package io.javatorch.conversion.value;

import java.nio.charset.StandardCharsets;
import org.apache.spark.sql.catalyst.expressions.SpecializedGetters;
import org.apache.spark.sql.catalyst.util.ArrayData;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.BooleanType;
import org.apache.spark.sql.types.ByteType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DoubleType;
import org.apache.spark.sql.types.FloatType;
import org.apache.spark.sql.types.IntegerType;
import org.apache.spark.sql.types.LongType;
import org.apache.spark.sql.types.MapType;
import org.apache.spark.sql.types.NullType;
import org.apache.spark.sql.types.ShortType;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.unsafe.types.UTF8String;

/**
 * Writes the values of a type as JSON, from which {@link JsonReader} reads the same values.
 *
 * <p>Numbers, booleans and null are themselves, with NaN and Infinity as Python's {@code json} has
 * them; other values without parts are strings (see {@link ValueText}). A struct is an object with
 * all its fields, null or not, an array an array, and a map an object whose keys are the text of
 * the map's; a map whose keys have parts is an array of arrays of key and value.
 */
interface JsonWriter {
  /** Writes a value that is not null. */
  void write(SpecializedGetters values, int at, JsonOut out);

  /** Writes a value or null. */
  private static void writeNullable(
      JsonWriter writer, SpecializedGetters values, int at, JsonOut out) {
    if (values.isNullAt(at)) {
      out.ascii("null");
    } else {
      writer.write(values, at, out);
    }
  }

  /** Makes the writer of a type that can be written. */
  static JsonWriter of(DataType type) {
    if (type instanceof StructType struct) {
      return struct(struct);
    } else if (type instanceof ArrayType array) {
      return array(array);
    } else if (type instanceof MapType map) {
      return map(map);
    } else if (type instanceof BooleanType) {
      return (values, at, out) -> out.ascii(values.getBoolean(at) ? "true" : "false");
    } else if (type instanceof ByteType) {
      return (values, at, out) -> out.number(values.getByte(at));
    } else if (type instanceof ShortType) {
      return (values, at, out) -> out.number(values.getShort(at));
    } else if (type instanceof IntegerType) {
      return (values, at, out) -> out.number(values.getInt(at));
    } else if (type instanceof LongType) {
      return (values, at, out) -> out.number(values.getLong(at));
    } else if (type instanceof FloatType) {
      return (values, at, out) -> out.ascii(Float.toString(values.getFloat(at)));
    } else if (type instanceof DoubleType) {
      return (values, at, out) -> out.ascii(Double.toString(values.getDouble(at)));
    } else if (type instanceof NullType) {
      return (values, at, out) -> out.ascii("null");
    } else if (ValueText.isText(type)) {
      return (values, at, out) -> out.quoted(text(values.getUTF8String(at)));
    }
    var printer = ValueText.printer(type);
    return (values, at, out) -> out.quoted(printer.print(values, at));
  }

  private static JsonWriter array(ArrayType type) {
    var element = of(type.elementType());
    return (values, at, out) -> {
      ArrayData array = values.getArray(at);
      int size = array.numElements();
      out.ascii('[');
      for (int i = 0; i < size; i++) {
        if (i > 0) {
          out.ascii(", ");
        }
        writeNullable(element, array, i, out);
      }
      out.ascii(']');
    };
  }

  private static JsonWriter struct(StructType type) {
    var fields = type.fields();
    var heads = new String[fields.length];
    var writers = new JsonWriter[fields.length];
    for (int i = 0; i < fields.length; i++) {
      var head = new JsonOut();
      head.ascii(i == 0 ? "" : ", ");
      head.quoted(fields[i].name());
      head.ascii(": ");
      heads[i] = new String(head.toByteArray(), StandardCharsets.US_ASCII);
      writers[i] = of(fields[i].dataType());
    }
    return (values, at, out) -> {
      var struct = values.getStruct(at, writers.length);
      out.ascii('{');
      for (int i = 0; i < writers.length; i++) {
        out.ascii(heads[i]);
        writeNullable(writers[i], struct, i, out);
      }
      out.ascii('}');
    };
  }

  private static JsonWriter map(MapType type) {
    if (hasParts(type.keyType())) {
      return mapOfPairs(type);
    }
    var key =
        ValueText.isText(type.keyType())
            ? (ValueText.Printer) (values, at) -> text(values.getUTF8String(at))
            : ValueText.printer(type.keyType());
    var value = of(type.valueType());
    return (values, at, out) -> {
      var map = values.getMap(at);
      int size = map.numElements();
      ArrayData keys = map.keyArray();
      ArrayData mapped = map.valueArray();
      out.ascii('{');
      for (int i = 0; i < size; i++) {
        if (i > 0) {
          out.ascii(", ");
        }
        out.quoted(key.print(keys, i));
        out.ascii(": ");
        writeNullable(value, mapped, i, out);
      }
      out.ascii('}');
    };
  }

  private static JsonWriter mapOfPairs(MapType type) {
    var key = of(type.keyType());
    var value = of(type.valueType());
    return (values, at, out) -> {
      var map = values.getMap(at);
      int size = map.numElements();
      ArrayData keys = map.keyArray();
      ArrayData mapped = map.valueArray();
      out.ascii('[');
      for (int i = 0; i < size; i++) {
        out.ascii(i > 0 ? ", [" : "[");
        key.write(keys, i, out);
        out.ascii(", ");
        writeNullable(value, mapped, i, out);
        out.ascii(']');
      }
      out.ascii(']');
    };
  }

  /** Whether a map with keys of the type is an array of pairs. */
  static boolean hasParts(DataType type) {
    return type instanceof StructType
        || type instanceof ArrayType
        || type instanceof MapType
        || type instanceof NullType;
  }

  /** Text, which in Spark may be any bytes. */
  private static String text(UTF8String value) {
    var text = value.toString();
    // What is no UTF-8 becomes U+FFFD, which a text may have of its own.
    if (text.indexOf('\uFFFD') >= 0 && !UTF8String.fromString(text).equals(value)) {
      throw new IllegalArgumentException("the text is not UTF-8; cast the column to binary");
    }
    return text;
  }
}
