package io.javatorch.conversion.value;

import io.javatorch.conversion.schema.MdsSchema.MappedColumn;
import io.javatorch.conversion.schema.NdArrayForm;
import java.math.BigDecimal;
import java.util.Optional;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.catalyst.util.GenericArrayData;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.BinaryType;
import org.apache.spark.sql.types.BooleanType;
import org.apache.spark.sql.types.ByteType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DateType;
import org.apache.spark.sql.types.Decimal;
import org.apache.spark.sql.types.DecimalType;
import org.apache.spark.sql.types.DoubleType;
import org.apache.spark.sql.types.FloatType;
import org.apache.spark.sql.types.IntegerType;
import org.apache.spark.sql.types.ShortType;
import org.apache.spark.sql.types.YearMonthIntervalType;
import org.apache.spark.unsafe.types.UTF8String;

/** What stands for a null under the policy zero. */
final class Zeros {
  private Zeros() {}

  /** A row whose one value is the zero of a column, if it has one. */
  static Optional<InternalRow> of(MappedColumn column) {
    return value(column.type(), column.encoding())
        .map(zero -> new GenericInternalRow(new Object[] {zero}));
  }

  private static Optional<Object> value(DataType type, String encoding) {
    if (type instanceof BinaryType) {
      return encoding.equals("bytes") ? Optional.of(new byte[0]) : Optional.empty();
    } else if (type instanceof ArrayType array) {
      return array(array, encoding);
    } else if (type instanceof BooleanType) {
      return Optional.of(false);
    } else if (type instanceof ByteType) {
      return Optional.of((byte) 0);
    } else if (type instanceof ShortType) {
      return Optional.of((short) 0);
    } else if (type instanceof IntegerType
        || type instanceof DateType
        || type instanceof YearMonthIntervalType) {
      return Optional.of(0);
    } else if (type instanceof FloatType) {
      return Optional.of(0f);
    } else if (type instanceof DoubleType) {
      return Optional.of(0d);
    } else if (type instanceof DecimalType decimal) {
      return Optional.of(
          Decimal.apply(
              BigDecimal.ZERO.setScale(decimal.scale()), decimal.precision(), decimal.scale()));
    } else if (ValueText.isText(type)) {
      return Optional.of(
          UTF8String.fromString(
              switch (encoding) {
                case "str_int", "str_decimal" -> "0";
                case "str_float" -> "0.0";
                default -> "";
              }));
    }
    // Timestamps and intervals of days and less.
    return Optional.of(0L);
  }

  private static Optional<Object> array(ArrayType type, String encoding) {
    if (!NdArrayForm.isNdArray(encoding)) {
      return encoding.startsWith("list[")
          ? Optional.of(new GenericArrayData(new Object[0]))
          : Optional.empty();
    }
    var shape = NdArrayForm.parse(encoding).shape();
    if (shape.isEmpty()) {
      return Optional.empty();
    }
    if (type.elementType() instanceof ArrayType) {
      return Optional.of(nested(type, shape.stream().mapToInt(Integer::intValue).toArray(), 0));
    }
    return Optional.of(
        filled(NdArrayForm.parse(encoding).size(), value(type.elementType(), "").orElseThrow()));
  }

  private static GenericArrayData nested(ArrayType type, int[] shape, int axis) {
    return filled(
        shape[axis],
        type.elementType() instanceof ArrayType inner
            ? nested(inner, shape, axis + 1)
            : value(type.elementType(), "").orElseThrow());
  }

  private static GenericArrayData filled(int size, Object value) {
    var values = new Object[size];
    java.util.Arrays.fill(values, value);
    return new GenericArrayData(values);
  }
}
