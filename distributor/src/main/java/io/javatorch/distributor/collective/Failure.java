package io.javatorch.distributor.collective;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Why a group failed, in a form that travels to the other ranks, so that all of them name the same
 * cause: kind (1 byte), number of ranks (4), the ranks (4 each), the message in UTF-8.
 */
record Failure(Kind kind, List<Integer> ranks, String message) {
  enum Kind {
    LOST(1),
    MISMATCH(2),
    OTHER(3);

    final byte code;

    Kind(int code) {
      this.code = (byte) code;
    }
  }

  private static final int MAX_RANKS = 512;
  private static final int MAX_MESSAGE_BYTES = 4096;

  static Failure of(CollectiveException e) {
    if (e instanceof RankLostException lost) {
      return new Failure(Kind.LOST, lost.ranks(), e.getMessage());
    }
    Kind kind = e instanceof CallMismatchException ? Kind.MISMATCH : Kind.OTHER;
    return new Failure(kind, List.of(), e.getMessage());
  }

  CollectiveException toException(Throwable cause) {
    return switch (kind) {
      case LOST -> new RankLostException(ranks, message, cause);
      case MISMATCH -> new CallMismatchException(message, cause);
      case OTHER -> new CollectiveException(message, cause);
    };
  }

  ByteBuffer encode() {
    int named = Math.min(ranks.size(), MAX_RANKS);
    byte[] text = message.getBytes(StandardCharsets.UTF_8);
    if (text.length > MAX_MESSAGE_BYTES) {
      text = Arrays.copyOf(text, MAX_MESSAGE_BYTES);
    }
    ByteBuffer out = PeerLink.control(PeerLink.ABORT, 1 + 4 + 4 * named + text.length);
    out.put(kind.code).putInt(named);
    ranks.subList(0, named).forEach(out::putInt);
    return out.put(text).flip();
  }

  static Failure decode(ByteBuffer in) {
    byte code = in.get();
    int named = in.getInt();
    if (named < 0 || named > MAX_RANKS || in.remaining() < 4 * named) {
      return new Failure(Kind.OTHER, List.of(), "a peer failed and its reason is unreadable");
    }
    List<Integer> ranks = new ArrayList<>();
    for (int i = 0; i < named; i++) {
      ranks.add(in.getInt());
    }
    Kind kind =
        code == Kind.LOST.code
            ? Kind.LOST
            : code == Kind.MISMATCH.code ? Kind.MISMATCH : Kind.OTHER;
    return new Failure(kind, ranks, StandardCharsets.UTF_8.decode(in).toString());
  }
}
