package io.javatorch.streaming.order;

/** How samples of different streams are put together in batches. */
public enum BatchingMethod {
  /** Batches hold samples of any stream, as the shuffle brings them. */
  RANDOM("random"),
  /** Each batch of all ranks together holds every stream in its proportion. */
  STRATIFIED("stratified"),
  /** Each batch of all ranks together holds samples of one stream. */
  PER_STREAM("per_stream"),
  /** Each batch of a rank holds samples of one stream. */
  DEVICE_PER_STREAM("device_per_stream");

  private final String pythonName;

  BatchingMethod(String pythonName) {
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
  public static BatchingMethod ofPythonName(String name) {
    return PythonNames.find("batching method", values(), BatchingMethod::pythonName, name);
  }
}
