package io.javatorch.distributor.collective;

/** How {@link ProcessGroup#allReduce} combines the ranks' values of one element. */
public enum ReduceOp {
  /** The sum; integers wrap around. */
  SUM,
  /** The sum divided by the world size; floating point only. */
  MEAN,
  /** The least value; NaN if any value is NaN. */
  MIN,
  /** The greatest value; NaN if any value is NaN. */
  MAX,
  /** The product; integers wrap around. */
  PRODUCT
}
