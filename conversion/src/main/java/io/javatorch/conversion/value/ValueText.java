package io.javatorch.conversion.value;

import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.Period;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import org.apache.spark.sql.catalyst.expressions.SpecializedGetters;
import org.apache.spark.sql.types.BinaryType;
import org.apache.spark.sql.types.BooleanType;
import org.apache.spark.sql.types.ByteType;
import org.apache.spark.sql.types.CharType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DateType;
import org.apache.spark.sql.types.DayTimeIntervalType;
import org.apache.spark.sql.types.Decimal;
import org.apache.spark.sql.types.DecimalType;
import org.apache.spark.sql.types.DoubleType;
import org.apache.spark.sql.types.FloatType;
import org.apache.spark.sql.types.IntegerType;
import org.apache.spark.sql.types.LongType;
import org.apache.spark.sql.types.ShortType;
import org.apache.spark.sql.types.StringType;
import org.apache.spark.sql.types.TimestampNTZType;
import org.apache.spark.sql.types.TimestampType;
import org.apache.spark.sql.types.VarcharType;
import org.apache.spark.sql.types.YearMonthIntervalType;
import org.apache.spark.unsafe.types.UTF8String;

/**
 * The text of values that have no parts, in {@code str} columns and in JSON: numbers as Java and
 * Python read them, decimals with all digits, dates, times and intervals by ISO 8601 (timestamps
 * with Z, intervals as {@code P1Y2M} and {@code PT26H3.5S}), binary by Base64. What is printed
 * reads back as the same value.
 */
final class ValueText {
  private static final long MICROS_PER_SECOND = 1_000_000;

  private ValueText() {}

  interface Printer {
    String print(SpecializedGetters values, int at);
  }

  /** Returns Spark's own form of a value. */
  interface Parser {
    /**
     * Parses a text.
     *
     * @throws IllegalArgumentException, ArithmeticException or a DateTimeException if it is none
     */
    Object parse(String text);
  }

  static boolean isText(DataType type) {
    return type instanceof StringType || type instanceof CharType || type instanceof VarcharType;
  }

  /**
   * How the values of a type are printed.
   *
   * @throws IllegalArgumentException if they have parts
   */
  static Printer printer(DataType type) {
    if (isText(type)) {
      return (values, at) -> values.getUTF8String(at).toString();
    } else if (type instanceof BooleanType) {
      return (values, at) -> Boolean.toString(values.getBoolean(at));
    } else if (type instanceof ByteType) {
      return (values, at) -> Byte.toString(values.getByte(at));
    } else if (type instanceof ShortType) {
      return (values, at) -> Short.toString(values.getShort(at));
    } else if (type instanceof IntegerType) {
      return (values, at) -> Integer.toString(values.getInt(at));
    } else if (type instanceof LongType) {
      return (values, at) -> Long.toString(values.getLong(at));
    } else if (type instanceof FloatType) {
      return (values, at) -> Float.toString(values.getFloat(at));
    } else if (type instanceof DoubleType) {
      return (values, at) -> Double.toString(values.getDouble(at));
    } else if (type instanceof DecimalType decimal) {
      return (values, at) ->
          values
              .getDecimal(at, decimal.precision(), decimal.scale())
              .toJavaBigDecimal()
              .toPlainString();
    } else if (type instanceof BinaryType) {
      return (values, at) -> Base64.getEncoder().encodeToString(values.getBinary(at));
    } else if (type instanceof DateType) {
      return (values, at) -> LocalDate.ofEpochDay(values.getInt(at)).toString();
    } else if (type instanceof TimestampType) {
      return (values, at) -> instant(values.getLong(at)).toString();
    } else if (type instanceof TimestampNTZType) {
      return (values, at) ->
          DateTimeFormatter.ISO_LOCAL_DATE_TIME.format(
              LocalDateTime.ofInstant(instant(values.getLong(at)), ZoneOffset.UTC));
    } else if (type instanceof YearMonthIntervalType) {
      return (values, at) -> Period.ofMonths(values.getInt(at)).normalized().toString();
    } else if (type instanceof DayTimeIntervalType) {
      return (values, at) -> Duration.of(values.getLong(at), ChronoUnit.MICROS).toString();
    }
    throw new IllegalArgumentException("a " + type.sql() + " is no text");
  }

