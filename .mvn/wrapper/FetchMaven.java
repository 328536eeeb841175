import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLConnection;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.zip.ZipInputStream;

/**
 * Fetches, checks and unpacks Maven for {@code mvnw}; run as a source file, so that a JDK is all it
 * takes. Arguments: the zip's address, its SHA-512, the directory that is to hold what the zip's
 * one top directory holds. The directory appears only when it is whole.
 */
public final class FetchMaven {
  private static final int TIMEOUT_MILLIS = 30_000;

  private FetchMaven() {}

  public static void main(String[] arguments) throws Exception {
    try {
      fetch(arguments);
    } catch (IOException | IllegalStateException e) {
      System.err.println("mvnw: " + e);
      System.exit(1);
    }
  }

  private static void fetch(String[] arguments) throws Exception {
    var address = arguments[0];
    var expectedSha512 = arguments[1];
    var target = Path.of(arguments[2]).toAbsolutePath();
    Files.createDirectories(target.getParent());
    var work = Files.createTempDirectory(target.getParent(), "fetching-");
    try {
      System.err.println("mvnw: fetching " + address);
      var zip = work.resolve("maven.zip");
      var sha512 = download(address, zip);
      if (!sha512.equals(expectedSha512)) {
        throw new IllegalStateException(
            address + " has SHA-512 " + sha512 + ", not " + expectedSha512 + ": not used");
      }
      var unpacked = work.resolve("unpacked");
      unpack(zip, unpacked);
      unpacked.resolve("bin/mvn").toFile().setExecutable(true);
      if (!Files.exists(target)) {
        Files.move(unpacked, target, StandardCopyOption.ATOMIC_MOVE);
      }
    } finally {
      try (var left = Files.walk(work)) {
        for (var path : left.sorted(java.util.Comparator.reverseOrder()).toList()) {
          Files.delete(path);
        }
      }
    }
  }

  private static String download(String address, Path zip) throws Exception {
    URLConnection connection = URI.create(address).toURL().openConnection();
    connection.setConnectTimeout(TIMEOUT_MILLIS);
    connection.setReadTimeout(TIMEOUT_MILLIS);
    var digest = MessageDigest.getInstance("SHA-512");
    try (InputStream in = new DigestInputStream(connection.getInputStream(), digest)) {
      Files.copy(in, zip);
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static void unpack(Path zip, Path directory) throws Exception {
    try (var in = new ZipInputStream(Files.newInputStream(zip))) {
      for (var entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
        var name = entry.getName();
        var path = directory.resolve(name.substring(name.indexOf('/') + 1)).normalize();
        if (!path.startsWith(directory)) {
          throw new IllegalStateException("The zip holds a name outside itself: " + name);
        }
        if (entry.isDirectory()) {
          Files.createDirectories(path);
        } else {
          Files.createDirectories(path.getParent());
          Files.copy(in, path);
        }
      }
    }
  }
}
