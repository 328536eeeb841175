package io.javatorch.distributor.collective;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Builds the mesh: each rank dials every lower rank and accepts every higher one. Handshakes run in
 * their own threads, so that somebody who connects and says nothing holds up nobody.
 */
final class Rendezvous {
  private static final Logger LOG = LoggerFactory.getLogger(Rendezvous.class);
  private static final long HANDSHAKE_NANOS = TimeUnit.SECONDS.toNanos(10);
  private static final int STRANGERS_AT_ONCE = 64;

  private final ServerSocketChannel listener;
  private final int rank;
  private final List<InetSocketAddress> peers;
  private final Handshake handshake;
  private final long deadlineNanos;
  private final Semaphore handshakes;

  // Guarded by this.
  private final SocketChannel[] connected;
  private final String[] lastProblem;
  private CollectiveException fatal;
  private boolean over;

  Rendezvous(
      ServerSocketChannel listener,
      int rank,
      List<InetSocketAddress> peers,
      byte[] secret,
      Duration timeout) {
    this.listener = listener;
    this.rank = rank;
    this.peers = peers;
    this.handshake = new Handshake(secret, rank, peers.size());
    this.deadlineNanos = System.nanoTime() + timeout.toNanos();
    this.handshakes = new Semaphore(STRANGERS_AT_ONCE + peers.size());
    this.connected = new SocketChannel[peers.size()];
    this.lastProblem = new String[peers.size()];
  }

  /** Connections by rank, in non-blocking mode; null at this rank's own place. */
  SocketChannel[] meet(Duration timeout) throws InterruptedException, IOException {
    ExecutorService threads =
        Executors.newCachedThreadPool(
            task -> {
              var thread = new Thread(task, "collective-connect-" + rank);
              thread.setDaemon(true);
              return thread;
            });
    try {
      threads.execute(() -> acceptAll(threads));
      for (int peer = 0; peer < rank; peer++) {
        int target = peer;
        threads.execute(() -> dial(target));
      }
      await(timeout);
      for (SocketChannel channel : connected) {
        if (channel != null) {
          channel.socket().setSoTimeout(0);
          channel.configureBlocking(false);
        }
      }
      return connected;
    } catch (InterruptedException | IOException | RuntimeException e) {
      closeAll();
      throw e;
    } finally {
      listener.close();
      threads.shutdownNow();
    }
  }

  private synchronized void await(Duration timeout) throws InterruptedException {
    while (fatal == null && !missing().isEmpty()) {
      long left = deadlineNanos - System.nanoTime();
      if (left <= 0) {
        break;
      }
      TimeUnit.NANOSECONDS.timedWait(this, left);
    }
    over = true;
    if (fatal != null) {
      throw fatal;
    }
    List<Integer> missing = missing();
    if (!missing.isEmpty()) {
      var message = new StringBuilder("rank " + rank + " waited " + timeout + " in vain for ");
      for (int i = 0; i < missing.size(); i++) {
        int peer = missing.get(i);
        message.append(i == 0 ? "" : ", ").append("rank ").append(peer);
        message.append(" at ").append(peers.get(peer));
        if (lastProblem[peer] != null) {
          message.append(" (").append(lastProblem[peer]).append(')');
        }
      }
      throw new RankLostException(missing, message.toString(), null);
    }
  }

  private List<Integer> missing() {
    List<Integer> missing = new ArrayList<>();
    for (int peer = 0; peer < connected.length; peer++) {
      if (peer != rank && connected[peer] == null) {
        missing.add(peer);
      }
    }
    return missing;
  }

  private synchronized void closeAll() {
    over = true;
    for (SocketChannel channel : connected) {
      close(channel);
    }
  }

  private void acceptAll(ExecutorService threads) {
    while (true) {
      SocketChannel channel;
      try {
        channel = listener.accept();
      } catch (IOException e) {
        // Closed: the meeting is over.
        return;
      }
      if (!handshakes.tryAcquire()) {
        // Too many strangers at once. A true peer that is turned away dials again.
        close(channel);
        continue;
      }
      try {
        threads.execute(
            () -> {
              try {
                accept(channel);
              } finally {
                handshakes.release();
              }
            });
      } catch (RuntimeException e) {
        close(channel);
        return;
      }
    }
  }

  private void accept(SocketChannel channel) {
    boolean kept = false;
    try {
      channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
      int peer = handshake.accept(channel.socket(), handshakeDeadline());
      if (peer < rank) {
        throw new Handshake.DisagreementException(
            "rank " + peer + " dialed rank " + rank + ", which dials itself");
      }
      // Before it is registered: from then on another thread may make the channel non-blocking.
      handshake.welcome(channel.socket());
      kept = register(peer, channel);
    } catch (Handshake.DisagreementException e) {
      fail(e);
    } catch (IOException e) {
      LOG.debug("Dropped a connection during the handshake: {}", e.getMessage());
    } finally {
      if (!kept) {
        close(channel);
      }
    }
  }

  private void dial(int peer) {
    long pauseMillis = 20;
    while (System.nanoTime() < deadlineNanos) {
      SocketChannel channel = null;
      try {
        channel = SocketChannel.open();
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        long deadline = handshakeDeadline();
        long millis = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
        channel.socket().connect(peers.get(peer), (int) Math.max(1, millis));
        handshake.dial(channel.socket(), peer, deadline);
        if (!register(peer, channel)) {
          close(channel);
        }
        return;
      } catch (Handshake.DisagreementException e) {
        close(channel);
        fail(e);
        return;
      } catch (IOException | RuntimeException e) {
        close(channel);
        if (!note(peer, e)) {
          return;
        }
      }
      try {
        Thread.sleep(pauseMillis);
      } catch (InterruptedException e) {
        return;
      }
      pauseMillis = Math.min(pauseMillis * 2, 1000);
    }
  }

  private long handshakeDeadline() {
    long soon = System.nanoTime() + HANDSHAKE_NANOS;
    return soon - deadlineNanos < 0 ? soon : deadlineNanos;
  }

  private synchronized boolean register(int peer, SocketChannel channel) {
    if (over) {
      return false;
    }
    // A peer that dials again has given up on its earlier connection.
    close(connected[peer]);
    connected[peer] = channel;
    notifyAll();
    return true;
  }

  /** Keeps the reason for the error message; false when the meeting is over. */
  private synchronized boolean note(int peer, Exception problem) {
    lastProblem[peer] =
        problem.getMessage() == null ? problem.getClass().getSimpleName() : problem.getMessage();
    return !over;
  }

  private synchronized void fail(IOException disagreement) {
    if (fatal == null) {
      fatal = new CollectiveException(disagreement.getMessage(), disagreement);
    }
    notifyAll();
  }

  private static void close(SocketChannel channel) {
    if (channel != null) {
      try {
        channel.close();
      } catch (IOException e) {
        LOG.debug("Closing a connection failed", e);
      }
    }
  }
}
