package io.javatorch.streaming.order;

/** Which samples an epoch draws where it does not draw all of a stream. */
public enum SamplingMethod {
  /** New ones each epoch. */
  BALANCED("balanced"),
  /** The same ones each epoch. */
  FIXED("fixed");

  private final String pythonName;

  SamplingMethod(String pythonName) {
    this.pythonName = pythonName;
  }

  /** The name that the Python library knows it by. */
  public String pythonName() {
    return pythonName;
  }

  /**
   * The method of a Python name.
   *
   * @throws IllegalArgumentException if there is none, listing the names
   */
  public static SamplingMethod ofPythonName(String name) {
    return PythonNames.find("sampling method", values(), SamplingMethod::pythonName, name);
  }
}
