package io.javatorch.streaming.codec;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeSet;

/**
 * A hash algorithm, named as in the Python library ({@code md5}, {@code sha256}, {@code sha3_512},
 * …). Instances are immutable and safe for use by many threads.
 *
 * @param name the name an index records
 */
public record HashAlgorithm(String name) {
  private static final Map<String, String> JDK_NAMES =
      Map.of(
          "md5", "MD5",
          "sha1", "SHA-1",
          "sha224", "SHA-224",
          "sha256", "SHA-256",
          "sha384", "SHA-384",
          "sha512", "SHA-512",
          "sha3_224", "SHA3-224",
          "sha3_256", "SHA3-256",
          "sha3_384", "SHA3-384",
          "sha3_512", "SHA3-512");

  /**
   * Checks the name.
   *
   * @throws IllegalArgumentException if it is unknown
   */
  public HashAlgorithm {
    if (!isKnown(name)) {
      throw new IllegalArgumentException(
          "unknown hash '" + name + "'; known are " + String.join(", ", names()));
    }
  }

  /** Whether there is an algorithm of this name. */
  public static boolean isKnown(String name) {
    return JDK_NAMES.containsKey(name);
  }

  /** All names, sorted. */
  public static Iterable<String> names() {
    return new TreeSet<>(JDK_NAMES.keySet());
  }

  /** Starts a computation. */
  public Hasher start() {
    try {
      return new JdkHasher(MessageDigest.getInstance(JDK_NAMES.get(name)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("this Java runtime lacks the hash " + name, e);
    }
  }

  /** One computation of a hash. Not safe for use by several threads at once. */
  public interface Hasher {
    /** Adds bytes. */
    void update(byte[] bytes, int offset, int length);

    /** Adds the remaining bytes of the buffer, and leaves it empty. */
    void update(ByteBuffer bytes);

    /** Ends the computation and returns the digest in lower-case hexadecimal. */
    String hexDigest();
  }

  private record JdkHasher(MessageDigest digest) implements Hasher {
    @Override
    public void update(byte[] bytes, int offset, int length) {
      digest.update(bytes, offset, length);
    }

    @Override
    public void update(ByteBuffer bytes) {
      digest.update(bytes);
    }

    @Override
    public String hexDigest() {
      return HexFormat.of().formatHex(digest.digest());
    }
  }
}