  /**
   * How the values of a type are read.
   *
   * @throws IllegalArgumentException if they have parts
   */
  static Parser parser(DataType type) {
    if (isText(type)) {
      return UTF8String::fromString;
    } else if (type instanceof BooleanType) {
      return ValueText::parseBoolean;
    } else if (type instanceof ByteType) {
      return Byte::valueOf;
    } else if (type instanceof ShortType) {
      return Short::valueOf;
    } else if (type instanceof IntegerType) {
      return Integer::valueOf;
    } else if (type instanceof LongType) {
      return Long::valueOf;
    } else if (type instanceof FloatType) {
      return Float::valueOf;
    } else if (type instanceof DoubleType) {
      return Double::valueOf;
    } else if (type instanceof DecimalType decimal) {
      return text -> decimal(new BigDecimal(text), decimal);
    } else if (type instanceof BinaryType) {
      return text -> Base64.getDecoder().decode(text);
    } else if (type instanceof DateType) {
      return text -> Math.toIntExact(LocalDate.parse(text).toEpochDay());
    } else if (type instanceof TimestampType) {
      return text -> micros(Instant.parse(text));
    } else if (type instanceof TimestampNTZType) {
      return text -> micros(LocalDateTime.parse(text).toInstant(ZoneOffset.UTC));
    } else if (type instanceof YearMonthIntervalType) {
      return ValueText::parseMonths;
    } else if (type instanceof DayTimeIntervalType) {
      return text -> micros(Instant.EPOCH.plus(Duration.parse(text)));
    }
    throw new IllegalArgumentException("a " + type.sql() + " is no text");
  }

  /** A text for a message. */
  static String shortened(String text) {
    return text.length() <= 100 ? text : text.substring(0, 100) + "…";
  }

  /**
   * Spark's form of a decimal.
   *
   * @throws IllegalArgumentException if it does not fit the type as it is
   */
  static Decimal decimal(BigDecimal value, DecimalType type) {
    // Before setScale, which would make 1E+999999999 so many digits.
    boolean fits =
        value.signum() == 0
            || (value.precision() - (long) value.scale() <= type.precision() - type.scale()
                && value.scale() <= 10_000);
    if (fits) {
      var stripped = value.signum() == 0 ? BigDecimal.ZERO : value.stripTrailingZeros();
      if (stripped.scale() <= type.scale()) {
        return Decimal.apply(stripped.setScale(type.scale()), type.precision(), type.scale());
      }
    }
    throw new IllegalArgumentException(
        (value.precision() > 100 ? "a number of " + value.precision() + " digits" : value)
            + " does not fit "
            + type.sql());
  }

  private static Instant instant(long micros) {
    return Instant.ofEpochSecond(
        Math.floorDiv(micros, MICROS_PER_SECOND), Math.floorMod(micros, MICROS_PER_SECOND) * 1000);
  }

  private static long micros(Instant instant) {
    if (instant.getNano() % 1000 != 0) {
      throw new IllegalArgumentException(instant + " has more digits than microseconds");
    }
    long seconds = instant.getEpochSecond();
    long micros = instant.getNano() / 1000;
    // Before zero the product alone may be out of range where the sum is not.
    return seconds < 0 && micros > 0
        ? Math.addExact(
            Math.multiplyExact(seconds + 1, MICROS_PER_SECOND), micros - MICROS_PER_SECOND)
        : Math.addExact(Math.multiplyExact(seconds, MICROS_PER_SECOND), micros);
  }

  private static Object parseMonths(String text) {
    var period = Period.parse(text);
    int months = Math.toIntExact(period.toTotalMonths());
    if (!Period.ofMonths(months).normalized().equals(period.normalized())) {
      throw new IllegalArgumentException(text + " has days, in an interval of months");
    }
    return months;
  }

  private static Object parseBoolean(String text) {
    return switch (text) {
      case "true" -> true;
      case "false" -> false;
      default -> throw new IllegalArgumentException("'" + text + "' is neither true nor false");
    };
  }
}
