package io.javatorch.distributor.collective;

/** How {@link ProcessGroup#allReduce} combines the ranks' values of one element. */
public enum ReduceOp {
  /** The sum; integers wrap around. */
  SUM(1),
  /** The sum divided by the world size; floating point only. */
  MEAN(2),
  /** The least value; NaN if any value is NaN. */
  MIN(3),
  /** The greatest value; NaN if any value is NaN. */
  MAX(4),
  /** The product; integers wrap around. */
  PRODUCT(5);

  /** On the wire. */
  final byte code;

  ReduceOp(int code) {
    this.code = (byte) code;
  }
}
