package io.javatorch.distributor.launch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class SealedChannelTest {
  private static final Duration TIMEOUT = Duration.ofSeconds(20);
  private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();

  private final JobSecret secret = JobSecret.random();
  private final BlockingQueue<byte[]> received = new LinkedBlockingQueue<>();

  private SealedServer echoServer() throws IOException {
    return SealedServer.start(
        "echo",
        LOOPBACK,
        secret,
        channel -> {
          for (var m = channel.receive(); m.isPresent(); m = channel.receive()) {
            received.add(m.get());
            channel.send(m.get());
          }
        });
  }

  private SealedChannel connect(int port, JobSecret secret) throws IOException {
    return SealedChannel.connect(new InetSocketAddress(LOOPBACK, port), secret, TIMEOUT);
  }

  @Test
  void carriesMessagesOfAnySizeBothWaysInOrder() throws IOException {
    try (var server = echoServer();
        var channel = connect(server.port(), secret)) {
      for (int size : new int[] {0, 1, 100, 1 << 16, 5_000_000}) {
        var message = new byte[size];
        Arrays.fill(message, (byte) size);
        channel.send(message);
        assertThat(channel.receive()).hasValue(message);
      }
    }
  }

  @Test
  void aStrangerIsDroppedAndTheNextPeerIsServed() throws IOException {
    try (var server = echoServer()) {
      assertThatThrownBy(() -> connect(server.port(), JobSecret.random()))
          .isInstanceOf(IOException.class);
      try (var mute = new Socket(LOOPBACK, server.port());
          var channel = connect(server.port(), secret)) {
        channel.send(new byte[] {1});
        assertThat(channel.receive()).hasValue(new byte[] {1});
        assertThat(mute.isConnected()).isTrue();
      }
      assertThat(received).hasSize(1);
    }
  }

  @Test
  void nothingReadableIsOnTheWire() throws Exception {
    var marker = "token-on-the-wire".getBytes(StandardCharsets.US_ASCII);
    try (var server = echoServer();
        var tap = new Tap(server.port(), Integer.MAX_VALUE);
        var channel = connect(tap.port(), secret)) {
      channel.send(marker);
      assertThat(channel.receive()).hasValue(marker);
      assertThat(new String(tap.seen(), StandardCharsets.ISO_8859_1))
          .isNotEmpty()
          .doesNotContain("token-on-the-wire");
    }
  }

  @Test
  void aFlippedBitOnTheWireEndsTheChannelInsteadOfChangingAMessage() throws Exception {
    // 32 bytes nonce, then the sealed greeting (4 + 11 + 16): the bit flips inside what follows.
    try (var server = echoServer();
        var tap = new Tap(server.port(), 32 + 31 + 10);
        var channel = connect(tap.port(), secret)) {
      channel.send("a message that somebody changes".getBytes(StandardCharsets.US_ASCII));
      assertThat(channel.receive()).isEmpty();
      assertThat(received).isEmpty();
    }
  }

  @Test
  void theEndOfTheOtherSideIsNoError() throws IOException {
    try (var server = echoServer();
        var channel = connect(server.port(), secret)) {
      channel.send(new byte[] {1});
      assertThat(channel.receive()).isPresent();
      server.close();
      assertThat(channel.receive()).isEmpty();
    }
  }

  @Test
  void anAddressWhereNobodyListensIsNamed() throws IOException {
    int unusedPort;
    try (var socket = new ServerSocket(0, 1, LOOPBACK)) {
      unusedPort = socket.getLocalPort();
    }
    assertThatThrownBy(() -> connect(unusedPort, secret))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(Integer.toString(unusedPort));
  }

  /** A relay that records what the client sends and may flip a bit of one byte. */
  private static final class Tap implements AutoCloseable {
    private final ServerSocket listener = new ServerSocket(0, 1, LOOPBACK);
    private final BlockingQueue<Byte> seen = new LinkedBlockingQueue<>();

    Tap(int serverPort, int flippedByte) throws IOException {
      daemon(
          () -> {
            try (var client = listener.accept();
                var server = new Socket(LOOPBACK, serverPort)) {
              daemon(
                  () -> {
                    server.getInputStream().transferTo(client.getOutputStream());
                    client.shutdownOutput();
                  });
              for (int i = 0, b; (b = client.getInputStream().read()) >= 0; i++) {
                seen.add((byte) b);
                server.getOutputStream().write(i == flippedByte ? b ^ 1 : b);
              }
            }
          });
    }

    int port() {
      return listener.getLocalPort();
    }

    byte[] seen() throws InterruptedException {
      var bytes = new byte[seen.size()];
      for (int i = 0; i < bytes.length; i++) {
        bytes[i] = seen.poll(1, TimeUnit.SECONDS);
      }
      return bytes;
    }

    @Override
    public void close() throws IOException {
      listener.close();
    }

    private interface Body {
      void run() throws IOException;
    }

    private static void daemon(Body body) {
      var thread =
          new Thread(
              () -> {
                try {
                  body.run();
                } catch (IOException e) {
                  // The test closed a socket.
                }
              });
      thread.setDaemon(true);
      thread.start();
    }
  }
}
