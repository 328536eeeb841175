package io.javatorch.distributor.launch;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * A message channel between two processes of one job, encrypted and authenticated with AES-256-GCM
 * under keys derived from the job's secret.
 *
 * <p>Each side sends 32 random bytes; the key of each direction is HMAC-SHA-256(secret, direction,
 * both nonces), and the first sealed frame proves to each side that the other knows the secret. A
 * frame is a big-endian u32 length and the ciphertext with its tag; the GCM nonce is the frame's
 * number, so a frame that is replayed, dropped or reordered fails its tag.
 *
 * <p>{@link #send} may be called by any thread; {@link #receive} by one thread at a time.
 */
final class SealedChannel implements Closeable {
  private static final int NONCE_BYTES = 32;
  private static final int TAG_BITS = 128;
  private static final int TAG_BYTES = TAG_BITS / 8;
  private static final int MAX_FRAME_BYTES = 1 << 30;
  private static final byte[] GREETING = "javatorch/1".getBytes(StandardCharsets.US_ASCII);

  private final Socket socket;
  private final DataInputStream in;
  private final DataOutputStream out;
  private final SecretKeySpec sendKey;
  private final SecretKeySpec receiveKey;
  private final ReentrantLock sending = new ReentrantLock();
  private long framesSent;
  private long framesReceived;

  private SealedChannel(Socket socket, JobSecret secret, boolean isClient) throws IOException {
    this.socket = socket;
    socket.setTcpNoDelay(true);
    socket.setKeepAlive(true);
    this.in = new DataInputStream(new BufferedInputStream(socket.getInputStream(), 1 << 16));
    this.out = new DataOutputStream(new BufferedOutputStream(socket.getOutputStream(), 1 << 16));
    var mine = new byte[NONCE_BYTES];
    new SecureRandom().nextBytes(mine);
    out.write(mine);
    out.flush();
    var theirs = in.readNBytes(NONCE_BYTES);
    if (theirs.length < NONCE_BYTES) {
      throw new EOFException("the other side closed the connection before it said who it is");
    }
    var clientNonce = isClient ? mine : theirs;
    var serverNonce = isClient ? theirs : mine;
    var toServer = deriveKey(secret, "client to server", clientNonce, serverNonce);
    var toClient = deriveKey(secret, "server to client", clientNonce, serverNonce);
    this.sendKey = isClient ? toServer : toClient;
    this.receiveKey = isClient ? toClient : toServer;
    send(GREETING);
    receiveFrame(GREETING.length + TAG_BYTES);
  }

  /**
   * Connects and proves the secret.
   *
   * @throws IOException if nobody listens, the other side does not know the secret, or the timeout
   *     passes
   */
  static SealedChannel connect(InetSocketAddress address, JobSecret secret, Duration timeout)
      throws IOException {
    var socket = new Socket();
    try {
      var millis = Math.toIntExact(timeout.toMillis());
      // Resolved here, not by the caller: an address that came by message is a name.
      socket.connect(new InetSocketAddress(address.getHostString(), address.getPort()), millis);
      socket.setSoTimeout(millis);
      var channel = new SealedChannel(socket, secret, true);
      socket.setSoTimeout(0);
      return channel;
    } catch (IOException | RuntimeException e) {
      closeQuietly(socket);
      throw new IOException("Cannot connect to " + address + ": " + e.getMessage(), e);
    }
  }

  /**
   * The accepting side of {@link #connect}. Closes the socket when the other side is a stranger.
   */
  static SealedChannel accept(Socket socket, JobSecret secret, Duration timeout)
      throws IOException {
    try {
      socket.setSoTimeout(Math.toIntExact(timeout.toMillis()));
      var channel = new SealedChannel(socket, secret, false);
      socket.setSoTimeout(0);
      return channel;
    } catch (IOException | RuntimeException e) {
      closeQuietly(socket);
      throw e;
    }
  }

  /** Sends one message; returns once it is with the operating system. */
  void send(byte[] message) throws IOException {
    if (message.length > MAX_FRAME_BYTES - TAG_BYTES) {
      throw new IOException(
          "A message of %,d bytes is over the limit of %,d; store large results in files and return"
                  .formatted(message.length, MAX_FRAME_BYTES - TAG_BYTES)
              + " their paths");
    }
    sending.lock();
    try {
      var sealed = crypt(Cipher.ENCRYPT_MODE, sendKey, framesSent++, message);
      out.writeInt(sealed.length);
      out.write(sealed);
      out.flush();
    } finally {
      sending.unlock();
    }
  }

  /** The next message; empty when the other side has closed the channel or is gone. */
  Optional<byte[]> receive() throws IOException {
    try {
      return Optional.of(receiveFrame(MAX_FRAME_BYTES));
    } catch (EOFException e) {
      return Optional.empty();
    } catch (SocketTimeoutException e) {
      throw e;
    } catch (SocketException e) {
      // A reset by a killed process, or our own close(): the conversation is over either way.
      return Optional.empty();
    }
  }

  private byte[] receiveFrame(int maxBytes) throws IOException {
    var length = in.readInt();
    if (length < TAG_BYTES || length > maxBytes) {
      throw new IOException("not a peer of this job: a frame of " + length + " bytes");
    }
    // Read before it is trusted, so not allocated in one go: a liar has to send what it claims.
    var sealed = in.readNBytes(length);
    if (sealed.length < length) {
      throw new EOFException("the connection broke in the middle of a message");
    }
    return crypt(Cipher.DECRYPT_MODE, receiveKey, framesReceived++, sealed);
  }

  private static byte[] crypt(int mode, SecretKeySpec key, long frame, byte[] data)
      throws IOException {
    try {
      var cipher = Cipher.getInstance("AES/GCM/NoPadding");
      var nonce = ByteBuffer.allocate(12).putInt(0).putLong(frame).array();
      cipher.init(mode, key, new GCMParameterSpec(TAG_BITS, nonce));
      return cipher.doFinal(data);
    } catch (GeneralSecurityException e) {
      throw new IOException("the other side does not know this job's secret", e);
    }
  }

  private static SecretKeySpec deriveKey(
      JobSecret secret, String direction, byte[] clientNonce, byte[] serverNonce)
      throws IOException {
    try {
      var mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(secret.bytes(), "HmacSHA256"));
      mac.update(direction.getBytes(StandardCharsets.US_ASCII));
      mac.update(clientNonce);
      mac.update(serverNonce);
      return new SecretKeySpec(mac.doFinal(), "AES");
    } catch (GeneralSecurityException e) {
      throw new IOException("This JVM lacks HMAC-SHA-256", e);
    }
  }

  /** Limits how long {@link #receive} waits for the next message; zero is for ever. */
  void receiveTimeout(Duration timeout) throws IOException {
    socket.setSoTimeout(Math.toIntExact(timeout.toMillis()));
  }

  @Override
  public void close() {
    closeQuietly(socket);
  }

  private static void closeQuietly(Socket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      // Nothing can be done about it, and nothing depends on it.
    }
  }
}
