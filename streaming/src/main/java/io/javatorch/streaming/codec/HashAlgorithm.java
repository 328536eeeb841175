package io.javatorch.streaming.codec;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Supplier;

/**
 * A hash algorithm, named as in the Python library ({@code md5}, {@code sha3_512}, {@code blake2b},
 * {@code xxh3_64}, …). Instances are immutable and safe for use by many threads.
 *
 * @param name the name an index records
 */
public record HashAlgorithm(String name) {
  private static final Map<String, Supplier<Hasher>> HASHERS =
      Map.ofEntries(
          jdk("md5", "MD5"),
          jdk("sha1", "SHA-1"),
          jdk("sha224", "SHA-224"),
          jdk("sha256", "SHA-256"),
          jdk("sha384", "SHA-384"),
          jdk("sha512", "SHA-512"),
          jdk("sha3_224", "SHA3-224"),
          jdk("sha3_256", "SHA3-256"),
          jdk("sha3_384", "SHA3-384"),
          jdk("sha3_512", "SHA3-512"),
          Map.entry("blake2b", Blake2::b),
          Map.entry("blake2s", Blake2::s),
          Map.entry("xxh32", XxHash32::new),
          Map.entry("xxh64", XxHash64::new),
          Map.entry("xxh3_64", () -> new XxHash3(false)),
          Map.entry("xxh3_128", () -> new XxHash3(true)),
          Map.entry("xxh128", () -> new XxHash3(true)));

  private static Map.Entry<String, Supplier<Hasher>> jdk(String name, String jdkName) {
    return Map.entry(
        name,
        () -> {
          try {
            return new JdkHasher(MessageDigest.getInstance(jdkName));
          } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this Java runtime lacks the hash " + jdkName, e);
          }
        });
  }

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
    return HASHERS.containsKey(name);
  }

  /** All names, sorted. */
  public static Iterable<String> names() {
    return new TreeSet<>(HASHERS.keySet());
  }

  /** Starts a computation. */
  public Hasher start() {
    return HASHERS.get(name).get();
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
