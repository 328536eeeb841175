package io.javatorch.conversion.value;

import java.util.Arrays;
import org.apache.spark.sql.catalyst.expressions.SpecializedGetters;
import org.apache.spark.sql.catalyst.util.ArrayData;
import org.apache.spark.sql.catalyst.util.GenericArrayData;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.Decimal;
import org.apache.spark.sql.types.MapType;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.vectorized.ColumnVector;
import org.apache.spark.sql.vectorized.ColumnarArray;
import org.apache.spark.sql.vectorized.ColumnarMap;
import org.apache.spark.unsafe.types.UTF8String;

/** Spark's columns over arrays of this JVM. */
final class Vectors {
  private Vectors() {}

  /** A column that has values of one kind; asking it for another is a fault of the caller. */
  private abstract static class Base extends ColumnVector {
    Base(DataType type) {
      super(type);
    }

    private UnsupportedOperationException unsupported() {
      return new UnsupportedOperationException("a column of " + dataType().sql());
    }

    @Override
    public void close() {}

    @Override
    public boolean hasNull() {
      return false;
    }

    @Override
    public int numNulls() {
      return 0;
    }

    @Override
    public boolean isNullAt(int row) {
      return false;
    }

    @Override
    public boolean getBoolean(int row) {
      throw unsupported();
    }

    @Override
    public byte getByte(int row) {
      throw unsupported();
    }

    @Override
    public short getShort(int row) {
      throw unsupported();
    }

    @Override
    public int getInt(int row) {
      throw unsupported();
    }

    @Override
    public long getLong(int row) {
      throw unsupported();
    }

    @Override
    public float getFloat(int row) {
      throw unsupported();
    }

    @Override
    public double getDouble(int row) {
      throw unsupported();
    }

    @Override
    public ColumnarArray getArray(int row) {
      throw unsupported();
    }

    @Override
    public ColumnarMap getMap(int row) {
      throw unsupported();
    }

    @Override
    public Decimal getDecimal(int row, int precision, int scale) {
      throw unsupported();
    }

    @Override
    public UTF8String getUTF8String(int row) {
      throw unsupported();
    }

    @Override
    public byte[] getBinary(int row) {
      throw unsupported();
    }

    @Override
    public ColumnVector getChild(int ordinal) {
      throw unsupported();
    }
  }

  /** Booleans, integers, dates, times and intervals. None is null. */
  static final class OfLongs extends Base {
    final long[] values;

    OfLongs(DataType type, int rows) {
      super(type);
      values = new long[rows];
    }

    @Override
    public boolean getBoolean(int row) {
      return values[row] != 0;
    }

    @Override
    public byte getByte(int row) {
      return (byte) values[row];
    }

    @Override
    public short getShort(int row) {
      return (short) values[row];
    }

    @Override
    public int getInt(int row) {
      return (int) values[row];
    }

    @Override
    public long getLong(int row) {
      return values[row];
    }
  }

  /** Floating-point numbers. None is null. */
  static final class OfDoubles extends Base {
    final double[] values;

    OfDoubles(DataType type, int rows) {
      super(type);
      values = new double[rows];
    }

    @Override
    public float getFloat(int row) {
      return (float) values[row];
    }

    @Override
    public double getDouble(int row) {
      return values[row];
    }
  }

  /** Anything, in Spark's own form. */
  static final class OfObjects extends OfGetters {
    final Object[] values;
    private final GenericArrayData data;

    OfObjects(DataType type, int rows) {
      super(type);
      values = new Object[rows];
      data = new GenericArrayData(values);
    }

    void clear() {
      Arrays.fill(values, null);
    }

    @Override
    SpecializedGetters from(int row) {
      return data;
    }

    @Override
    int at(int row) {
      return row;
    }

    @Override
    public boolean isNullAt(int row) {
      return values[row] == null;
    }
  }

  /** Values that lie in others' rows and arrays. */
  private abstract static class OfGetters extends Base {
    OfGetters(DataType type) {
      super(type);
    }

    /** What holds a row's value. */
    abstract SpecializedGetters from(int row);

    /** Where in that it is. */
    abstract int at(int row);

    @Override
    public boolean hasNull() {
      return true;
    }

    /** Not known without a look at all; Spark asks for it nowhere but in its own vectors. */
    @Override
    public int numNulls() {
      return 1;
    }

    @Override
    public boolean isNullAt(int row) {
      return from(row).isNullAt(at(row));
    }

    @Override
    public boolean getBoolean(int row) {
      return from(row).getBoolean(at(row));
    }

    @Override
    public byte getByte(int row) {
      return from(row).getByte(at(row));
    }

    @Override
    public short getShort(int row) {
      return from(row).getShort(at(row));
    }

    @Override
    public int getInt(int row) {
      return from(row).getInt(at(row));
    }

    @Override
    public long getLong(int row) {
      return from(row).getLong(at(row));
    }

    @Override
    public float getFloat(int row) {
      return from(row).getFloat(at(row));
    }

    @Override
    public double getDouble(int row) {
      return from(row).getDouble(at(row));
    }

    @Override
    public Decimal getDecimal(int row, int precision, int scale) {
      return isNullAt(row) ? null : from(row).getDecimal(at(row), precision, scale);
    }

    @Override
    public UTF8String getUTF8String(int row) {
      return isNullAt(row) ? null : from(row).getUTF8String(at(row));
    }

    @Override
    public byte[] getBinary(int row) {
      return isNullAt(row) ? null : from(row).getBinary(at(row));
    }

    @Override
    public ColumnarArray getArray(int row) {
      if (isNullAt(row)) {
        return null;
      }
      ArrayData array = from(row).getArray(at(row));
      var elements = new OfArray(((ArrayType) dataType()).elementType(), array);
      return new ColumnarArray(elements, 0, array.numElements());
    }

    @Override
    public ColumnarMap getMap(int row) {
      if (isNullAt(row)) {
        return null;
      }
      var map = from(row).getMap(at(row));
      var type = (MapType) dataType();
      return new ColumnarMap(
          new OfArray(type.keyType(), map.keyArray()),
          new OfArray(type.valueType(), map.valueArray()),
          0,
          map.numElements());
    }

    @Override
    public ColumnVector getChild(int ordinal) {
      return new OfField(this, (StructType) dataType(), ordinal);
    }
  }

  /** The elements of an array. */
  private static final class OfArray extends OfGetters {
    private final ArrayData data;

    OfArray(DataType type, ArrayData data) {
      super(type);
      this.data = data;
    }

    @Override
    SpecializedGetters from(int row) {
      return data;
    }

    @Override
    int at(int row) {
      return row;
    }
  }

  /** A field of structs. */
  private static final class OfField extends OfGetters {
    private final OfGetters structs;
    private final int fields;
    private final int ordinal;

    OfField(OfGetters structs, StructType type, int ordinal) {
      super(type.fields()[ordinal].dataType());
      this.structs = structs;
      this.ordinal = ordinal;
      fields = type.length();
    }

    @Override
    SpecializedGetters from(int row) {
      return structs.from(row).getStruct(structs.at(row), fields);
    }

    @Override
    int at(int row) {
      return ordinal;
    }

    @Override
    public boolean isNullAt(int row) {
      return structs.isNullAt(row) || super.isNullAt(row);
    }
  }
}
