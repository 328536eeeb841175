package io.javatorch.distributor.collective;

import java.nio.ByteBuffer;

/** One collective call in progress: what it sends, where what it receives goes, when it is over. */
interface Call {
  CallDescriptor descriptor();

  /** Queues the opening frame, and data that is ready from the start. */
  void start(long sequence, PeerLink[] links);

  /** Queues data that has become ready. Returns whether there was any. */
  boolean pump();

  /** The peer has opened the same call. */
  void opened(PeerLink from, CallDescriptor theirs);

  /**
   * The memory for {@code length} bytes that the peer sends next.
   *
   * @throws CollectiveException if the call expects no such data
   */
  ByteBuffer target(PeerLink from, int length);

  /** The last target given for this peer is full. */
  void dataArrived(PeerLink from);

  /** Whether something is still to come from this peer. */
  boolean awaits(PeerLink link);

  /** Whether everything has come, and the result is where the caller wants it. */
  boolean received();

  /** Whether data is left that has not been queued. */
  boolean hasMoreToSend();

  /** A peer worth reading from without being told that there is something to read; may be null. */
  PeerLink streamsFrom();

  /** Whether the call makes progress by {@link #pump} without anything arriving at a socket. */
  default boolean polls() {
    return false;
  }

  /** The call that a peer has come to, as far as can be seen without its saying so. */
  default long arrival(PeerLink link) {
    return link.sequence;
  }
}
