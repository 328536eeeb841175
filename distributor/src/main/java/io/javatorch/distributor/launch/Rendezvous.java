package io.javatorch.distributor.launch;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * Where the workers of a job meet: each says where it listens and is answered with the addresses of
 * all, once all are there. It runs in the executor of rank 0, before any worker starts, so that
 * {@code MASTER_ADDR} and {@code MASTER_PORT} can be in every worker's environment.
 */
final class Rendezvous implements Closeable {
  private final int worldSize;
  private final long deadlineNanos;
  private final Map<Integer, HostAndPort> joined = new TreeMap<>();
  private SealedServer server;

  private Rendezvous(int worldSize, Duration timeout) {
    this.worldSize = worldSize;
    this.deadlineNanos = System.nanoTime() + timeout.toNanos();
  }

  /**
   * Opens the meeting point.
   *
   * @param timeout for all ranks to join, from now
   */
  static Rendezvous open(InetAddress address, int worldSize, JobSecret secret, Duration timeout)
      throws IOException {
    var rendezvous = new Rendezvous(worldSize, timeout);
    rendezvous.server =
        SealedServer.start("javatorch-rendezvous", address, secret, rendezvous::serve);
    return rendezvous;
  }

  int port() {
    return server.port();
  }

  private void serve(SealedChannel channel) throws IOException {
    var join = Message.expect(Message.Join.class, channel);
    Message answer;
    try {
      answer = await(join);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while ranks were joining", e);
    }
    answer.sendOver(channel);
  }

  private synchronized Message await(Message.Join join) throws IOException, InterruptedException {
    if (join.rank() < 0 || join.rank() >= worldSize || joined.containsKey(join.rank())) {
      throw new IOException(
          "rank " + join.rank() + " joined twice or is none of " + worldSize + " ranks");
    }
    joined.put(join.rank(), join.address());
    notifyAll();
    while (joined.size() < worldSize) {
      long leftMillis = (deadlineNanos - System.nanoTime()) / 1_000_000;
      if (leftMillis <= 0) {
        return new Message.RanksMissing(
            IntStream.range(0, worldSize).filter(r -> !joined.containsKey(r)).boxed().toList());
      }
      wait(leftMillis);
    }
    return new Message.Peers(List.copyOf(joined.values()));
  }

  /**
   * A worker's side: says where it listens and waits for the others.
   *
   * @return every rank's address, by rank
   * @throws RendezvousException if the rendezvous is gone or ranks are missing, which it then names
   */
  static List<HostAndPort> join(
      HostAndPort rendezvous, JobSecret secret, int rank, HostAndPort self, Duration timeout)
      throws RendezvousException {
    Message answer;
    try (var channel = SealedChannel.connect(rendezvous.unresolved(), secret, timeout)) {
      new Message.Join(rank, self).sendOver(channel);
      // The rendezvous answers at its own deadline; this one is for a rendezvous that is stuck.
      channel.receiveTimeout(timeout.plusSeconds(30));
      answer = Message.expect(Message.class, channel);
    } catch (IOException e) {
      throw new RendezvousException("The rendezvous of the ranks failed: " + e.getMessage(), e);
    }
    if (answer instanceof Message.Peers peers) {
      return peers.addresses();
    }
    if (answer instanceof Message.RanksMissing missing) {
      throw new RendezvousException(
          "ranks "
              + missing.ranks()
              + " did not start within "
              + timeout
              + "; their logs say why, or raise startTimeout");
    }
    throw new RendezvousException("The rendezvous answered with " + answer);
  }

  @Override
  public void close() {
    server.close();
  }
}
