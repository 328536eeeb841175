package io.javatorch.distributor.collective;

/** What the bytes of a buffer given to {@link ProcessGroup} stand for, in native byte order. */
public enum ElementType {
  /** IEEE 754 single precision. */
  FLOAT32(1, 4, true),
  /** IEEE 754 double precision. */
  FLOAT64(2, 8, true),
  /** 32-bit two's complement. */
  INT32(3, 4, false),
  /** 64-bit two's complement. */
  INT64(4, 8, false),
  /** IEEE 754 half precision; sums are kept in single precision within a step of the algorithm. */
  FLOAT16(5, 2, true),
  /** The upper half of a single-precision number; computed as {@link #FLOAT16} is. */
  BFLOAT16(6, 2, true);

  /** On the wire. */
  final byte code;

  private final int bytes;
  private final boolean floating;

  ElementType(int code, int bytes, boolean floating) {
    this.code = (byte) code;
    this.bytes = bytes;
    this.floating = floating;
  }

  /** Size of one element in bytes. */
  public int bytes() {
    return bytes;
  }

  /** Whether values have a fraction, so that {@link ReduceOp#MEAN} is defined. */
  public boolean isFloating() {
    return floating;
  }
}
