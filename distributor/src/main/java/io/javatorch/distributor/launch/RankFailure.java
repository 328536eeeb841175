package io.javatorch.distributor.launch;

import java.io.Serializable;
import java.util.Optional;

/**
 * How a rank failed.
 *
 * @param how a phrase to follow "rank 3 on host a", such as "was killed by signal 9 (SIGKILL)"
 * @param error its exception; null where its process ended without one
 */
record RankFailure(int rank, String host, String how, ErrorReport error) implements Serializable {
  /** What {@code -XX:+ExitOnOutOfMemoryError} ends a JVM with. */
  private static final int EXIT_OUT_OF_MEMORY = 3;

  static RankFailure threw(int rank, String host, ErrorReport error) {
    var first = error.chain().get(0);
    var text =
        first.message() == null ? first.className() : first.className() + ": " + first.message();
    return new RankFailure(rank, host, "failed with " + text, error);
  }

  static RankFailure exited(int rank, String host, int exitCode) {
    return new RankFailure(rank, host, describeExit(exitCode), null);
  }

  /** Whether this only tells of another rank's failure. */
  boolean isConsequence() {
    return error != null && error.consequence();
  }

  Optional<ErrorReport> reportedError() {
    return Optional.ofNullable(error);
  }

  String describe() {
    return "rank " + rank + " on " + host + " " + how;
  }

  /** Java reports the death of a child by signal N as exit code 128 + N. */
  private static String describeExit(int exitCode) {
    if (exitCode == EXIT_OUT_OF_MEMORY) {
      return "exited with code 3: its JVM was out of memory; raise workerHeap";
    }
    var signal =
        switch (exitCode) {
          case 128 + 4 -> "SIGILL, an illegal instruction in native code";
          case 128 + 6 -> "SIGABRT, native code gave up";
          case 128 + 7 -> "SIGBUS, often a full /dev/shm";
          case 128 + 9 -> "SIGKILL, often the kernel when the host is out of memory";
          case 128 + 11 -> "SIGSEGV, a crash in native code";
          case 128 + 15 -> "SIGTERM, somebody ended it";
          default -> null;
        };
    return signal != null
        ? "was killed by signal " + (exitCode - 128) + " (" + signal + ")"
        : "exited with code " + exitCode + " before the training function returned";
  }
}
