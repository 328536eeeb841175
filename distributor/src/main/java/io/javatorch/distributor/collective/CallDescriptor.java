package io.javatorch.distributor.collective;

import java.nio.ByteBuffer;
import java.util.function.Function;

/**
 * What one collective call is, as every rank tells its peers at the start of the call.
 *
 * @param op null for calls that do not reduce
 * @param type null for calls on bytes
 * @param root -1 for calls without one
 * @param bytes this rank's size of the data
 */
record CallDescriptor(Kind kind, ReduceOp op, ElementType type, int root, long bytes) {
  enum Kind {
    BARRIER(1),
    ALL_REDUCE(2),
    BROADCAST(3),
    ALL_GATHER(4),
    REDUCE_SCATTER(5),
    GATHER(6);

    final byte code;

    Kind(int code) {
      this.code = (byte) code;
    }
  }

  /** Size on the wire: kind, op, type, padding, root, bytes. */
  static final int ENCODED_BYTES = 16;

  private static final byte NONE = 0;

  void encode(ByteBuffer out) {
    out.put(kind.code);
    out.put(op == null ? NONE : op.code);
    out.put(type == null ? NONE : type.code);
    out.put((byte) 0);
    out.putInt(root);
    out.putLong(bytes);
  }

  static CallDescriptor decode(ByteBuffer in) {
    Kind kind = withCode(Kind.values(), value -> value.code, in.get());
    ReduceOp op = withCode(ReduceOp.values(), value -> value.code, in.get());
    ElementType type = withCode(ElementType.values(), value -> value.code, in.get());
    in.get();
    int root = in.getInt();
    long bytes = in.getLong();
    if (kind == null || bytes < 0) {
      throw new CollectiveException("a peer sent a call that this version does not know");
    }
    return new CallDescriptor(kind, op, type, root, bytes);
  }

  private static <T> T withCode(T[] values, Function<T, Byte> codeOf, byte code) {
    for (T value : values) {
      if (codeOf.apply(value) == code) {
        return value;
      }
    }
    return null;
  }

  /** Whether two ranks that make these calls make the same call. */
  boolean matches(CallDescriptor other) {
    return kind == other.kind
        && op == other.op
        && type == other.type
        && root == other.root
        && (bytes == other.bytes || kind == Kind.ALL_GATHER || kind == Kind.GATHER);
  }

  @Override
  public String toString() {
    return switch (kind) {
      case BARRIER -> "barrier()";
      case ALL_REDUCE ->
          "allReduce(" + op + " of " + bytes / type.bytes() + " " + type + " elements)";
      case BROADCAST -> "broadcast(" + bytes + " bytes from rank " + root + ")";
      case REDUCE_SCATTER ->
          "reduceScatter(" + op + " of " + bytes / type.bytes() + " " + type + " elements)";
      case ALL_GATHER -> "allGather()";
      case GATHER -> "gather(to rank " + root + ")";
    };
  }
}
