package io.javatorch.distributor.launch;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/** The two ends of a real channel between a rank's side and the driver's. */
record ChannelPair(SealedChannel rank, SealedChannel driver) implements AutoCloseable {
  private static final Duration TIMEOUT = Duration.ofSeconds(20);

  static ChannelPair open() throws IOException {
    var secret = JobSecret.random();
    try (var listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      var rank =
          CompletableFuture.supplyAsync(
              () -> {
                try {
                  return SealedChannel.connect(
                      (InetSocketAddress) listener.getLocalSocketAddress(), secret, TIMEOUT);
                } catch (IOException e) {
                  throw new IllegalStateException(e);
                }
              });
      var driver = SealedChannel.accept(listener.accept(), secret, TIMEOUT);
      return new ChannelPair(rank.join(), driver);
    }
  }

  @Override
  public void close() {
    rank.close();
    driver.close();
  }
}
