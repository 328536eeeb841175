package io.javatorch.streaming.order;

/** How an epoch's samples are shuffled; the names are the Python library's. */
public enum ShuffleAlgorithm {
  /** All samples with all samples, across canonical nodes: for small data on one node. */
  NAIVE("naive"),
  /** Shards, then samples within each shard part, once an epoch. */
  PY1S("py1s"),
  /** Shards and their samples once a run, then once an epoch. */
  PY2S("py2s"),
  /**
   * Shards, then samples within blocks of fixed size. The Python library removed it after 0.8; the
   * order is that of 0.8.1.
   */
  PY1B("py1b"),
  /** Shards, then samples within staggered blocks of random size. */
  PY1BR("py1br"),
  /** Shards, then each shard part's samples are spread over a random range around it. */
  PY1E("py1e");

  private final String pythonName;

  ShuffleAlgorithm(String pythonName) {
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
  public static ShuffleAlgorithm ofPythonName(String name) {
    return PythonNames.find("shuffle algorithm", values(), ShuffleAlgorithm::pythonName, name);
  }

  /** Whether the size of its blocks matters. */
  boolean hasBlocks() {
    return this == PY1B || this == PY1BR || this == PY1E;
  }

  /** The library's default for the number of canonical nodes. */
  public int defaultCanonicalNodes(int physicalNodes) {
    return this == PY1S || this == PY2S ? 64 * physicalNodes : physicalNodes;
  }
}
