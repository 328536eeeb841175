package io.javatorch.distributor.launch;

import io.javatorch.distributor.RankError;
import io.javatorch.distributor.collective.RankLostException;
import java.io.Serializable;
import java.util.ArrayDeque;
import java.util.ArrayList;

/**
 * A worker's exception in a form that any JVM can read.
 *
 * @param consequence whether it only tells of another rank's end: the failure to report to the user
 *     is then that other rank's
 * @param chain the exception and its causes, outermost first
 */
record ErrorReport(boolean consequence, ArrayList<Link> chain) implements Serializable {
  /** Causes beyond this depth are left out; the chain may even be a cycle. */
  private static final int MAX_CAUSES = 16;

  /** One exception of the chain. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Link(String className, String message, StackTraceElement[] stackTrace)
      implements Serializable {}

  static ErrorReport of(Throwable error) {
    var chain = new ArrayList<Link>();
    boolean consequence = false;
    for (var e = error; e != null && chain.size() < MAX_CAUSES; e = e.getCause()) {
      chain.add(new Link(e.getClass().getName(), e.getMessage(), e.getStackTrace()));
      consequence |= e instanceof RankLostException || e instanceof RendezvousException;
    }
    return new ErrorReport(consequence, chain);
  }

  RankError toRankError() {
    var links = new ArrayDeque<>(chain);
    RankError cause = null;
    while (!links.isEmpty()) {
      var link = links.removeLast();
      cause = new RankError(link.className(), link.message(), link.stackTrace(), cause);
    }
    return cause;
  }
}
