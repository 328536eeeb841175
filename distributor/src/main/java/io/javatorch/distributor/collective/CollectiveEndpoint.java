package io.javatorch.distributor.collective;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.time.Duration;
import java.util.List;

/**
 * One rank's listening socket, opened before any address is exchanged and kept, so that no port is
 * guessed and none is released and bound again.
 *
 * <pre>{@code
 * try (var endpoint = CollectiveEndpoint.open(InetAddress.getLocalHost())) {
 *   List<InetSocketAddress> peers = exchange(endpoint.address()); // by rank
 *   try (ProcessGroup group = endpoint.connect(rank, peers, secret, Duration.ofMinutes(1))) {
 *     group.barrier();
 *   }
 * }
 * }</pre>
 *
 * <p>If all ranks turn out to be on one host, their data goes through memory that they share: a
 * file in {@code /dev/shm}, or where {@code java.io.tmpdir} says, that loses its name at once and
 * so goes away with the processes.
 *
 * <p>Connections prove the job's secret to each other (HMAC-SHA-256 over fresh nonces, both ways);
 * whoever cannot is dropped. The traffic after that is not encrypted.
 */
public final class CollectiveEndpoint implements AutoCloseable {
  /** How long one collective call may take unless {@link #connect} is told otherwise. */
  public static final Duration DEFAULT_CALL_TIMEOUT = Duration.ofMinutes(10);

  /**
   * System property; {@code false} keeps a rank, and with it its group, from using shared memory.
   */
  public static final String SHARED_MEMORY_PROPERTY = "javatorch.collective.sharedMemory";

  private static final int MIN_SECRET_BYTES = 16;

  private final ServerSocketChannel listener;
  private final InetSocketAddress address;

  private CollectiveEndpoint(ServerSocketChannel listener, InetSocketAddress address) {
    this.listener = listener;
    this.address = address;
  }

  /**
   * Binds a free port of {@code bindAddress} and listens.
   *
   * @throws IOException if the address is not one of this machine's
   */
  public static CollectiveEndpoint open(InetAddress bindAddress) throws IOException {
    var listener = ServerSocketChannel.open();
    try {
      listener.bind(new InetSocketAddress(bindAddress, 0), 1024);
      return new CollectiveEndpoint(listener, (InetSocketAddress) listener.getLocalAddress());
    } catch (IOException | RuntimeException e) {
      listener.close();
      throw e;
    }
  }

  /** Where this endpoint listens. */
  public InetSocketAddress address() {
    return address;
  }

  /** As the five-argument form, with {@link #DEFAULT_CALL_TIMEOUT}. */
  public ProcessGroup connect(
      int rank, List<InetSocketAddress> peersByRank, byte[] jobSecret, Duration connectTimeout)
      throws IOException {
    return connect(rank, peersByRank, jobSecret, connectTimeout, DEFAULT_CALL_TIMEOUT);
  }

  /**
   * Connects to all other ranks and returns once every one is there. The listening socket is closed
   * when this returns.
   *
   * @param rank this process's rank
   * @param peersByRank every rank's {@link #address()}, in rank order, this one's included
   * @param jobSecret at least 16 random bytes that only this job's ranks know; new for each
   *     attempt, so that a rank left over from an earlier one stays out
   * @param connectTimeout how long to wait for all ranks
   * @param callTimeout deadline of every collective call, from its start on this rank
   * @throws RankLostException if ranks are missing when the time is over; it names them
   * @throws CollectiveException if a peer of this job counts another number of ranks, or the
   *     addresses are not in rank order, or this thread is interrupted
   */
  public ProcessGroup connect(
      int rank,
      List<InetSocketAddress> peersByRank,
      byte[] jobSecret,
      Duration connectTimeout,
      Duration callTimeout)
      throws IOException {
    boolean shareMemory = !"false".equalsIgnoreCase(System.getProperty(SHARED_MEMORY_PROPERTY));
    return connect(rank, peersByRank, jobSecret, connectTimeout, callTimeout, shareMemory);
  }

  ProcessGroup connect(
      int rank,
      List<InetSocketAddress> peersByRank,
      byte[] jobSecret,
      Duration connectTimeout,
      Duration callTimeout,
      boolean shareMemory)
      throws IOException {
    int worldSize = peersByRank.size();
    if (rank < 0 || rank >= worldSize) {
      throw new IllegalArgumentException(
          "rank " + rank + " is not in a world of " + worldSize + " addresses");
    }
    if (jobSecret.length < MIN_SECRET_BYTES) {
      throw new IllegalArgumentException(
          "a job secret of " + jobSecret.length + " bytes is too short: " + MIN_SECRET_BYTES);
    }
    if (connectTimeout.isNegative() || callTimeout.isNegative() || callTimeout.isZero()) {
      throw new IllegalArgumentException(
          "timeouts must be positive: connect " + connectTimeout + ", call " + callTimeout);
    }
    if (!listener.isOpen()) {
      throw new IllegalStateException("this endpoint has connected already, or is closed");
    }
    if (worldSize == 1) {
      close();
      return ProcessGroup.single();
    }
    var meeting =
        new Rendezvous(listener, rank, List.copyOf(peersByRank), jobSecret, connectTimeout);
    try {
      var group = SocketProcessGroup.over(rank, meeting.meet(connectTimeout), callTimeout);
      try {
        group.shareMemory(shareMemory);
        return group;
      } catch (RuntimeException e) {
        group.close();
        throw e;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CollectiveException("interrupted while waiting for the other ranks", e);
    }
  }

  /** Stops listening. Groups that were connected live on. */
  @Override
  public void close() throws IOException {
    listener.close();
  }
}
