package io.javatorch.distributor.collective;

import java.io.Serial;
import java.util.Collection;
import java.util.List;

/**
 * One or more ranks are gone, closed their group, or did not come to a call before its deadline.
 */
public final class RankLostException extends CollectiveException {
  @Serial private static final long serialVersionUID = 1L;

  private final List<Integer> ranks;

  /** An exception that blames {@code ranks}. */
  public RankLostException(Collection<Integer> ranks, String message, Throwable cause) {
    super(message, cause);
    this.ranks = List.copyOf(ranks);
  }

  /** The ranks that are gone or late, ascending. */
  public List<Integer> ranks() {
    return ranks;
  }
}
