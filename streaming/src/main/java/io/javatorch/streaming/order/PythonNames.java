package io.javatorch.streaming.order;

import java.util.Arrays;
import java.util.function.Function;
import java.util.stream.Collectors;

final class PythonNames {
  private PythonNames() {}

  static <E> E find(String what, E[] values, Function<E, String> nameOf, String name) {
    for (E value : values) {
      if (nameOf.apply(value).equals(name)) {
        return value;
      }
    }
    throw new IllegalArgumentException(
        "unknown "
            + what
            + " "
            + name
            + "; there are "
            + Arrays.stream(values).map(nameOf).collect(Collectors.joining(", ")));
  }
}
