package io.javatorch.distributor.collective;

import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.util.Objects;

/** Checks shared by all process groups, made before anything is sent. */
final class Arguments {
  private Arguments() {}

  static void checkReduction(ByteBuffer data, ElementType type, ReduceOp op) {
    checkReduction((Buffer) data, type, op);
    if (data.remaining() % type.bytes() != 0) {
      throw new IllegalArgumentException(
          data.remaining() + " bytes are no whole number of " + type + " elements");
    }
  }

  static void checkReduction(Buffer data, ElementType type, ReduceOp op) {
    checkWritable(data);
    Objects.requireNonNull(op, "op");
    if (op == ReduceOp.MEAN && !type.isFloating()) {
      throw new IllegalArgumentException(
          "MEAN of " + type + " is not defined: reduce with SUM and divide as you see fit");
    }
  }

  static void checkBroadcast(ByteBuffer data, int root, int rank, int worldSize) {
    checkRoot(root, worldSize);
    if (rank != root) {
      checkWritable(data);
    }
  }

  static void checkRoot(int root, int worldSize) {
    if (root < 0 || root >= worldSize) {
      throw new IllegalArgumentException("root " + root + " is no rank of a world of " + worldSize);
    }
  }

  private static void checkWritable(Buffer data) {
    if (data.isReadOnly()) {
      throw new IllegalArgumentException("the buffer is read-only, the result has nowhere to go");
    }
  }
}
