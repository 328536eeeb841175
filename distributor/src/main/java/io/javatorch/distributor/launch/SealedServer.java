package io.javatorch.distributor.launch;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Accepts {@link SealedChannel}s on a port of the system's choice and gives each a thread of its
 * own. Whoever does not know the secret is dropped within the handshake's timeout and disturbs
 * nobody. Closing it closes every channel that is still open.
 */
final class SealedServer implements Closeable {
  private static final Logger LOG = LoggerFactory.getLogger(SealedServer.class);
  private static final Duration HANDSHAKE_TIMEOUT = Duration.ofSeconds(10);
  private static final int BACKLOG = 1024;

  /** What is done with a channel; the channel is closed when it returns or throws. */
  @FunctionalInterface
  interface Handler {
    void handle(SealedChannel channel) throws IOException;
  }

  private final String name;
  private final ServerSocket listener;
  private final JobSecret secret;
  private final Handler handler;
  private final Set<Closeable> open = ConcurrentHashMap.newKeySet();

  private SealedServer(String name, ServerSocket listener, JobSecret secret, Handler handler) {
    this.name = name;
    this.listener = listener;
    this.secret = secret;
    this.handler = handler;
  }

  static SealedServer start(String name, InetAddress address, JobSecret secret, Handler handler)
      throws IOException {
    var listener = new ServerSocket();
    try {
      listener.bind(new InetSocketAddress(address, 0), BACKLOG);
    } catch (IOException e) {
      listener.close();
      throw new IOException("Cannot listen on " + address + " for " + name, e);
    }
    var server = new SealedServer(name, listener, secret, handler);
    startDaemon(name + " accept", server::acceptLoop);
    return server;
  }

  int port() {
    return listener.getLocalPort();
  }

  private void acceptLoop() {
    while (!listener.isClosed()) {
      try {
        var socket = listener.accept();
        open.add(socket);
        startDaemon(name + " " + socket.getRemoteSocketAddress(), () -> serve(socket));
      } catch (IOException e) {
        if (!listener.isClosed()) {
          LOG.warn("{} could not accept a connection", name, e);
          pauseAfterFailure();
        }
      }
    }
  }

  /** What made accept fail, no file descriptor left say, will still be so in a microsecond. */
  private static void pauseAfterFailure() {
    try {
      Thread.sleep(100);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void serve(Socket socket) {
    try (socket;
        var channel = SealedChannel.accept(socket, secret, HANDSHAKE_TIMEOUT)) {
      handler.handle(channel);
    } catch (IOException e) {
      if (!listener.isClosed()) {
        LOG.warn(
            "{} ended the connection from {}: {}",
            name,
            socket.getRemoteSocketAddress(),
            e.getMessage());
      }
    } catch (RuntimeException e) {
      // Not to the thread's handler: Spark's ends the whole executor.
      LOG.warn("{} failed on the connection from {}", name, socket.getRemoteSocketAddress(), e);
    } finally {
      open.remove(socket);
    }
  }

  private static void startDaemon(String name, Runnable body) {
    var thread = new Thread(body, name);
    thread.setDaemon(true);
    thread.start();
  }

  @Override
  public void close() {
    try {
      listener.close();
    } catch (IOException e) {
      LOG.debug("{} did not close cleanly", name, e);
    }
    for (var socket : open) {
      try {
        socket.close();
      } catch (IOException e) {
        LOG.debug("{} did not close a connection cleanly", name, e);
      }
    }
  }
}
