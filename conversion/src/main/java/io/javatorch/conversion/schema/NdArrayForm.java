package io.javatorch.conversion.schema;

import io.javatorch.streaming.format.NdArray.DType;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What the name of an ndarray encoding says: {@code ndarray}, {@code ndarray:dtype} or {@code
 * ndarray:dtype:d0,d1}.
 *
 * @param dtype the values' type, if given
 * @param shape the dimensions, if given; empty otherwise
 */
public record NdArrayForm(Optional<DType> dtype, List<Integer> shape) {
  public NdArrayForm {
    shape = List.copyOf(shape);
  }

  /** Whether an encoding's name is that of an ndarray. */
  public static boolean isNdArray(String encoding) {
    return encoding.equals("ndarray") || encoding.startsWith("ndarray:");
  }

  /**
   * Parses the name of an encoding.
   *
   * @throws IllegalArgumentException if it is not that of an ndarray
   */
  public static NdArrayForm parse(String encoding) {
    var parts = encoding.split(":", -1);
    if (!parts[0].equals("ndarray") || parts.length > 3) {
      throw new IllegalArgumentException("'" + encoding + "' is not the name of an ndarray");
    }
    if (parts.length == 1 || (parts.length == 2 && parts[1].isEmpty())) {
      return new NdArrayForm(Optional.empty(), List.of());
    }
    var dtype = Optional.of(DType.of(parts[1]));
    if (parts.length == 2) {
      return new NdArrayForm(dtype, List.of());
    }
    try {
      var shape =
          Arrays.stream(parts[2].split(",", -1)).map(String::strip).map(Integer::valueOf).toList();
      long size = dtype.get().bytes();
      for (int dimension : shape) {
        size = dimension < 1 ? Long.MAX_VALUE : Math.multiplyExact(size, dimension);
      }
      if (size > Integer.MAX_VALUE || shape.size() > 63) {
        throw new IllegalArgumentException(
            "the shape of '" + encoding + "' has a dimension below 1, or is too large");
      }
      return new NdArrayForm(dtype, shape);
    } catch (NumberFormatException | ArithmeticException e) {
      throw new IllegalArgumentException(
          "the shape of '" + encoding + "' is not a list of small numbers with commas", e);
    }
  }

  /** How many values an array of the given shape has; 1 if none is given. */
  public int size() {
    return shape.stream().mapToInt(Integer::intValue).reduce(1, (a, b) -> a * b);
  }

  /** The encoding's name in the form in which it was parsed, but for spaces. */
  @Override
  public String toString() {
    return "ndarray"
        + dtype.map(type -> ":" + type.numpyName()).orElse("")
        + (shape.isEmpty()
            ? ""
            : shape.stream().map(String::valueOf).collect(Collectors.joining(",", ":", "")));
  }
}
