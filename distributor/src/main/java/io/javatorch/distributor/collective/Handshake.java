package io.javatorch.distributor.collective;

import java.io.EOFException;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * The opening of a connection. Each side says hello (magic, byte order, rank, world size, 32 fresh
 * random bytes), then proves that it knows the job's secret with an HMAC-SHA-256 over both hellos
 * and its own role, the accepting side first. The accepting side closes the exchange with one byte.
 *
 * <pre>
 * dialer   -> hello
 * acceptor -> hello, mac("acceptor", both hellos)
 * dialer   -> mac("dialer", both hellos)
 * acceptor -> 1
 * </pre>
 */
final class Handshake {
  private static final byte[] MAGIC = "JTPEER1\n".getBytes(StandardCharsets.US_ASCII);
  private static final int NONCE_BYTES = 32;
  private static final int HELLO_BYTES = MAGIC.length + 1 + 4 + 4 + NONCE_BYTES;
  private static final int MAC_BYTES = 32;
  private static final byte WELCOME = 1;

  private final byte[] secret;
  private final int rank;
  private final int worldSize;
  private final SecureRandom random = new SecureRandom();

  Handshake(byte[] secret, int rank, int worldSize) {
    this.secret = secret.clone();
    this.rank = rank;
    this.worldSize = worldSize;
  }

  /** The other side proved the secret but describes another job than this rank's. */
  static final class DisagreementException extends IOException {
    private static final long serialVersionUID = 1L;

    DisagreementException(String message) {
      super(message);
    }
  }

  /** The dialer's side. Returns when the peer has accepted this rank. */
  void dial(Socket socket, int expectedRank, long deadlineNanos) throws IOException {
    byte[] mine = hello();
    socket.getOutputStream().write(mine);
    byte[] theirs = read(socket, HELLO_BYTES, deadlineNanos);
    byte[] proof = read(socket, MAC_BYTES, deadlineNanos);
    verify(proof, "acceptor", mine, theirs);
    int peer = checkHello(theirs);
    if (peer != expectedRank) {
      throw new DisagreementException(
          "the address given for rank " + expectedRank + " is that of rank " + peer);
    }
    socket.getOutputStream().write(mac("dialer", mine, theirs));
    if (read(socket, 1, deadlineNanos)[0] != WELCOME) {
      throw new IOException("not welcome");
    }
  }

  /** The acceptor's side, up to the dialer's proof. Returns the dialer's rank. */
  int accept(Socket socket, long deadlineNanos) throws IOException {
    byte[] theirs = read(socket, HELLO_BYTES, deadlineNanos);
    if (!Arrays.equals(theirs, 0, MAGIC.length, MAGIC, 0, MAGIC.length)) {
      throw new IOException("not a peer");
    }
    byte[] mine = hello();
    byte[] answer = Arrays.copyOf(mine, HELLO_BYTES + MAC_BYTES);
    System.arraycopy(mac("acceptor", theirs, mine), 0, answer, HELLO_BYTES, MAC_BYTES);
    socket.getOutputStream().write(answer);
    byte[] proof = read(socket, MAC_BYTES, deadlineNanos);
    verify(proof, "dialer", theirs, mine);
    return checkHello(theirs);
  }

  void welcome(Socket socket) throws IOException {
    socket.getOutputStream().write(WELCOME);
  }

  private byte[] hello() {
    byte[] nonce = new byte[NONCE_BYTES];
    random.nextBytes(nonce);
    return ByteBuffer.allocate(HELLO_BYTES)
        .put(MAGIC)
        .put(nativeOrder())
        .putInt(rank)
        .putInt(worldSize)
        .put(nonce)
        .array();
  }

  /** Called after the proof only, so that a stranger cannot make a rank give up. */
  private int checkHello(byte[] hello) throws IOException {
    ByteBuffer in = ByteBuffer.wrap(hello, MAGIC.length, HELLO_BYTES - MAGIC.length);
    byte order = in.get();
    int peer = in.getInt();
    int world = in.getInt();
    if (world != worldSize) {
      throw new DisagreementException(
          "rank " + peer + " counts " + world + " ranks, this rank " + worldSize);
    }
    if (peer < 0 || peer >= worldSize || peer == rank) {
      throw new DisagreementException(
          "a peer of rank " + rank + " in a world of " + worldSize + " says it is rank " + peer);
    }
    if (order != nativeOrder()) {
      throw new DisagreementException("rank " + peer + " runs on a machine of another byte order");
    }
    return peer;
  }

  private static byte nativeOrder() {
    return (byte) (ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN ? 1 : 2);
  }

  private void verify(byte[] proof, String role, byte[] dialer, byte[] acceptor)
      throws IOException {
    if (!MessageDigest.isEqual(proof, mac(role, dialer, acceptor))) {
      throw new IOException("the other side does not know this job's secret");
    }
  }

  private byte[] mac(String role, byte[] dialer, byte[] acceptor) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(secret, "HmacSHA256"));
      mac.update(role.getBytes(StandardCharsets.US_ASCII));
      mac.update(dialer);
      mac.update(acceptor);
      return mac.doFinal();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has HmacSHA256", e);
    }
  }

  private static byte[] read(Socket socket, int length, long deadlineNanos) throws IOException {
    byte[] bytes = new byte[length];
    for (int have = 0; have < length; ) {
      long left = TimeUnit.NANOSECONDS.toMillis(deadlineNanos - System.nanoTime());
      if (left <= 0) {
        throw new SocketTimeoutException("the other side did not answer in time");
      }
      socket.setSoTimeout((int) Math.min(left, Integer.MAX_VALUE));
      int n = socket.getInputStream().read(bytes, have, length - have);
      if (n < 0) {
        throw new EOFException("the other side hung up");
      }
      have += n;
    }
    return bytes;
  }
}
