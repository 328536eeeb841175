package io.javatorch.streaming.order;

/** How the sample space is divided over nodes, ranks and workers. */
public enum PartitionAlgorithm {
  /** Canonical nodes and nodes must divide one another, always. */
  ORIG("orig"),
  /**
   * As {@link #ORIG}, except when resuming on a number of nodes that does not divide: then the
   * division for the initial nodes is dealt out anew, which needs an unchanged global batch size.
   */
  RELAXED("relaxed");

  private final String pythonName;

  PartitionAlgorithm(String pythonName) {
    this.pythonName = pythonName;
  }

  /** The name that the Python library knows it by. */
  public String pythonName() {
    return pythonName;
  }

  /**
   * The algorithm of a Python name.
   *
   * @throws IllegalArgumentException if there is none, listing the names
   */
  public static PartitionAlgorithm ofPythonName(String name) {
    return PythonNames.find("partition algorithm", values(), PartitionAlgorithm::pythonName, name);
  }
}
